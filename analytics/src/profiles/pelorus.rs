//! Pelorus: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/pelorus/`.

use super::{FAIL_RATE, FREQUENCY, LEAD_TIME, Peer, Profile, RESTORE};

/// Pelorus as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "pelorus",
    title: "Pelorus",
    studied: "its recording rules and their published tests",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It counts only the commit that each image was built from, in all environments, and takes the mean over \
             applications of their means.",
            reason: "The other changes in a deployment waited too, and rows are pooled so that an application weighs what it \
             delivered.",
            metric: LEAD_TIME.by(
                "pelorus/change_lead_time",
                &["mean"],
                include_str!("../../profiles/pelorus/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It counts images by application and environment, staging included.",
            reason: "A count cannot be compared between periods of different length, and staging is not where users are.",
            metric: FREQUENCY.by(
                "pelorus/deployment_frequency",
                &["count"],
                include_str!("../../profiles/pelorus/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It divides incidents by images for each application and takes the mean of these rates, which can exceed \
             100 %.",
            reason: "A rate of failed deployments counts deployments on both sides of the line, pooled over services.",
            metric: FAIL_RATE.by(
                "pelorus/change_fail_rate",
                &["share"],
                include_str!("../../profiles/pelorus/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "incident_time_to_restore",
            differs: "It takes the mean over applications of the mean time of their resolved incidents.",
            reason: "One long incident moves a mean by itself, and open ones are the ones that hurt.",
            metric: RESTORE.by(
                "pelorus/incident_time_to_restore",
                &["mean"],
                include_str!("../../profiles/pelorus/incident_time_to_restore.sql"),
            ),
        },
    ],
};
