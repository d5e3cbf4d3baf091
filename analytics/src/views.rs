//! Views: SQL that several metrics or answers share, so that what counts at an instant is said once.
//!
//! A view reads what metrics read: facts, `calendar` with its edges, `scopes`, `settings` and the views above it. It
//! is planned into a question that names it. Those that are `weekly` are asked over all weeks instead,
//! computed once per snapshot, and shown to everybody (`engine/views.rs`).

/// One view: its row of the list.
#[derive(Debug)]
pub struct View {
    /// The name by which SQL asks for it.
    pub name: &'static str,
    /// Whether it is a table of all weeks, kept for a snapshot and visible in the SQL catalogue.
    pub is_weekly: bool,
    /// The definition in SQL.
    pub sql: &'static str,
}

/// Every view, each after those that it reads.
pub const VIEWS: &[View] = &[
    View { name: "placed_changes", is_weekly: false, sql: include_str!("../views/placed_changes.sql") },
    View { name: "known_commits", is_weekly: false, sql: include_str!("../views/known_commits.sql") },
    View { name: "unattributed_deployments", is_weekly: false, sql: include_str!("../views/unattributed_deployments.sql") },
    View { name: "lead_time_variants", is_weekly: false, sql: include_str!("../views/lead_time_variants.sql") },
    View { name: "judged_deployments", is_weekly: false, sql: include_str!("../views/judged_deployments.sql") },
    View { name: "recoveries", is_weekly: false, sql: include_str!("../views/recoveries.sql") },
    View { name: "awaited_lately", is_weekly: false, sql: include_str!("../views/awaited_lately.sql") },
    View { name: "waiting_changes", is_weekly: false, sql: include_str!("../views/waiting_changes.sql") },
    View { name: "deployed_services", is_weekly: false, sql: include_str!("../views/deployed_services.sql") },
    View { name: "born_services", is_weekly: false, sql: include_str!("../views/born_services.sql") },
    View { name: "standing_spells", is_weekly: false, sql: include_str!("../views/standing_spells.sql") },
    View { name: "standing_counts", is_weekly: false, sql: include_str!("../views/standing_counts.sql") },
    View { name: "eligible_counts", is_weekly: false, sql: include_str!("../views/eligible_counts.sql") },
    View { name: "standing_moves", is_weekly: false, sql: include_str!("../views/standing_moves.sql") },
    View { name: "standings", is_weekly: false, sql: include_str!("../views/standings.sql") },
    View { name: "standing_exemptions", is_weekly: false, sql: include_str!("../views/standing_exemptions.sql") },
    View { name: "births", is_weekly: false, sql: include_str!("../views/births.sql") },
    View { name: "new_adoptions", is_weekly: false, sql: include_str!("../views/new_adoptions.sql") },
    View { name: "component_stays", is_weekly: false, sql: include_str!("../views/component_stays.sql") },
    View { name: "adopting", is_weekly: false, sql: include_str!("../views/adopting.sql") },
    View { name: "heard_waves", is_weekly: false, sql: include_str!("../views/heard_waves.sql") },
    View { name: "adoption_weekly", is_weekly: true, sql: include_str!("../views/adoption_weekly.sql") },
];

/// The views that a statement names, directly or through others, in their order.
pub(crate) fn named_in(sql: &str) -> Vec<&'static View> {
    let sql = sql.to_lowercase();
    let mut named: Vec<&'static View> = Vec::new();
    for view in VIEWS.iter().rev() {
        // A weekly table is there before it is asked, so what it reads itself is no concern of the question.
        let is_named = sql.contains(view.name) || named.iter().any(|later| !later.is_weekly && later.sql.contains(view.name));
        if is_named {
            named.push(view);
        }
    }
    named.reverse();
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_found_where_it_is_named() {
        let names = |sql: &str| named_in(sql).iter().map(|view| view.name).collect::<Vec<_>>();
        assert_eq!(names("select 1 from adoption_status"), [""; 0]);
        assert_eq!(names("select * from STANDINGS where edge = 'end'"), ["standing_spells", "standings"]);
        assert_eq!(names("select * from adoption_weekly"), ["adoption_weekly"]);
    }
}
