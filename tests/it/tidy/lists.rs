//! Lists and files agree, both ways: a row without a file and a file without a row are both mistakes.
//!
//! What a member means is tested by the scenario or the golden whose presence is asked for here.

use super::tree::{SourceFile, files_in, root};
use super::words::VENDORS;
use super::{Breach, assert_tidy};
use std::collections::BTreeSet;
use waymark_analytics::{ANSWERS, FACTS, FINDINGS, METRICS, PROFILES, STEPS, VIEWS};
use waymark_collect::SOURCES;
use waymark_event::{Record, Table};
use waymark_reports::{CHARTS, REPORTS};

/// SQL beside the facts that is no fact: what Rust code asks on its way to one.
const ASKED: &[&str] = &["attribution_deployed", "attribution_graph", "newest", "settlement_deployed", "settlement_graph"];

/// A folder with one file per row of a list.
struct Listing<'a> {
    folder: &'a str,
    extension: &'a str,
    /// The file that holds the list, for the message.
    list: &'a str,
    /// What belongs in a missing file.
    content: &'a str,
}

#[test]
fn every_file_is_listed() {
    let of_metrics =
        |folder, extension, content| Listing { folder, extension, list: "METRICS in analytics/src/catalogue.rs", content };
    let of_facts = |folder, extension, content| Listing { folder, extension, list: "FACTS in analytics/src/facts.rs", content };
    let metrics = names(METRICS.iter().map(|metric| metric.id));
    // A metric may show the rows of one above it.
    let is_shown_above = |place: usize| METRICS.iter().take(place).any(|above| above.evidence == METRICS[place].evidence);
    let shown = METRICS.iter().enumerate().filter(|(place, _)| !is_shown_above(*place));
    let shown = names(shown.map(|(_, metric)| metric.id));
    let facts = names(FACTS.iter().map(|fact| fact.name));
    // A fact made in Rust has its tests beside the code that makes it.
    let sql_facts = names(FACTS.iter().filter(|fact| !fact.sql.is_empty()).map(|fact| fact.name));
    let views = names(VIEWS.iter().map(|view| view.name));
    let charts = names(CHARTS.iter().map(|chart| chart.id));
    let reports = names(REPORTS.iter().map(|report| report.id));

    let definitions = of_metrics("analytics/metrics", "sql", "its definition");
    let evidence = of_metrics("analytics/evidence", "sql", "the rows behind its number");
    let metric_scenarios = of_metrics("tests/metrics", "slt", "a handful of facts and the value you worked out by hand");
    let rows = of_facts("analytics/facts", "sql", "its rows, with the grain in line one");
    let on_the_way = Listing {
        folder: "analytics/facts/steps",
        extension: "sql",
        list: "STEPS in analytics/src/facts/steps.rs",
        content: "a table on the way to a fact",
    };
    let steps = names(STEPS.iter().map(|step| step.name));
    let fact_scenarios =
        of_facts("tests/facts", "slt", "observations that are ordinary, late, duplicate or missing, and the rows they become");
    let shared = Listing {
        folder: "analytics/views",
        extension: "sql",
        list: "VIEWS in analytics/src/views.rs",
        content: "what several metrics share",
    };
    let of_reports = |folder, list, content| Listing { folder, extension: "rs", list, content };
    let drawings = of_reports("reports/src/charts", "CHARTS in reports/src/charts.rs", "its drawing");
    let documents = of_reports("reports/src/reports", "REPORTS in reports/src/reports.rs", "its document");

    let mut breaches = Vec::new();
    for listing in [definitions, metric_scenarios] {
        breaches.extend(listing.breaches(&metrics, &metrics, &listing.found()));
    }
    breaches.extend(evidence.breaches(&shown, &shown, &evidence.found()));
    let with_steps: BTreeSet<String> = facts.iter().cloned().chain(names(ASKED.iter().copied())).collect();
    breaches.extend(rows.breaches(&sql_facts, &with_steps, &rows.found()));
    breaches.extend(on_the_way.breaches(&steps, &steps, &on_the_way.found()));
    breaches.extend(fact_scenarios.breaches(&sql_facts, &facts, &fact_scenarios.found()));
    breaches.extend(shared.breaches(&views, &views, &shared.found()));
    breaches.extend(drawings.breaches(&charts, &charts, &drawings.found()));
    breaches.extend(documents.breaches(&reports, &reports, &documents.found()));
    assert_tidy(breaches);
}

#[test]
fn every_profile_is_listed() {
    let list = "PROFILES in analytics/src/profiles.rs";
    let profiles = names(PROFILES.iter().map(|profile| profile.name));
    let content = "facts, their number and ours, worked out by hand";
    let scenarios = Listing { folder: "tests/profiles", extension: "slt", list, content };
    let rows = Listing { folder: "analytics/src/profiles", extension: "rs", list, content: "its row" };
    let mut breaches = scenarios.breaches(&profiles, &profiles, &scenarios.found());
    breaches.extend(rows.breaches(&profiles, &profiles, &rows.found()));
    for profile in PROFILES {
        let (folder, list) =
            (format!("analytics/profiles/{}", profile.name), format!("analytics/src/profiles/{}.rs", profile.name));
        let rules = Listing { folder: &folder, extension: "sql", list: &list, content: "its rules, and which of them differ" };
        let peers = names(profile.peers.iter().map(|peer| peer.replaces));
        breaches.extend(rules.breaches(&peers, &peers, &rules.found()));
        let metrics = names(METRICS.iter().map(|metric| metric.id));
        let strangers = peers.difference(&metrics);
        breaches.extend(
            strangers.map(|id| Breach::new(&list, 1, format!("`{id}` is no metric of ours: nothing stands beside it"))),
        );
        let path = format!("tests/profiles/{}.slt", profile.name);
        let scenario = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        let untold = profile.peers.iter().filter(|peer| !scenario.contains(&format!("metric {} by", peer.metric.id)));
        breaches.extend(
            untold.map(|peer| Breach::new(&path, 1, format!("`{}` is not asked for: work one number out", peer.metric.id))),
        );
    }
    for file in files_in("analytics/profiles", "sql") {
        let folder = file.path.split('/').nth(2).unwrap_or_default();
        if !profiles.contains(folder) || file.path.matches('/').count() != 3 {
            breaches.push(Breach::new(&file.path, 1, format!("`{folder}` has no row in {list}: add one, or delete the file")));
        }
    }
    assert_tidy(breaches);
}

#[test]
fn every_answer_and_finding_is_listed() {
    let of_answers = |folder, extension, content| Listing {
        folder,
        extension,
        list: "ANSWERS in analytics/src/answers.rs or FINDINGS in analytics/src/answers/findings.rs",
        content,
    };
    let answers = names(ANSWERS.iter().map(|answer| answer.name));
    let findings = names(FINDINGS.iter().map(|finding| finding.answer.name));
    let questions = of_answers("analytics/answers", "sql", "its question");
    let found = of_answers("analytics/answers/findings", "sql", "what is counted, by subject");
    let scenarios = of_answers("tests/answers", "slt", "facts of which some are broken, and the counts you worked out by hand");
    let mut breaches = questions.breaches(&answers, &answers, &questions.found());
    breaches.extend(found.breaches(&findings, &findings, &found.found()));
    let allowed: BTreeSet<String> = findings.union(&answers).cloned().collect();
    breaches.extend(scenarios.breaches(&findings, &allowed, &scenarios.found()));
    assert_tidy(breaches);
}

#[test]
fn every_source_has_a_page() {
    let list = "SOURCES in ingest/collect/src/sources.rs";
    let pages =
        Listing { folder: "docs/guide/sources", extension: "md", list, content: "how to connect it, and what becomes what" };
    let dialects = Listing { folder: "ingest/collect/src/sources", extension: "rs", list, content: "its dialect" };
    let sources = names(SOURCES.iter().map(|source| source.name()));
    let stems: BTreeSet<String> = sources.iter().map(|name| name.replace('-', "_")).collect();
    let mut breaches = pages.breaches(&sources, &sources, &pages.found());
    breaches.extend(dialects.breaches(&stems, &stems, &dialects.found()));
    assert_tidy(breaches);
}

#[test]
fn every_vendor_is_a_forbidden_word() {
    for source in SOURCES.iter().filter(|source| source.is_vendor()) {
        assert!(VENDORS.contains(&source.name()), "`{}` is missing from VENDORS in tests/it/tidy/words.rs", source.name());
    }
}

#[test]
fn every_documented_event_is_readable() {
    let path = "docs/guide/deliveries.md";
    let page = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let mut breaches = Vec::new();
    let mut shown = BTreeSet::new();
    for (line, block) in json_blocks(&page) {
        for event in serde_json::Deserializer::from_str(&block).into_iter::<serde_json::Value>() {
            match event.map_err(|error| error.to_string()).and_then(|event| read_event(&event)) {
                Ok(table) => _ = shown.insert(table),
                Err(reason) => breaches.push(Breach::new(path, line, format!("an example is not readable: {reason}"))),
            }
        }
    }
    let missing = Table::ALL.iter().filter(|table| !shown.contains(table));
    breaches.extend(missing.map(|table| Breach::new(path, 1, format!("`{}` has no example: write one event", table.name()))));
    assert_tidy(breaches);
}

impl Listing<'_> {
    /// Names of the files that lie in the folder itself.
    fn found(&self) -> BTreeSet<String> {
        let depth = self.folder.matches('/').count() + 1;
        let files = files_in(self.folder, self.extension);
        names(files.iter().filter(|file| file.path.matches('/').count() == depth).map(SourceFile::stem))
    }

    /// Rows that must have a file and have none, and files that no row allows.
    fn breaches(&self, needed: &BTreeSet<String>, allowed: &BTreeSet<String>, found: &BTreeSet<String>) -> Vec<Breach> {
        let path = |name: &str| format!("{}/{name}.{}", self.folder, self.extension);
        let missing = needed.difference(found).map(|name| {
            Breach::new(
                &path(name),
                1,
                format!("`{name}` stands in {} and has no file here: write {}", self.list, self.content),
            )
        });
        let unlisted = found.difference(allowed).map(|name| {
            Breach::new(&path(name), 1, format!("this file has no row in {}: add one, or delete the file", self.list))
        });
        missing.chain(unlisted).collect()
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.map(ToOwned::to_owned).collect()
}

/// The fenced JSON blocks of a page, with the line at which each begins.
fn json_blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in page.lines().enumerate() {
        open = match open.take() {
            None if line == "```json" => Some((index + 1, String::new())),
            Some(block) if line == "```" => {
                blocks.push(block);
                None
            }
            Some((start, text)) => Some((start, text + line + "\n")),
            None => None,
        };
    }
    blocks
}

/// Reads an event the way the source does: the columns of the head apart, the rest as a record.
fn read_event(event: &serde_json::Value) -> Result<Table, String> {
    let word = event.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_named = |table: &&Table| table.name().strip_suffix('s').unwrap_or(table.name()) == word;
    let table = *Table::ALL.iter().find(is_named).ok_or_else(|| format!("`{word}` is no type"))?;
    let mut data = event.get("data").cloned().unwrap_or_default();
    for column in ["occurred_at", "source_updated_at", "url", "is_deleted", "attributes"] {
        _ = data.as_object_mut().and_then(|columns| columns.remove(column));
    }
    Record::from_json(table, data).map(|_| table).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_without_a_file_and_a_file_without_a_row_are_named() {
        let listing = Listing { folder: "tests/metrics", extension: "slt", list: "METRICS", content: "a scenario" };
        let set = |words: &[&'static str]| names(words.iter().copied());
        let breaches =
            listing.breaches(&set(&["nps", "reach"]), &set(&["nps", "reach", "hand"]), &set(&["nps", "speed", "hand"]));
        let paths: Vec<&str> = breaches.iter().map(|breach| breach.path.as_str()).collect();
        assert_eq!(paths, ["tests/metrics/reach.slt", "tests/metrics/speed.slt"]);
        assert!(breaches[0].message.ends_with("write a scenario"), "{}", breaches[0].message);
    }

    #[test]
    fn a_block_is_found_with_its_line() {
        assert_eq!(json_blocks("# Page\n```json\n{}\n```\n```sh\nls\n```\n"), [(2, "{}\n".to_owned())]);
    }

    #[test]
    fn an_example_with_a_misspelt_column_is_not_readable() {
        let event = |column: &str| json!({"type": "incident", "data": {"incident_id": "1", column: "2026-03-02T10:00:00Z"}});
        assert_eq!(read_event(&event("opened_at")), Ok(Table::Incident));
        assert_eq!(read_event(&event("occurred_at")), Ok(Table::Incident));
        assert!(read_event(&event("opend_at")).is_err());
        assert!(read_event(&json!({"type": "nothing"})).is_err());
    }
}
