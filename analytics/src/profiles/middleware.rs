//! Middleware: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/middleware/`.

use super::{FAIL_RATE, FREQUENCY, LEAD_TIME, Peer, Profile, RESTORE};

/// Middleware as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "middleware",
    title: "Middleware",
    studied: "the open-source repository middlewarehq/middleware",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It adds up the means of five stages of the pull requests merged in the period, counts a missing stage as \
             0 and stops when the deployment starts.",
            reason: "A pull request without a review is not one that was reviewed at once, and a mean follows its few slowest \
             rows.",
            metric: LEAD_TIME.by(
                "middleware/change_lead_time",
                &["mean"],
                include_str!("../../profiles/middleware/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It divides the deployments of the whole scope by the weeks that the range touches and rounds down.",
            reason: "Rounding down and partial weeks lose up to a deployment a week, and a total grows with the number of \
             services.",
            metric: FREQUENCY.by(
                "middleware/deployment_frequency",
                &["per_week", "per_day", "per_month"],
                include_str!("../../profiles/middleware/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It blames each incident on the latest run of any repository of the team, and failed runs stand below the \
             line.",
            reason: "Nearness in time is no evidence, and a run that never reached users cannot fail them.",
            metric: FAIL_RATE.by(
                "middleware/change_fail_rate",
                &["share"],
                include_str!("../../profiles/middleware/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "incident_time_to_restore",
            differs: "It takes the mean of the incidents that were resolved in the period.",
            reason: "One long incident moves a mean by itself, and open ones are the ones that hurt.",
            metric: RESTORE.by(
                "middleware/incident_time_to_restore",
                &["mean"],
                include_str!("../../profiles/middleware/incident_time_to_restore.sql"),
            ),
        },
    ],
};
