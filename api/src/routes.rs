//! The interface over HTTP, one file per resource, and the description made from it.

mod adoption;
mod charts;
mod compare;
mod doctor;
mod health;
mod metrics;
mod options;
mod refusals;
mod reports;
mod rows;
mod series;
mod sql;
mod status;
mod window;

use crate::app::App;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use charts::waves;
pub(crate) use doctor::DoctorParams;
pub(crate) use rows::{RowsParams, with_offset};
pub use series::CellBody;
pub(crate) use series::SeriesBody;
pub(crate) use window::one_scope;

/// The schema of the files that describe a platform, for editors.
const PLATFORM_SCHEMA: &str = include_str!("../../docs/platform.schema.json");

/// What the interface says of itself.
#[derive(OpenApi)]
#[openapi(info(
    title = "Waymark",
    description = "Adoption, commit-to-production and satisfaction of an internal platform. Every number carries its \
        sample size, interval, coverage, definition and the rows behind it."
))]
struct Api;

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(metrics::list))
        .routes(routes!(metrics::one))
        .routes(routes!(series::series))
        .routes(routes!(compare::compare))
        .routes(routes!(rows::rows))
        .routes(routes!(adoption::board))
        .routes(routes!(adoption::component))
        .routes(routes!(adoption::migrations))
        .routes(routes!(adoption::migration))
        .routes(routes!(charts::list))
        .routes(routes!(charts::draw))
        .routes(routes!(reports::list))
        .routes(routes!(reports::report))
        .routes(routes!(sql::ask))
        .routes(routes!(doctor::doctor))
        .routes(routes!(status::status))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
}

/// The description of the interface, as OpenAPI 3.1.
pub fn openapi() -> Description {
    refusals::told(described().into_openapi())
}

/// Every route below `/api/v1`, and health.
pub(crate) fn router() -> Router<App> {
    let (router, description) = described().split_for_parts();
    let description = serde_json::to_string(&refusals::told(description)).unwrap_or_default();
    let openapi = move || async move { ([(CONTENT_TYPE, "application/json")], description) };
    let schema = || async { ([(CONTENT_TYPE, "application/schema+json")], PLATFORM_SCHEMA) };
    let router = router.route("/api/v1/platform-schema.json", get(schema));
    router.route("/api/v1/openapi.json", get(openapi))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use waymark_analytics::SCOPE_KINDS;

    #[test]
    fn scopes_and_periods_are_asked_for_in_the_same_words_everywhere() {
        let description = serde_json::to_value(openapi()).unwrap();
        let paths = description["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|path| path.as_object().unwrap().values());
        let mut texts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for parameter in operations.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten()) {
            let text = parameter["description"].as_str().unwrap();
            texts.entry(parameter["name"].as_str().unwrap()).or_default().insert(text);
        }
        for name in ["scope_kind", "scope", "grain", "from", "to", "last"] {
            let said = &texts[name];
            assert_eq!(said.len(), 1, "`{name}` is asked for in several words: {said:?}");
        }
        let kinds = texts["scope_kind"].first().unwrap();
        for kind in SCOPE_KINDS {
            assert!(kinds.contains(&format!("`{kind}`")), "the text of `scope_kind` does not name `{kind}`");
        }
    }
}
