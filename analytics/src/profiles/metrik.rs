//! Metrik: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/metrik/`.

use super::{FAIL_RATE, FREQUENCY, LEAD_TIME, Peer, Profile, RECOVERY};

/// Metrik as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "metrik",
    title: "Metrik",
    studied: "the open-source repository thoughtworks/metrik: its calculators and their tests",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It takes the mean over commits, and the first deployment brings the whole past with it.",
            reason: "The first deployment that we see did not deliver the past, and a mean follows its few slowest rows.",
            metric: LEAD_TIME.by(
                "metrik/change_lead_time",
                &["mean"],
                include_str!("../../profiles/metrik/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It counts successful deployments in the period, redeployments included.",
            reason: "A count cannot be compared between periods of different length or scopes of different size.",
            metric: FREQUENCY.by(
                "metrik/deployment_frequency",
                &["count"],
                include_str!("../../profiles/metrik/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It counts how often the production stage of the pipeline failed, and no incident, rollback or revert.",
            reason: "A stage that failed before it reached users harmed nobody: ours knows it as an attempt failure.",
            metric: FAIL_RATE.by(
                "metrik/change_fail_rate",
                &["share"],
                include_str!("../../profiles/metrik/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "failed_deployment_recovery_time",
            differs: "It takes the mean time from the first failed production stage to the next successful one.",
            reason: "A red pipeline is not an outage, and a green one does not end it.",
            metric: RECOVERY.by(
                "metrik/failed_deployment_recovery_time",
                &["mean"],
                include_str!("../../profiles/metrik/failed_deployment_recovery_time.sql"),
            ),
        },
    ],
};
