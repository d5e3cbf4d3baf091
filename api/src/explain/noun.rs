//! What the rows behind a number are called, and what its n counts: teams are counted over pairs of service and component.

use waymark_analytics::{Metric, Subject};

/// What n beside a value counts, in the singular.
pub(crate) fn counted(metric: &Metric) -> &'static str {
    match metric.id {
        "nps" => "answer",
        "teams_completed" => "team",
        "voluntary_share" => "adoption",
        "exemption_age" => "exemption",
        "deployment_gap" => "gap",
        "deployment_days_per_week" => "service-week",
        "ci_flaky_rate" => "pair of pipeline and commit",
        "change_lead_time_commit" => "commit",
        "adoption_depth" => "service",
        "incident_time_to_restore" | "other_incidents" => "episode",
        "adoption_by_activity" | "blast_radius" | "bypass" => "deployment",
        "adoption_by_ci_time" => "run",
        "inner_source_share" => "change",
        id if ["change_lead_time", "merge_to_production", "undeployed_change"].iter().any(|start| id.starts_with(start)) => {
            "change"
        }
        id if id.starts_with("ci_") => "run",
        _ if metric.subject == Subject::Services => "deployment",
        _ => "service",
    }
}

/// What one row of the evidence is, in the singular.
pub(crate) fn row(metric: &Metric) -> &'static str {
    match metric.id {
        "nps" => "published score",
        "deployment_gap" => "deployment",
        "adoption_by_developers" => "service-week",
        "exemptions" => "exemption",
        "re_entry" => "adoption",
        _ => match counted(metric) {
            "service" | "team" => "pair of service and component",
            counted => counted,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::{METRICS, find};

    #[test]
    fn a_row_is_called_after_the_column_that_names_it() {
        for metric in METRICS.iter().filter(|metric| metric.id != "change_lead_time_commit") {
            let selected = metric.evidence.lines().rev().find_map(|line| line.strip_prefix("select ")).unwrap();
            let first = selected.split(',').next().unwrap();
            let column = first.rsplit('.').next().unwrap();
            match column.strip_suffix("_id") {
                Some(name) => assert_eq!(row(metric), name, "{}", metric.id),
                None => assert!(["service", "survey"].contains(&column), "{}: `{column}`", metric.id),
            }
        }
    }

    #[test]
    fn teams_are_counted_over_pairs_of_service_and_component() {
        let completed = find("teams_completed").unwrap();
        assert_eq!((counted(completed), row(completed)), ("team", "pair of service and component"));
        assert_eq!(counted(find("adoption_rate").unwrap()), "service");
        assert_eq!(counted(find("change_fail_rate").unwrap()), "deployment");
    }
}
