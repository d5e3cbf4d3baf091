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
use waymark_analytics::Definitions;
use waymark_api::size_in_words;
use waymark_collect::evidence::EvidenceRule;
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

/// What the data say about the platform: rules that match nothing, names that nobody else has, and a catalogue that is
/// not believed.
async fn meaning(layout: &Layout, config: &Config) -> anyhow::Result<()> {
    let Some(snapshot) = Snapshot::newest(layout).await? else { return Ok(()) };
    let evidence = evidence(layout, &snapshot).await?;
    for doubt in unlike_evidence(config.rules.rules(), &config.definitions, &evidence) {
        output::answer(&format!("warning: {doubt}"));
    }
    let owned = texts(layout, &snapshot, &fact_table("service_owners"), &["service", "owner"]).await?;
    let one = |place: usize| owned.iter().filter_map(move |row| row.get(place)).filter(|text| !text.is_empty()).cloned();
    let (services, owners): (BTreeSet<String>, BTreeSet<String>) = (one(0).collect(), one(1).collect());
    for doubt in unlike_catalogue(&config.definitions, &services, &owners) {
        output::answer(&format!("warning: {doubt}"));
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

/// What evidence names.
#[derive(Default)]
struct Named {
    /// Components that were looked for.
    looked_for: BTreeSet<String>,
    /// Those of which anything was found.
    seen: BTreeSet<String>,
    /// What was found in place of one.
    alternatives: BTreeSet<String>,
}

async fn evidence(layout: &Layout, snapshot: &Snapshot) -> anyhow::Result<Named> {
    let mut named = Named::default();
    for row in texts(layout, snapshot, &observed_table("evidence"), &["component_id", "finding", "alternative"]).await? {
        let [component, finding, alternative] = row.as_slice() else { continue };
        if matches!(finding.as_str(), "present" | "partial" | "alternative") {
            named.seen.insert(component.clone());
        }
        if !alternative.is_empty() {
            named.alternatives.insert(alternative.clone());
        }
        named.looked_for.insert(component.clone());
    }
    Ok(named)
}

/// Rules that match nothing, and names on one side that the other side does not have.
fn unlike_evidence(rules: &[EvidenceRule], definitions: &Definitions, evidence: &Named) -> Vec<String> {
    let mut doubts = Vec::new();
    for component in rules.iter().map(|rule| &rule.component).collect::<BTreeSet<_>>() {
        if evidence.looked_for.contains(component) && !evidence.seen.contains(component) {
            doubts.push(format!("the rules of `{component}` match nothing: neither it nor an alternative was ever found"));
        }
    }
    let described: BTreeSet<&str> = definitions
        .components
        .iter()
        .flat_map(|component| std::iter::once(&component.id).chain(&component.formerly))
        .map(String::as_str)
        .collect();
    for component in evidence.looked_for.iter().filter(|component| !described.contains(component.as_str())) {
        let proposal = suggestion(component, described.iter().copied());
        doubts.push(format!("evidence names a component `{component}` that is not described, and counts nowhere{proposal}"));
    }
    let of_rules = rules.iter().flat_map(|rule| &rule.alternatives).map(|alternative| alternative.name.as_str());
    let given: BTreeSet<&str> = of_rules.chain(evidence.alternatives.iter().map(String::as_str)).collect();
    for alternative in definitions.alternatives.iter().filter(|one| !given.contains(one.name.as_str())) {
        let (name, category) = (&alternative.name, &alternative.category);
        let proposal = suggestion(name, given.iter().copied());
        doubts.push(format!("alternative `{name}` of `{category}`: no rule and no evidence names it{proposal}"));
    }
    doubts
}

/// Services of agreements that the catalogue does not have, and owners that look like a slip of the pen.
fn unlike_catalogue(definitions: &Definitions, services: &BTreeSet<String>, owners: &BTreeSet<String>) -> Vec<String> {
    let exempt = definitions.exemptions.iter().map(|one| (format!("exemption from `{}`", one.component), &one.service));
    let blocked = definitions.migrations.iter().flat_map(|migration| {
        migration.blocked.iter().map(move |blocked| (format!("migration `{}`, blocked", migration.id), &blocked.service))
    });
    let named = exempt.chain(blocked).filter(|(_, service)| !services.is_empty() && !services.contains(*service));
    let mut doubts: Vec<String> = named
        .map(|(place, service)| {
            let proposal = suggestion(service, services.iter().map(String::as_str));
            format!("{place}: nobody knows a service `{service}`{proposal}")
        })
        .collect();
    let exempting = definitions.exemptions.iter().map(|one| (format!("exemption from `{}`", one.component), &one.owner));
    let moving = definitions.migrations.iter().map(|one| (format!("migration `{}`", one.id), &one.owner));
    let areas = definitions.responsibilities.iter();
    let answering = areas.filter_map(|one| Some((format!("area `{}`", one.area), one.owner.as_ref()?)));
    // who decides need own no service, so only what is nearly the name of an owner is doubtful
    let platform = definitions.components.iter().map(|one| &one.owner);
    let teams: BTreeSet<&String> = platform.chain(definitions.memberships.iter().map(|one| &one.team)).chain(owners).collect();
    for (place, owner) in exempting.chain(moving).chain(answering).filter(|(_, owner)| !teams.contains(owner)) {
        let proposal = suggestion(owner, owners.iter().map(String::as_str));
        if proposal.starts_with(": did you mean") {
            doubts.push(format!("{place}: `{owner}` owns nothing{proposal}"));
        }
    }
    doubts
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_in_agreements_that_the_catalogue_does_not_have_are_told_with_what_was_meant() {
        let definitions: Definitions = toml::from_str(
            "[[exemption]]\ncomponent = \"ci\"\nservice = \"ledgr\"\nowner = \"wbe\"\nopened_on = \"2026-09-01\"\n\
             review_by = \"2026-10-01\"\nexpires_on = \"2026-12-01\"\n\
             [[exemption]]\ncomponent = \"ci\"\nservice = \"ledger\"\nowner = \"board\"\nopened_on = \"2026-09-01\"\n\
             review_by = \"2026-10-01\"\nexpires_on = \"2026-12-01\"\n\
             [[migration]]\nid = \"leave\"\ntitle = \"Leave\"\nto_component = \"ci\"\nowner = \"web\"\nstarted_on = \"2026-06-01\"\n\
             [[migration.blocked]]\nservice = \"mailler\"\nreason_code = \"cost\"\nsince = \"2026-06-01\"\n",
        )
        .unwrap();
        let (services, owners) = (names(&["ledger", "mailer"]), names(&["payments", "web"]));
        assert_eq!(
            unlike_catalogue(&definitions, &services, &owners),
            [
                "exemption from `ci`: nobody knows a service `ledgr`: did you mean `ledger`?",
                "migration `leave`, blocked: nobody knows a service `mailler`: did you mean `mailer`?",
                "exemption from `ci`: `wbe` owns nothing: did you mean `web`?",
            ]
        );
    }

    #[test]
    fn names_that_evidence_and_descriptions_do_not_share_are_told() {
        let definitions: Definitions = toml::from_str(
            "[[component]]\nid = \"ci-standard\"\ntitle = \"Build\"\ncategory = \"ci\"\nowner = \"platform\"\nformerly = [\"ci\"]\n\
             [[alternative]]\ncategory = \"ci\"\nname = \"jenkins\"\n[[alternative]]\ncategory = \"ci\"\nname = \"travsi\"\n",
        )
        .unwrap();
        let evidence = Named {
            looked_for: names(&["ci", "ci-standart"]),
            seen: names(&["ci"]),
            alternatives: names(&["jenkins", "travis"]),
        };
        assert_eq!(
            unlike_evidence(&[], &definitions, &evidence),
            [
                "evidence names a component `ci-standart` that is not described, and counts nowhere: did you mean `ci-standard`?",
                "alternative `travsi` of `ci`: no rule and no evidence names it: did you mean `travis`?",
            ]
        );
    }
}
