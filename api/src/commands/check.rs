//! `waymark check`: what the configuration says, or what is wrong with it.

use super::{Place, output};
use crate::config::Config;

/// Validates the configuration.
pub(crate) fn run(place: &Place) -> anyhow::Result<()> {
    let config = Config::load(place.config.as_deref(), &place.data)?;
    let from = config.path.as_ref().map_or_else(|| "the defaults (no file)".to_owned(), |path| path.display().to_string());
    let definitions = &config.definitions;
    output::answer(&format!("configuration: {from}"));
    output::answer(&format!("organisation `{}`, zone {}", definitions.organisation, definitions.zone()));
    output::answer(&format!(
        "{} connections, {} environments, {} components, {} mandates, {} exemptions, {} targets",
        config.operation.connections.len(),
        definitions.environments.len(),
        definitions.components.len(),
        definitions.mandates.len(),
        definitions.exemptions.len(),
        definitions.targets.len()
    ));
    output::answer("all is well");
    Ok(())
}
