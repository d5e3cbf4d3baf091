//! Whether a scope that was asked for exists, so that a misspelt name is no answer without data.

use super::{Engine, Opened, all_scopes};
use crate::definitions::Definitions;
use crate::error::AnalyticsError;
use crate::window::Window;
use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use std::collections::BTreeSet;
use waymark_event::suggestion;

/// What surveys call the platform as a whole, in the place of a component.
const PLATFORM: &str = "platform";

impl Engine {
    /// Checks that every scope which a window names is known in the newest snapshot or described.
    ///
    /// # Errors
    /// `NoSuchScope` with a suggestion for the first that is not.
    pub async fn check_scopes(&self, window: &Window) -> Result<(), AnalyticsError> {
        if window.scopes.is_empty() {
            return Ok(());
        }
        let kind = window.scope_kind.as_str();
        let opened = self.newest().await?;
        let known = match kind {
            "service" | "team" | "system" | "organisation" => opened.names_of(kind).await?,
            "component" | "component_team" | "component_alternative" | "component_reason" => components(self.definitions()),
            // Categories and vendors are few, and an answer without data says so.
            _ => return Ok(()),
        };
        for scope in &window.scopes {
            let name = if kind.starts_with("component_") { scope.split('/').next().unwrap_or(scope) } else { scope };
            if !known.contains(name) {
                let what = if kind.starts_with("component") { "component" } else { kind };
                let suggestion = suggestion(name, known.iter().map(String::as_str));
                return Err(AnalyticsError::NoSuchScope { what: what.to_owned(), name: name.to_owned(), suggestion });
            }
        }
        Ok(())
    }
}

impl Opened {
    /// The names of all scopes of a kind.
    async fn names_of(&self, kind: &str) -> Result<BTreeSet<String>, AnalyticsError> {
        let failed = |cause| AnalyticsError::Register { table: "scopes".to_owned(), cause: Box::new(cause) };
        let context = self.context(|name, _| name == "scopes").map_err(failed)?;
        let scopes = self.scopes.get_or_try_init(|| all_scopes(&context)).await.map_err(failed)?;
        let (kinds, names) = (texts(scopes, "scope_kind"), texts(scopes, "scope"));
        let (Some(kinds), Some(names)) = (kinds, names) else { return Ok(BTreeSet::new()) };
        Ok(kinds
            .iter()
            .zip(names.iter())
            .filter(|(of, _)| *of == Some(kind))
            .filter_map(|(_, name)| name.map(str::to_owned))
            .collect())
    }
}

/// Components by every name that they have or had.
fn components(definitions: &Definitions) -> BTreeSet<String> {
    let names = definitions.components.iter().flat_map(|component| std::iter::once(&component.id).chain(&component.formerly));
    names.cloned().chain([PLATFORM.to_owned()]).collect()
}

fn texts(batch: &RecordBatch, name: &str) -> Option<StringArray> {
    let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
    column.as_string_opt::<i32>().cloned()
}
