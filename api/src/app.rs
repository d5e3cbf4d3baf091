//! What all handlers share, built once by `main`.

use crate::problem::Problem;
use crate::status::{Status, StatusProbe};
use moka::future::Cache;
use std::sync::Arc;
use waymark_analytics::{Engine, QueryService};

/// What all handlers share.
#[derive(Clone, Debug)]
pub struct App {
    /// Answers metrics over the newest snapshot; where the application is pinned, over that one.
    pub engine: Arc<Engine>,
    /// Answers people's own questions.
    pub queries: Arc<QueryService>,
    /// Pages and pictures, by snapshot and question.
    rendered: Cache<String, Arc<Vec<u8>>>,
    /// Knows the data folder; null where nobody said how to ask it.
    probe: Option<Arc<dyn StatusProbe>>,
}

impl App {
    /// An application over an engine and its query service.
    pub fn new(engine: Arc<Engine>, queries: Arc<QueryService>) -> Self {
        let weigh = |_: &String, bytes: &Arc<Vec<u8>>| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let rendered = Cache::builder().weigher(weigh).max_capacity(32 * 1_024 * 1_024).build();
        Self { engine, queries, rendered, probe: None }
    }

    /// The same application, which can also tell the status of its data folder.
    #[must_use]
    pub fn with_status(self, probe: Arc<dyn StatusProbe>) -> Self {
        Self { probe: Some(probe), ..self }
    }

    /// The same application, which answers everything from the snapshot that is the newest now. Whoever puts several
    /// answers together asks it.
    pub(crate) async fn pinned(&self) -> Result<Self, Problem> {
        Ok(Self { engine: Arc::new(self.engine.pinned().await?), ..self.clone() })
    }

    /// The status of the data folder.
    pub(crate) async fn status(&self) -> Result<Status, Problem> {
        match &self.probe {
            Some(probe) => probe.status().await,
            None => Err(Problem::not_ready("this process does not tell its status: ask `waymark status`")),
        }
    }

    /// The bytes of this key; callers that ask at the same time wait for one making.
    pub(crate) async fn rendered(
        &self,
        key: String,
        make: impl Future<Output = Result<Vec<u8>, Problem>>,
    ) -> Result<Arc<Vec<u8>>, Problem> {
        let bytes = self.rendered.try_get_with(key, async { make.await.map(Arc::new) }).await;
        bytes.map_err(|problem| problem.as_ref().clone())
    }
}
