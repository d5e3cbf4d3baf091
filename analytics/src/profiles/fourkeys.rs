//! Four Keys: our metrics by its rules, and in a sentence each what differs and why.
//!
//! The rules themselves stand in `analytics/profiles/fourkeys/`.

use super::{FAIL_RATE, FREQUENCY, LEAD_TIME, Peer, Profile, RESTORE};

/// Four Keys as a row of the list.
pub(super) const PROFILE: Profile = Profile {
    name: "fourkeys",
    title: "Four Keys",
    studied: "the repository dora-team/fourkeys as it was archived",
    peers: &[
        Peer {
            replaces: "change_lead_time",
            differs: "It counts only the commits of the one push whose head was deployed, to any environment, in whole \
             minutes, and says 0 when there are none.",
            reason: "A deployment brings everything since the last one: ancestry tells what, and nothing known is no data.",
            metric: LEAD_TIME.by(
                "fourkeys/change_lead_time",
                &["p50"],
                include_str!("../../profiles/fourkeys/change_lead_time.sql"),
            ),
        },
        Peer {
            replaces: "deployment_frequency",
            differs: "It takes the median over weeks from Sunday of the days with a deployment to any environment, weeks that \
             are only touched included.",
            reason: "Twenty deployments a day are not one, and half a week is not a week.",
            metric: FREQUENCY.by(
                "fourkeys/deployment_frequency",
                &["days_per_week", "bucket"],
                include_str!("../../profiles/fourkeys/deployment_frequency.sql"),
            ),
        },
        Peer {
            replaces: "change_fail_rate",
            differs: "It divides rows of deployment, change and incident by deployments of any environment, so one incident \
             can count several times, and says 0 when nothing is known.",
            reason: "Failed deployments are a set: each counts once, however many incidents and changes it had.",
            metric: FAIL_RATE.by(
                "fourkeys/change_fail_rate",
                &["share"],
                include_str!("../../profiles/fourkeys/change_fail_rate.sql"),
            ),
        },
        Peer {
            replaces: "incident_time_to_restore",
            differs: "It starts at the deployment that caused the incident, cuts to whole hours and leaves out what is still \
             open.",
            reason: "An impact has a beginning that somebody saw, and an open incident has lasted at least until now.",
            metric: RESTORE.by(
                "fourkeys/incident_time_to_restore",
                &["p50"],
                include_str!("../../profiles/fourkeys/incident_time_to_restore.sql"),
            ),
        },
    ],
};
