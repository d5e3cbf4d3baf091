//! `waymark check`: whether the configuration can be understood, and whether the data are whole.

use super::Place;
use super::output::{self, counted};
use super::status::held_losses;
use crate::config::Config;
use anyhow::{Context, bail};
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use std::collections::BTreeSet;
use waymark_api::size_in_words;
use waymark_event::suggestion;
use waymark_lake::{Layout, Snapshot, Wanted, check_up, fact_table, observed_table, read_rows};
use waymark_reports::wording;

/// At most this many files are named one by one.
const NAMED_MAX: usize = 20;

/// Validates the configuration, and the data where there are any.
pub(crate) async fn run(place: &Place) -> anyhow::Result<()> {
    let config = Config::load(place.config.as_deref(), place.folder(), None)?;
    let from = config.path.as_ref().map_or_else(|| "the defaults (no file)".to_owned(), |path| path.display().to_string());
    let definitions = &config.definitions;
    output::answer(&format!("configuration: {from}"));
    output::answer(&format!("organisation `{}`, zone {}", definitions.organisation, definitions.zone()));
    output::answer(&format!(
        "{}, {}, {}, {}, {}, {}",
        counted(config.operation.connections.len(), "connection"),
        counted(definitions.environments.len(), "environment"),
        counted(definitions.components.len(), "component"),
        counted(definitions.mandates.len(), "mandate"),
        counted(definitions.exemptions.len(), "exemption"),
        counted(definitions.targets.len(), "target")
    ));
    platform(&config);
    if place.is_there() || place.data.join("lake").is_dir() {
        let layout = place.layout().await?;
        data(&layout).await?;
        meaning(&layout, &config).await?;
    } else if place.is_default() {
        output::answer(&format!("data: `{}` is not there yet", place.data.display()));
    } else {
        bail!(
            "`{}` is no data folder: check `--data`, or let `waymark serve` or `waymark ingest` make one",
            place.data.display()
        );
    }
    output::answer("all is well");
    Ok(())
}

/// What describes the platform, and what in it is doubtful.
fn platform(config: &Config) {
    let definitions = &config.definitions;
    output::answer(&format!(
        "platform: {}, {}, {}, {}, {}, {}",
        counted(config.platform.len(), "file"),
        counted(config.rules.rules().len(), "evidence rule"),
        counted(definitions.alternatives.len(), "alternative"),
        counted(definitions.migrations.len(), "migration"),
        counted(definitions.responsibilities.len(), "area"),
        counted(definitions.memberships.len(), "membership")
    ));
    for doubt in &config.doubts {
        output::answer(&doubt.to_string());
    }
}

async fn data(layout: &Layout) -> anyhow::Result<()> {
    let checkup = check_up(layout, &waymark_collect::inbox_stream(layout)?).await?;
    output::answer(&format!(
        "data: {}, {}, {}, {}, {}",
        layout.storage().describe(),
        counted(checkup.tables, "table"),
        counted(checkup.files, "file"),
        wording::counted(i64::try_from(checkup.rows)?, "row"),
        counted(checkup.snapshots, "snapshot")
    ));
    if !checkup.orphans.is_empty() {
        let size_bytes = checkup.orphans.iter().map(|orphan| orphan.size_bytes).sum();
        output::answer(&format!(
            "{} ({}) that nobody reads any more will be removed in time:",
            counted(checkup.orphans.len(), "file"),
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

/// What the data say about the platform: rules that match nothing, and a catalogue that is not believed.
async fn meaning(layout: &Layout, config: &Config) -> anyhow::Result<()> {
    let Some(snapshot) = Snapshot::newest(layout).await? else { return Ok(()) };
    let (looked_for, seen) = evidence(layout, &snapshot).await?;
    for component in config.rules.rules().iter().map(|rule| &rule.component).collect::<BTreeSet<_>>() {
        if looked_for.contains(component) && !seen.contains(component) {
            output::answer(&format!(
                "warning: the rules of `{component}` match nothing: neither it nor an alternative was ever found"
            ));
        }
    }
    let owned = texts(layout, &snapshot, &fact_table("service_owners"), &["service", "owner"]).await?;
    let one = |place: usize| owned.iter().filter_map(move |row| row.get(place)).filter(|text| !text.is_empty()).cloned();
    let (services, owners): (BTreeSet<String>, BTreeSet<String>) = (one(0).collect(), one(1).collect());
    for exemption in config.definitions.exemptions.iter().filter(|one| !services.is_empty() && !services.contains(&one.service))
    {
        let (service, component) = (&exemption.service, &exemption.component);
        let proposal = suggestion(service, services.iter().map(String::as_str));
        output::answer(&format!("warning: exemption from `{component}`: nobody knows a service `{service}`{proposal}"));
    }
    for membership in config.definitions.memberships.iter().filter(|one| !owners.is_empty() && !owners.contains(&one.team)) {
        let team = &membership.team;
        let proposal = suggestion(team, owners.iter().map(String::as_str));
        output::answer(&format!(
            "warning: membership of `{team}`: it owns no service, so what its people write comes from outside everywhere{proposal}"
        ));
    }
    let described: BTreeSet<&String> = config.definitions.memberships.iter().map(|membership| &membership.team).collect();
    for owner in owners.iter().filter(|owner| !described.is_empty() && !described.contains(owner)) {
        output::answer(&format!(
            "warning: nobody is a member of `{owner}`, which owns services: who comes from outside cannot be told there"
        ));
    }
    for loss in held_losses(layout, &snapshot).await? {
        output::answer(&format!("warning: {}", loss.said()));
    }
    Ok(())
}

/// The components that were looked for, and those of which anything was found.
async fn evidence(layout: &Layout, snapshot: &Snapshot) -> anyhow::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut looked_for, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for row in texts(layout, snapshot, &observed_table("evidence"), &["component_id", "finding"]).await? {
        let [component, finding] = row.as_slice() else { continue };
        if matches!(finding.as_str(), "present" | "partial" | "alternative") {
            seen.insert(component.clone());
        }
        looked_for.insert(component.clone());
    }
    Ok((looked_for, seen))
}

/// Some columns of every row of a table as texts, in the order asked for.
async fn texts(layout: &Layout, snapshot: &Snapshot, table: &str, names: &[&str]) -> anyhow::Result<BTreeSet<Vec<String>>> {
    let files = snapshot.tables.get(table).map(|version| version.files.as_slice()).unwrap_or_default();
    let mut rows = BTreeSet::new();
    for batch in read_rows(layout, table, files, Wanted { columns: Some(names), ..Wanted::default() }).await? {
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = batch.column_by_name(name).with_context(|| format!("`{table}` has no column `{name}`"))?;
            columns.push(cast(column, &DataType::Utf8).with_context(|| format!("`{name}` of `{table}` is no text"))?);
        }
        for row in 0..batch.num_rows() {
            rows.insert(columns.iter().map(|column| column.as_string::<i32>().value(row).to_owned()).collect());
        }
    }
    Ok(rows)
}
