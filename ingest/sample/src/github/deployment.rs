//! Deployments and their statuses.

use crate::turn::Turn;
use waymark_event::Instant;

/// One entry of the deployments interface.
#[derive(Clone)]
pub(crate) struct Deployment {
    pub(crate) id: i64,
    pub(crate) sha: String,
    pub(crate) environment: &'static str,
    pub(crate) created_at: Instant,
    /// The account that asked for it, as an object.
    pub(crate) creator: String,
}

/// The deployment as GitHub describes it at `updated_at`.
pub(crate) fn deployment(turn: &Turn<'_>, deployment: &Deployment, updated_at: Instant) -> String {
    let name = &turn.service.name;
    let Deployment { id, sha, environment, created_at, creator } = deployment;
    let is_production = *environment == "production";
    format!(
        r#""deployment":{{"id":{id},"sha":"{sha}","ref":"main","task":"deploy","environment":"{environment}","original_environment":"{environment}","production_environment":{is_production},"transient_environment":false,"description":null,"payload":{{}},"creator":{creator},"created_at":"{created_at}","updated_at":"{updated_at}","url":"https://api.github.com/repos/acme/{name}/deployments/{id}"}}"#
    )
}

/// A status of the deployment, followed by the deployment itself.
pub(crate) fn deployment_status(turn: &Turn<'_>, of: &Deployment, state: &str, id: i64, created_at: Instant) -> String {
    let environment = of.environment;
    let deployment = deployment(turn, of, created_at);
    format!(
        r#""deployment_status":{{"id":{id},"state":"{state}","environment":"{environment}","description":"","target_url":"","created_at":"{created_at}","updated_at":"{created_at}"}},{deployment}"#
    )
}
