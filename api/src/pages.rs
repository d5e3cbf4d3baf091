//! Pages for people, rendered here without script; the pictures are the ones of `reports`.

mod address;
mod adoption;
mod definitions;
mod directory;
mod doctor;
mod ended;
mod frame;
mod heading;
mod home;
mod metric;
mod picture;
mod status;
mod style;

pub use home::DELIVERY;

use crate::app::App;
use axum::Router;
use axum::routing::get;

/// Every page by its address, and what is said where nothing is.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(home::home))
        .route("/metrics/{id}", get(metric::metric))
        .route("/definitions", get(definitions::definitions))
        .route("/doctor", get(doctor::doctor))
        .route("/adoption", get(adoption::board))
        .route("/adoption/{component}", get(adoption::component))
        .route("/migrations", get(adoption::migrations))
        .route("/migrations/{migration}", get(adoption::migration))
        .route("/teams", get(directory::teams))
        .route("/teams/{team}", get(adoption::team))
        .route("/services", get(directory::services))
        .route("/services/{service}", get(adoption::service))
        .route("/status", get(status::status))
        .route("/assets/style.css", get(style::style))
        .fallback(frame::nowhere)
}

/// Makes the home page and the scoreboard of the newest snapshot in advance.
pub(crate) async fn warm(app: &App) -> Result<(), crate::problem::Problem> {
    let app = app.pinned().await?;
    let home = Box::pin(home::rendered(&app)).await;
    Box::pin(adoption::rendered(&app)).await.and(home).map(|_| ())
}
