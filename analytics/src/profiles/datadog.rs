//! Datadog: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/datadog/`.

use super::{FAIL_RATE, FREQUENCY, LEAD_TIME, Peer, Profile, RECOVERY};

/// Datadog as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "datadog",
    title: "Datadog",
    studied: "its public documentation of DORA metrics; its source is not public",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It takes the mean age of the commits of each deployment and then the median over deployments, from the \
             time of each commit and without the first deployment.",
            reason: "A change is what waits, so our row is a change and its clock starts with its first commit; a mean of \
             means hides which changes were slow.",
            metric: LEAD_TIME.by(
                "datadog/change_lead_time",
                &["p50"],
                include_str!("../../profiles/datadog/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It counts every successful production deployment of the whole scope per week, redeployments of what \
             already runs included.",
            reason: "A redeployment changes nothing, and a total grows with the number of services: ours is per active \
             service.",
            metric: FREQUENCY.by(
                "datadog/deployment_frequency",
                &["per_week"],
                include_str!("../../profiles/datadog/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It counts only deployments that a later rollback or revert repaired, by all deployments, without waiting \
             for the newest to mature.",
            reason: "An incident that names its deployment is the best evidence there is, and a deployment of yesterday has \
             not had the time to fail.",
            metric: FAIL_RATE.by(
                "datadog/change_fail_rate",
                &["share"],
                include_str!("../../profiles/datadog/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "failed_deployment_recovery_time",
            differs: "It times only failures that a later deployment repaired, from the end of the deployment that failed to \
             the end of the one that repaired it.",
            reason: "Users suffer from the impact to the restoration however it came, and what is still broken must not make \
             the number better.",
            metric: RECOVERY.by(
                "datadog/failed_deployment_recovery_time",
                &["p50"],
                include_str!("../../profiles/datadog/failed_deployment_recovery_time.sql"),
            ),
        },
    ],
};
