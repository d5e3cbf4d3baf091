//! `waymark check`: whether the configuration can be understood, and whether the data are whole.

use super::{Place, output};
use crate::config::Config;
use anyhow::bail;
use waymark_api::size_in_words;
use waymark_lake::{Layout, check_up};

/// At most this many files are named one by one.
const NAMED_MAX: usize = 20;

/// Validates the configuration, and the data where there are any.
pub(crate) async fn run(place: &Place) -> anyhow::Result<()> {
    let config = Config::load(place.config.as_deref(), place.folder())?;
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
    if place.address().is_some() || place.data.is_dir() {
        data(&place.layout().await?).await?;
    } else {
        output::answer(&format!("data: `{}` is not there yet", place.data.display()));
    }
    output::answer("all is well");
    Ok(())
}

async fn data(layout: &Layout) -> anyhow::Result<()> {
    let checkup = check_up(layout, &waymark_collect::inbox_stream(layout)?).await?;
    output::answer(&format!(
        "data: {}, {} tables, {} files, {} rows, {} snapshots",
        layout.storage().describe(),
        checkup.tables,
        checkup.files,
        checkup.rows,
        checkup.snapshots
    ));
    if !checkup.orphans.is_empty() {
        let size_bytes = checkup.orphans.iter().map(|orphan| orphan.size_bytes).sum();
        output::answer(&format!(
            "{} files ({}) that nobody reads any more will be removed in time:",
            checkup.orphans.len(),
            size_in_words(size_bytes)
        ));
        for orphan in checkup.orphans.iter().take(NAMED_MAX) {
            output::answer(&format!("  {}", orphan.path));
        }
    }
    for problem in &checkup.problems {
        output::answer(&format!("wrong: {problem}"));
    }
    match checkup.problems.len() {
        0 => Ok(()),
        1 => bail!("one thing is wrong with the data"),
        count => bail!("{count} things are wrong with the data"),
    }
}
