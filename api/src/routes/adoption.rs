//! `GET /api/v1/adoption` and `/{component}`: who takes the paved road, who left it, and why; and
//! `GET /api/v1/migrations`: how far those are that somebody drives.

use crate::adoption::{self, Board, EffectSaid, MigrationSaid, Story};
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

/// Everything about the adoption of one component.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComponentBody {
    /// Who moved, who stands where, and by what evidence.
    #[serde(flatten)]
    story: Story,
    /// Whether it made its adopters faster, with their stability beside it.
    effects: Vec<EffectSaid>,
}

/// The scoreboard of the platform's components.
#[utoipa::path(
    get, path = "/api/v1/adoption", operation_id = "get_adoption",
    responses((status = 200, body = Board), (status = 503, body = Problem))
)]
pub(crate) async fn board(State(app): State<App>) -> Result<Json<Board>, Problem> {
    adoption::board(&app.engine).await.map(Json)
}

/// One component: who joined, left, is exempt or newly eligible, with the evidence; its forecast and its effect.
#[utoipa::path(
    get, path = "/api/v1/adoption/{component}", operation_id = "get_component_adoption",
    params(("component" = String, Path, description = "The component's id")),
    responses((status = 200, body = ComponentBody), (status = 404, body = Problem), (status = 503, body = Problem))
)]
pub(crate) async fn component(State(app): State<App>, Path(component): Path<String>) -> Result<Json<ComponentBody>, Problem> {
    let app = app.pinned().await?;
    let story = adoption::story(&app.engine, &component).await?;
    let effects = adoption::effects(&app.engine, &component).await?;
    Ok(Json(ComponentBody { story, effects }))
}

/// Every declared migration that has begun: its weeks, who has still to move and what keeps them, and the forecast.
#[utoipa::path(
    get, path = "/api/v1/migrations", operation_id = "list_migrations",
    responses((status = 200, body = Vec<MigrationSaid>), (status = 503, body = Problem))
)]
pub(crate) async fn migrations(State(app): State<App>) -> Result<Json<Vec<MigrationSaid>>, Problem> {
    adoption::migrations_said(&app.pinned().await?.engine, None).await.map(Json)
}

/// One of them.
#[utoipa::path(
    get, path = "/api/v1/migrations/{migration}", operation_id = "get_migration",
    params(("migration" = String, Path, description = "The migration's id")),
    responses((status = 200, body = MigrationSaid), (status = 404, body = Problem), (status = 503, body = Problem))
)]
pub(crate) async fn migration(State(app): State<App>, Path(id): Path<String>) -> Result<Json<MigrationSaid>, Problem> {
    let found = adoption::migrations_said(&app.pinned().await?.engine, Some(&id)).await?.pop();
    found.map(Json).ok_or_else(|| Problem::no_such_migration(&id, &[]))
}
