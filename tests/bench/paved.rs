//! `Paved`: an organisation of services that are looked at each week for each component, and nothing else.
//!
//! Every service adopts some components at some time and leaves a few again, by arithmetic, so that
//! runs can be compared. A deployment a month keeps it active. Each weekly look is one delivery.

use crate::large::merge_all;
use chrono::{DateTime, Days, NaiveDate};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use waymark_analytics::{Component, Definitions, Engine, Extent, Refresh, Refresher};
use waymark_collect::Pipeline;
use waymark_event::{Channel, Delivery, DeliveryId, FixedClock, Instant, Proof};
use waymark_lake::Layout;

/// The whole organisation.
pub(crate) const SERVICES: usize = 5_000;
pub(crate) const COMPONENTS: usize = 30;
/// Three years, as the aim says.
pub(crate) const WEEKS: usize = 156;
const CATEGORIES: usize = 10;
const STREAM: &str = "bench";
const BATCH_DELIVERIES: usize = 2_000;
const LAST_WEEK: &str = "2026-11-22";

/// A data folder with the organisation, and its writer.
pub(crate) struct Paved {
    layout: Layout,
    definitions: Arc<Definitions>,
    pipeline: Pipeline,
    refresher: Refresher,
    position: i64,
    services: usize,
}

impl Paved {
    /// An empty folder.
    pub(crate) async fn open(folder: &Path, services: usize) -> Self {
        let layout = Layout::open(folder).unwrap();
        let pipeline = Pipeline::open(&layout, Arc::new(FixedClock::at(as_of())), "bench").await.unwrap();
        let component = |place: usize| Component {
            id: format!("component-{place}"),
            title: format!("Component {place}"),
            category: format!("category-{}", place % CATEGORIES),
            owner: "platform".to_owned(),
            lifecycle: "general".to_owned(),
            fit_no_tags: if place.is_multiple_of(5) { vec!["batch".to_owned()] } else { Vec::new() },
            ..Component::default()
        };
        let definitions = Definitions { components: (0..COMPONENTS).map(component).collect(), ..Definitions::default() };
        Self { layout, definitions: Arc::new(definitions), pipeline, refresher: Refresher::default(), position: 0, services }
    }

    /// Keeps the catalogue, the deployments and every look but those of the last week. Says how many findings.
    pub(crate) async fn fill(&mut self) -> usize {
        let mut batch: Vec<Delivery> = (0..self.services).map(described).collect();
        let mut findings = 0;
        for week in 0..WEEKS {
            for service in 0..self.services {
                if week % 4 == 0 {
                    batch.push(deployed(service, week));
                }
                if week + 1 < WEEKS {
                    batch.push(looked_at(service, week));
                    findings += COMPONENTS;
                }
                if batch.len() >= BATCH_DELIVERIES {
                    self.keep(std::mem::take(&mut batch)).await;
                }
            }
        }
        self.keep(batch).await;
        findings
    }

    /// Keeps what a day of the last week brought: the look at every seventh service. Says how many findings.
    pub(crate) async fn fill_day(&mut self, day: usize) -> usize {
        let services = (day..self.services).step_by(7);
        let looks: Vec<Delivery> = services.map(|service| looked_at(service, WEEKS - 1)).collect();
        let findings = looks.len() * COMPONENTS;
        self.keep(looks).await;
        findings
    }

    async fn keep(&mut self, deliveries: Vec<Delivery>) {
        let numbered: Vec<(i64, Delivery)> = (self.position + 1..).zip(deliveries).collect();
        self.position += i64::try_from(numbered.len()).unwrap();
        self.pipeline.keep(STREAM, numbered).await.unwrap();
    }

    /// Merges files as upkeep does while they come. Says how many merges there were.
    pub(crate) async fn merge(&mut self) -> usize {
        merge_all(&self.layout, self.pipeline.tables(), as_of()).await
    }

    /// Computes what is new, or everything, and publishes it.
    pub(crate) async fn refresh(&mut self, extent: Extent) {
        let input = Refresh {
            layout: &self.layout,
            definitions: &self.definitions,
            as_of: as_of(),
            positions: BTreeMap::from([(STREAM.to_owned(), self.position)]),
            extent,
        };
        self.refresher.refresh(self.pipeline.tables(), input).await.unwrap();
    }

    /// An engine that knows nothing yet.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.layout.clone(), Arc::clone(&self.definitions))
    }
}

/// The Monday after the last week.
fn as_of() -> Instant {
    day(WEEKS, 0)
}

/// Noon of a day of a week.
fn day(week: usize, day: u64) -> Instant {
    let last: NaiveDate = LAST_WEEK.parse().unwrap();
    let weeks_back = u64::try_from(WEEKS - week).unwrap();
    let day = last + Days::new(1 + day) - Days::new(7 * weeks_back);
    Instant::from(DateTime::from_timestamp(day.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp(), 0).unwrap())
}

/// What a look at a component sees: when a service adopts and leaves follows from both numbers.
fn finding(service: usize, component: usize, week: usize) -> &'static str {
    let mixed = service.wrapping_mul(2_654_435_761).wrapping_add(component.wrapping_mul(40_503)) >> 4;
    let adopts = mixed % (2 * WEEKS);
    let leaves = if mixed.is_multiple_of(11) { adopts + 30 } else { usize::MAX };
    match week {
        _ if week >= leaves => "alternative",
        _ if week >= adopts => "present",
        _ if mixed.is_multiple_of(3) => "alternative",
        _ => "absent",
    }
}

fn looked_at(service: usize, week: usize) -> Delivery {
    let at = day(week, u64::try_from(service % 7).unwrap()).to_rfc3339();
    let mut body = String::from("[");
    for component in 0..COMPONENTS {
        let finding = finding(service, component, week);
        let alternative = if finding == "alternative" { r#","alternative":"other""# } else { "" };
        let comma = if component > 0 { "," } else { "" };
        write!(
            body,
            r#"{comma}{{"type":"evidence","data":{{"component_id":"component-{component}","detector":"scan","scan_id":"{week}","kind":"config","finding":"{finding}"{alternative},"service_hint":"service-{service}","observed_at":"{at}"}}}}"#
        )
        .unwrap();
    }
    delivery(&format!("look-{service}-{week}"), &at, body + "]")
}

fn deployed(service: usize, week: usize) -> Delivery {
    let at = day(week, 1).to_rfc3339();
    let body = format!(
        r#"{{"type":"deployment","data":{{"deployment_id":"{service}-{week}","service_hint":"service-{service}","environment":"production","version":"{week}","status":"finished","result":"success","finished_at":"{at}"}}}}"#
    );
    delivery(&format!("deployment-{service}-{week}"), &at, body)
}

fn described(service: usize) -> Delivery {
    let at = day(0, 0).to_rfc3339();
    let label = if service.is_multiple_of(9) { r#""batch""# } else { "" };
    let body = format!(
        r#"{{"type":"service","data":{{"kind":"service","name":"service-{service}","owner_raw":"team-{}","labels":[{label}],"occurred_at":"{at}","source_updated_at":"{at}"}}}}"#,
        service % 100
    );
    delivery(&format!("service-{service}"), &at, body)
}

fn delivery(id: &str, received_at: &str, body: String) -> Delivery {
    Delivery {
        id: DeliveryId::stored(id),
        source: "json".to_owned(),
        instance: "local".to_owned(),
        connection: "json".to_owned(),
        headers: BTreeMap::new(),
        channel: Channel::File,
        event_type: None,
        vendor_delivery_id: None,
        content_type: Some("application/json".to_owned()),
        body: body.into_bytes(),
        proof: Proof::NoneConfigured,
        request_url: None,
        received_at: Instant::parse(received_at).unwrap(),
    }
}
