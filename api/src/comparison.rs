//! One of our metrics beside the same by the rules of other tools; the same for HTTP and the command line.
//!
//! The rules belong to the profiles of `analytics`; how the numbers are printed for people belongs to
//! the command.

use crate::problem::Problem;
use crate::routes::SeriesBody;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use waymark_analytics::{AnalyticsError, Engine, Metric, Peer, Profile, ProfileError, Series, Window, profiles};

/// Ours and theirs over one window.
#[derive(Debug)]
pub struct Comparison {
    /// By our own definition.
    pub ours: Arc<Series>,
    /// By the rules of each tool that has the metric.
    pub theirs: Vec<Theirs>,
}

/// The number of one other tool.
#[derive(Debug)]
pub struct Theirs {
    /// Whose rules they are.
    pub profile: &'static Profile,
    /// What they do otherwise.
    pub peer: &'static Peer,
    /// What they come to.
    pub series: Arc<Series>,
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// No other tool has this metric.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A number cannot be computed.
    #[error(transparent)]
    Analytics(#[from] AnalyticsError),
}

/// A metric beside the same by the rules of other tools, over the same facts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComparisonBody {
    /// By our own definition.
    ours: SeriesBody,
    /// By the rules of each tool that has the metric, in the order of the manual.
    theirs: Vec<TheirsBody>,
}

/// The number of one other tool.
#[derive(Serialize, ToSchema)]
pub(crate) struct TheirsBody {
    /// The profile's name, for `profile=`.
    profile: &'static str,
    /// What the tool calls itself.
    title: &'static str,
    /// Which text or version of it was studied.
    studied: &'static str,
    /// What it does otherwise, in one sentence.
    differs: &'static str,
    /// Why we do not, in one sentence.
    reason: &'static str,
    /// Every rule that differs.
    definition: String,
    /// What its rules come to.
    series: SeriesBody,
}

/// Computes our metric and that of every profile that has it.
///
/// # Errors
/// `Profile` when no profile has the metric, `Analytics` when one cannot be computed.
pub async fn comparison(engine: &Engine, metric: &'static Metric, window: &Window) -> Result<Comparison, ComparisonError> {
    let peers = profiles::beside(metric.id)?;
    let engine = &engine.pinned().await?;
    let ours = Arc::new(engine.closer(metric, metric.statistics, window).await?);
    let mut theirs = Vec::with_capacity(peers.len());
    for (profile, peer) in peers {
        theirs.push(Theirs { profile, peer, series: engine.series(&peer.metric, window).await? });
    }
    Ok(Comparison { ours, theirs })
}

impl Comparison {
    /// The comparison as it is sent.
    pub(crate) fn body(&self) -> ComparisonBody {
        let theirs = self.theirs.iter().map(|theirs| TheirsBody {
            profile: theirs.profile.name,
            title: theirs.profile.title,
            studied: theirs.profile.studied,
            differs: theirs.peer.differs,
            reason: theirs.peer.reason,
            definition: theirs.peer.metric.manual(),
            series: SeriesBody::of(&theirs.series, None),
        });
        ComparisonBody { ours: SeriesBody::of(&self.ours, None), theirs: theirs.collect() }
    }

    /// The comparison as it is sent, for the command line.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self.body())
    }
}

impl From<ComparisonError> for Problem {
    fn from(error: ComparisonError) -> Self {
        match error {
            ComparisonError::Profile(error) => Self::from(error),
            ComparisonError::Analytics(error) => Self::from(error),
        }
    }
}
