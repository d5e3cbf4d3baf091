//! Everything that Waymark can read, in the order the manual shows it.

mod backstage;
mod git;
mod github;
mod json;
mod survey_csv;

use crate::source::Source;

/// Every dialect, in the order of the manual.
pub const SOURCES: &[&dyn Source] = &[&github::Github, &json::Json, &git::Git, &survey_csv::SurveyCsv, &backstage::Backstage];

/// The dialect of this name.
pub fn find(name: &str) -> Option<&'static dyn Source> {
    SOURCES.iter().copied().find(|source| source.name() == name)
}
