//! What each fact reads, found in its own SQL, so that nobody has to keep a second list.

use super::FACTS;
use super::steps::steps_to;
use super::walks::walk_behind;
use datafusion::error::Result;
use datafusion::sql::parser::DFParser;
use datafusion::sql::resolve::resolve_table_references;
use std::collections::{BTreeMap, BTreeSet};
use waymark_event::Table;

/// The tables that each fact reads: `observed.<table>`, registers, `settings` and other facts.
pub(super) type Reads = BTreeMap<&'static str, BTreeSet<String>>;

/// The fact that says which names are those of one repository.
pub(super) const NAMES: &str = "repository_names";

/// The name by which facts ask for a table of observations.
pub(super) fn observed(table: Table) -> String {
    format!("observed.{}", table.name())
}

/// What every fact reads.
pub(super) fn reads() -> Result<Reads> {
    let mut reads = Reads::new();
    for fact in FACTS {
        let walk = walk_behind(fact.name);
        let walked = walk.iter().flat_map(|walk| walk.statements).map(|(_, sql)| *sql);
        let own = Some(fact.sql).filter(|sql| !sql.is_empty());
        let statements = walked.chain(steps_to(fact.name).map(|step| step.sql)).chain(own);
        let mut named: BTreeSet<String> =
            walk.iter().flat_map(|walk| walk.reads).map(|(table, _)| (*table).to_owned()).collect();
        for sql in statements {
            for statement in DFParser::parse_sql(sql)? {
                let (tables, _) = resolve_table_references(&statement, true)?;
                named.extend(tables.into_iter().map(|table| table.to_string()));
            }
        }
        reads.insert(fact.name, named);
    }
    Ok(reads)
}

/// The facts that a statement reads, directly or through others; `scopes` is left out, because it only
/// says to whom a row belongs, and knows every service from whatever fact it was heard of.
pub(crate) fn facts_behind(sql: &str) -> Result<BTreeSet<&'static str>> {
    let mut wanted = BTreeSet::new();
    for statement in DFParser::parse_sql(sql)? {
        let (tables, _) = resolve_table_references(&statement, true)?;
        wanted.extend(tables.into_iter().map(|table| table.to_string()));
    }
    let reads = reads()?;
    let mut behind = BTreeSet::new();
    // A fact reads only facts above it, so one way up the list finds all.
    for fact in FACTS.iter().rev().filter(|fact| fact.name != "scopes") {
        if wanted.contains(fact.name) {
            behind.insert(fact.name);
            wanted.extend(reads.get(fact.name).into_iter().flatten().cloned());
        }
    }
    Ok(behind)
}

/// The facts that differ when what is in `seeds` has changed, directly or through other facts.
///
/// Most statements name a repository, and few of them by another name than before: `repository_names`
/// is computed with them, and others because of it only where it stands among the seeds itself.
pub(super) fn follow(reads: &Reads, seeds: &BTreeSet<String>) -> BTreeSet<&'static str> {
    let mut changed = seeds.clone();
    let mut facts = BTreeSet::new();
    for fact in FACTS.iter().filter(|fact| !fact.units.is_empty()) {
        if reads.get(fact.name).is_some_and(|named| !named.is_disjoint(&changed)) {
            if fact.name != NAMES {
                changed.insert(fact.name.to_owned());
            }
            facts.insert(fact.name);
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(seed: &str) -> Vec<&'static str> {
        follow(&reads().unwrap(), &BTreeSet::from([seed.to_owned()])).into_iter().collect()
    }

    #[test]
    fn a_scan_changes_the_adoption_and_nothing_else() {
        assert_eq!(followed("observed.evidence"), ["adoption_status", "known_services"]);
        assert_eq!(followed("observed.tickets"), ["tickets"]);
    }

    #[test]
    fn a_deployment_changes_what_is_attributed_to_it() {
        let facts = followed("observed.deployments");
        for fact in ["attempts", "attribution", "delivered_changes", "failures", "incidents", "service_activity"] {
            assert!(facts.contains(&fact), "{fact} is missing in {facts:?}");
        }
        assert!(!facts.contains(&"ci_runs") && !facts.contains(&"commits"));
    }

    #[test]
    fn a_run_changes_no_commit_but_a_new_name_of_its_repository_does() {
        assert_eq!(followed("observed.ci_runs"), ["ci_runs", "deployment_traces", "known_services", NAMES]);
        let facts = followed(NAMES);
        for fact in ["commits", "attempts", "changes", "ci_runs", "incidents"] {
            assert!(facts.contains(&fact), "{fact} is missing in {facts:?}");
        }
    }
}
