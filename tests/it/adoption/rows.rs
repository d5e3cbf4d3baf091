//! The rows behind the numbers of the sample organisation, in every kind of scope that a metric tells.

use crate::harness::World;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::Days;
use std::collections::{BTreeMap, BTreeSet};
use waymark_analytics::{Definitions, EvidenceRequest, Grain, METRICS, Which, Window, local_date, read_platform};
use waymark_event::WrittenFile;
use waymark_sample::{Plan, deliveries};

/// Long enough for leavers and exemptions.
const PLAN: Plan = Plan { services: 12, weeks: 26, ..Plan::small() };
/// Kinds of scope that only a definition makes, not the facts: each is told by one metric, which counts services.
const MADE: &[&str] = &["component_alternative", "component_reason", "category_vendor"];

/// The organisation as its folder `platform` describes it, with the vendors of what is used instead.
fn definitions() -> Definitions {
    let settings: toml::Table = PLAN.settings().parse().unwrap();
    let files: Vec<WrittenFile> = PLAN.platform().into_iter().map(|(name, text)| WrittenFile { name, text }).collect();
    read_platform(settings.try_into().unwrap(), "waymark.toml", &files).0
}

/// By kind and name of scope: the services of its rows, or an empty name where rows are not about services.
fn services_by_scope(rows: &RecordBatch) -> BTreeMap<(String, String), BTreeSet<String>> {
    let column = |name: &str| rows.column_by_name(name).map(|column| cast(column, &DataType::Utf8).unwrap());
    let (kinds, scopes, services) = (column("scope_kind").unwrap(), column("scope").unwrap(), column("service"));
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let scope = (kinds.as_string::<i32>().value(row).to_owned(), scopes.as_string::<i32>().value(row).to_owned());
        let service = services.as_ref().map(|services| services.as_string::<i32>().value(row).to_owned());
        found.entry(scope).or_default().insert(service.unwrap_or_default());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_zero_has_rows_behind_it_in_every_kind_of_scope() {
    let mut world = World::with(&PLAN.as_of().to_rfc3339(), definitions()).await;
    let all: Vec<_> = deliveries(&PLAN).collect();
    world.take_in(&all).await;
    world.refresh().await;
    let engine = world.engine();
    let zone = engine.definitions().zone();
    let today = local_date(PLAN.as_of(), zone);
    let window = Window::between(Grain::Window, today - Days::new(182), today, zone);
    let counted = EvidenceRequest { which: Which::Counted, offset: 0, rows_max: 1_000_000 };
    let (mut kinds, mut wrong) = (BTreeSet::new(), Vec::new());
    for metric in METRICS {
        let series = engine.series(metric, &window).await.unwrap();
        let behind = services_by_scope(&engine.evidence(metric, &window, &counted).await.unwrap().rows);
        for cell in series.cells.iter().filter(|cell| cell.value.is_some_and(|value| value.abs() > 0.0)) {
            kinds.insert(cell.scope_kind.clone());
            let services = behind.get(&(cell.scope_kind.clone(), cell.scope.clone())).map_or(0, BTreeSet::len);
            let is_made = MADE.contains(&cell.scope_kind.as_str());
            if services == 0 || (is_made && i64::try_from(services).ok() != cell.sample_size) {
                let (kind, scope, size) = (&cell.scope_kind, &cell.scope, cell.sample_size);
                wrong.push(format!("{} of {kind} {scope}: {services} behind it, {size:?} counted", metric.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for kind in MADE {
        assert!(kinds.contains(*kind), "the sample has no number of `{kind}`");
    }
}
