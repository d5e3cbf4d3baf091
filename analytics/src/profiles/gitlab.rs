//! GitLab: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/gitlab/`.

use super::{FAIL_RATE, FREQUENCY, LEAD_TIME, Peer, Profile, RESTORE};

/// GitLab as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "gitlab",
    title: "GitLab",
    studied: "the published source of its DORA metrics and their documentation",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It starts when a merge request is merged, so coding and review are not in it, and takes the median over \
             days of the median of each day.",
            reason: "Waiting for a review is part of what a change takes, and rows are pooled so that a quiet day weighs no \
             more than its changes.",
            metric: LEAD_TIME.by(
                "gitlab/change_lead_time",
                &["p50"],
                include_str!("../../profiles/gitlab/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It counts successful production deployments of the whole scope per day, redeployments included, and \
             calls an unheard source 0.",
            reason: "A redeployment changes nothing, and no data is not zero.",
            metric: FREQUENCY.by(
                "gitlab/deployment_frequency",
                &["per_day"],
                include_str!("../../profiles/gitlab/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It divides the incidents that began in the period by the deployments that finished in it, whatever \
             caused them, and can exceed 100 %.",
            reason: "A rate of failed deployments counts deployments on both sides of the line and keeps a late incident with \
             the deployment that caused it.",
            metric: FAIL_RATE.by(
                "gitlab/change_fail_rate",
                &["share"],
                include_str!("../../profiles/gitlab/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "incident_time_to_restore",
            differs: "It takes the incidents that were closed in the period and the median over days of the median of each \
             day.",
            reason: "Leaving out what is still open makes the worst incidents invisible while they last.",
            metric: RESTORE.by(
                "gitlab/incident_time_to_restore",
                &["p50"],
                include_str!("../../profiles/gitlab/incident_time_to_restore.sql"),
            ),
        },
    ],
};
