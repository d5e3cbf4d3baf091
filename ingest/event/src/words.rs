//! Our closed words: states, results and classes, each with an `Unknown`.
//!
//! A vendor's word that nobody mapped becomes `Unknown` and is kept verbatim in the `_raw` column
//! beside it. Which vendor word means what belongs to `collect/src/sources`.

use serde::{Deserialize, Serialize};

/// Declares one closed list of words: the enum, its text form, and its reading from text.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$word_meta])* #[serde(rename = $text)] $variant,)+
            /// The source used a word that we do not map; the `_raw` column has it.
            #[default]
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl $name {
            /// Every word but `unknown`.
            pub const WORDS: &'static [&'static str] = &[$($text,)+];

            /// The word as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ Self::Unknown => "unknown" }
            }
        }
    };
}

words! {
    /// Where a run, job or deployment is in its life.
    Status {
        /// Asked for, not yet given a machine.
        Queued = "queued",
        /// Held for a person or a gate.
        Waiting = "waiting",
        /// Work is going on.
        Running = "running",
        /// It ended, in whatever way.
        Finished = "finished",
    }
}
words! {
    /// How something ended, in OpenTelemetry's `cicd.pipeline.result` words.
    Outcome {
        /// It did what it was for.
        Success = "success",
        /// It ended because the work was found wrong.
        Failure = "failure",
        /// It ended because the machinery broke.
        Error = "error",
        /// It ended because it took too long.
        Timeout = "timeout",
        /// Somebody stopped it.
        Cancellation = "cancellation",
        /// It was passed over on purpose.
        Skip = "skip",
    }
}
words! {
    /// What kind of environment something is.
    Tier {
        /// Real users depend on it.
        Production = "production",
        /// The rehearsal before production.
        Staging = "staging",
        /// Automated or manual tests run there.
        Testing = "testing",
        /// People develop there.
        Development = "development",
        /// A known environment of none of these kinds.
        Other = "other",
    }
}
words! {
    /// What set a run off.
    Trigger {
        /// A pull request was opened or changed.
        PullRequest = "pull_request",
        /// Commits arrived on a branch.
        Push = "push",
        /// A time table.
        Schedule = "schedule",
        /// A person asked for it.
        Manual = "manual",
        /// Something else that is known.
        Other = "other",
    }
}
words! {
    /// What kind of statement a deployment is.
    DeploymentKind {
        /// An attempt to put something into an environment.
        Deploy = "deploy",
        /// A GitOps controller made the cluster equal to its configuration.
        Sync = "sync",
        /// A version was published.
        Release = "release",
    }
}
words! {
    /// Why a deployment was made, only where the source says so.
    Purpose {
        /// Ordinary planned work.
        Planned = "planned",
        /// A remedy for something broken.
        Remediation = "remediation",
    }
}
words! {
    /// The state of a pull request.
    PullRequestState {
        /// Open for review.
        Open = "open",
        /// Open, but not ready for review.
        Draft = "draft",
        /// Merged into its base.
        Merged = "merged",
        /// Closed without merge.
        Closed = "closed",
    }
}
words! {
    /// The verdict of one review.
    ReviewState {
        /// The reviewer approved.
        Approved = "approved",
        /// The reviewer asked for changes.
        ChangesRequested = "changes_requested",
        /// The reviewer only commented.
        Commented = "commented",
        /// The review was dismissed later.
        Dismissed = "dismissed",
        /// Not submitted yet.
        Pending = "pending",
    }
}
words! {
    /// The state of an incident.
    IncidentStatus {
        /// Nobody has taken it yet.
        Open = "open",
        /// Somebody works on it.
        Acknowledged = "acknowledged",
        /// Users no longer suffer; the cause remains.
        Mitigated = "mitigated",
        /// It is over.
        Resolved = "resolved",
    }
}
words! {
    /// How bad an incident is; 1 is the worst.
    Severity {
        /// The worst kind.
        Sev1 = "sev1",
        /// Very bad for users.
        Sev2 = "sev2",
        /// Noticeable to users.
        Sev3 = "sev3",
        /// Hardly noticeable to users.
        Sev4 = "sev4",
        /// Not noticeable to users.
        Sev5 = "sev5",
    }
}
words! {
    /// What a ticket is about.
    TicketType {
        /// Somebody needs rights.
        Access = "access",
        /// A deployment does not work.
        DeployDebug = "deploy_debug",
        /// Somebody must change a setting by hand.
        ManualConfig = "manual_config",
        /// Somebody needs to know something.
        Information = "information",
        /// Something is defective.
        Bug = "bug",
        /// A question without a class of its own.
        Question = "question",
        /// The platform lacks something.
        CapabilityRequest = "capability_request",
        /// A known class of none of these kinds.
        Other = "other",
    }
}
words! {
    /// Where a ticket stands.
    StatusCategory {
        /// Nobody has begun it.
        Todo = "todo",
        /// Being worked on.
        Doing = "doing",
        /// It is over.
        Done = "done",
    }
}
words! {
    /// How a ticket ended.
    TicketOutcome {
        /// What was asked for was done.
        Fulfilled = "fulfilled",
        /// It was refused.
        Declined = "declined",
        /// The question was answered.
        Answered = "answered",
        /// Another ticket says the same.
        Duplicate = "duplicate",
    }
}
words! {
    /// What kind of catalogue entry or rule a row of `services` is.
    ServiceKind {
        /// Something that a team runs.
        Service = "service",
        /// A group of services.
        System = "system",
        /// A group of people.
        Team = "team",
        /// A place where code lives.
        Repository = "repository",
        /// Which paths belong to which owner.
        OwnershipRule = "ownership_rule",
        /// Which paths belong to which service.
        PathRule = "path_rule",
    }
}
words! {
    /// What kind of owner a catalogue entry names.
    OwnerKind {
        /// A team of people.
        Team = "team",
        /// A person, stored as a pseudonym.
        Person = "person",
    }
}
words! {
    /// How strong evidence is, strongest first.
    EvidenceKind {
        /// It was seen running.
        Runtime = "runtime",
        /// It is resolved in a lock file or a bill of materials.
        Lockfile = "lockfile",
        /// It is written in configuration.
        Config = "config",
        /// Somebody says so.
        Declared = "declared",
    }
}
words! {
    /// What a detector found.
    Finding {
        /// The component is used.
        Present = "present",
        /// It is used in part.
        Partial = "partial",
        /// Something else is used in its place.
        Alternative = "alternative",
        /// Neither it nor an alternative is used.
        Absent = "absent",
        /// The place could not be read, so nothing is known.
        Unreadable = "unreadable",
    }
}
words! {
    /// Through what a journey was made.
    Interface {
        /// A programming interface.
        Api = "api",
        /// A command line.
        Cli = "cli",
        /// A graphical interface.
        Ui = "ui",
        /// A request by ticket.
        Ticket = "ticket",
        /// A change in git.
        Git = "git",
    }
}
words! {
    /// How a journey ended.
    JourneyOutcome {
        /// The person got what they came for.
        Succeeded = "succeeded",
        /// It ended in an error.
        Failed = "failed",
        /// The person gave up.
        Abandoned = "abandoned",
        /// It is still going on.
        Running = "running",
    }
}
