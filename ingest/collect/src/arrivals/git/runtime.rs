//! Evidence from what ran: runs and deployments that are known already, held against the rules.
//!
//! A file says what was meant to run, a run what did. Which runs and deployments there are is told by
//! whoever keeps them; each week of use is one finding, and a week without says nothing, because lists
//! of what a run used are incomplete at most providers.

use super::findings::{Finding, FindingWriter};
use super::weeks::{day_of, monday_of, name};
use super::{EvidenceRequest, GitError};
use crate::evidence::{EvidenceRules, Ran, used};
use std::collections::BTreeMap;
use waymark_event::{Delivery, EvidenceKind, Finding as Word, Instant};

/// A component, the condition that was met, and the week.
type Place<'ran> = (&'ran str, &'ran str, String);
/// The newest of a week: when, which version, what showed it, and by which rule.
type Newest<'ran> = (Instant, Option<String>, &'ran str, i32);

/// What the runs and deployments of a repository show, as deliveries.
///
/// # Errors
/// `Write` when a finding cannot be written as a line.
pub fn runtime_evidence(
    repository: &str,
    request: &EvidenceRequest,
    rules: &EvidenceRules,
    ran: &[Ran],
    now: Instant,
) -> Result<(usize, Vec<Delivery>), GitError> {
    let mut newest: BTreeMap<Place<'_>, Newest<'_>> = BTreeMap::new();
    for ran in ran {
        for (rule, condition, version) in used(rules, repository, day_of(ran.at), ran) {
            let week = name(monday_of(ran.at));
            let found = (ran.at, version, ran.entity.as_str(), rule.rule_version);
            let held = newest.entry((rule.component.as_str(), condition, week)).or_insert_with(|| found.clone());
            if found.0 > held.0 {
                *held = found;
            }
        }
    }
    let mut writer = FindingWriter::new(repository, now);
    for ((component, condition, week), (at, version, entity, rule_version)) in &newest {
        writer.write(&Finding {
            component,
            rule_version: *rule_version,
            detector: if *condition == "runs_use" { "runs" } else { "deployments" },
            scan_id: week,
            kind: EvidenceKind::Runtime,
            finding: Word::Present,
            alternative: None,
            version: version.as_deref(),
            path: None,
            line: None,
            sha: None,
            run: Some(entity),
            service: request.git.service.as_deref(),
            condition: Some(condition),
            observed_at: *at,
        })?;
    }
    Ok(writer.into_deliveries())
}
