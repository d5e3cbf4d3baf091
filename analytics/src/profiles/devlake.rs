//! Apache DevLake: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/devlake/`.

use super::{DEPLOYMENT_DAYS, FAIL_RATE, LEAD_TIME, Peer, Profile, RECOVERY, RESTORE};

/// Apache DevLake as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "devlake",
    title: "Apache DevLake",
    studied: "its repository at 420e494 (May 2026), the dashboards for MySQL",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It adds up the stages of pull requests in minutes rounded up, counts a missing stage as 0 and takes the \
             lower of two middle rows as the median.",
            reason: "A missing stage is not a fast one, and the median of 100 and 200 is 150.",
            metric: LEAD_TIME.by(
                "devlake/change_lead_time",
                &["p50"],
                include_str!("../../profiles/devlake/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It takes the lower median over weeks of the days with a production deployment in the whole project, so \
             twenty a day are one and ten services are capped at seven a week.",
            reason: "Deployments are counted, by active service, so that neither many services nor many deployments \
             disappear.",
            metric: DEPLOYMENT_DAYS.by(
                "devlake/deployment_frequency",
                &["days_per_week"],
                include_str!("../../profiles/devlake/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It blames each incident on the latest deployment of any service of the project before it, however long \
             ago.",
            reason: "Nearness in time is no evidence, and a blame must not depend on who asks.",
            metric: FAIL_RATE.by(
                "devlake/change_fail_rate",
                &["share"],
                include_str!("../../profiles/devlake/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "failed_deployment_recovery_time",
            differs: "It times from the end of the deployment that it blames to the resolution, leaves out what is still open \
             or outlasts the period, and takes the lower median.",
            reason: "The clock belongs to what users suffered, and open failures count as long as they last.",
            metric: RECOVERY.by(
                "devlake/failed_deployment_recovery_time",
                &["p50"],
                include_str!("../../profiles/devlake/failed_deployment_recovery_time.sql"),
            ),
        },
        Peer {
            replaces: "incident_time_to_restore",
            differs: "It takes the lower median of the incidents that were resolved in the period.",
            reason: "Leaving out what is still open makes the worst incidents invisible while they last.",
            metric: RESTORE.by(
                "devlake/incident_time_to_restore",
                &["p50"],
                include_str!("../../profiles/devlake/incident_time_to_restore.sql"),
            ),
        },
    ],
};
