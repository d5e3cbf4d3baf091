//! Ready for a cluster: the plan of every fact and metric travels as bytes and gives the same rows.
//!
//! The plans read Parquet files of the lake; another session, made as an executor would make its own,
//! gets nothing but the bytes. Sending them to other machines is nobody's task yet.

use crate::harness::World;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::util::pretty::pretty_format_batches;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::SessionContext;
use datafusion_proto::bytes::{physical_plan_from_bytes_with_proto_converter, physical_plan_to_bytes_with_proto_converter};
use datafusion_proto::physical_plan::{
    AsExecutionPlan, DefaultPhysicalExtensionCodec, DefaultPhysicalProtoConverter, PhysicalExtensionCodec,
    PhysicalPlanDecodeContext, PhysicalPlanNodeExt, PhysicalProtoConverterExtension,
};
use datafusion_proto::protobuf::physical_plan_node::PhysicalPlanType;
use datafusion_proto::protobuf::{PhysicalExprNode, PhysicalExtensionNode, PhysicalPlanNode};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use waymark_analytics::{Definitions, FACTS, Grain, METRICS, Opened, Window, session_state};
use waymark_event::Delivery;
use waymark_sample::{Plan, deliveries};

/// Plans are nested deeply, and what reads them without optimisation needs room for each level.
const STACK_BYTES: usize = 64 * 1_024 * 1_024;

/// Plans in stages, as a cluster runs them: what lies below an exchange or a sort is a message of its
/// own. A single message may not be nested more than a hundred deep, and one fact would be.
struct InStages;

impl PhysicalProtoConverterExtension for InStages {
    fn proto_to_execution_plan(
        &self,
        node: &PhysicalPlanNode,
        context: &PhysicalPlanDecodeContext<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match &node.physical_plan_type {
            // Nothing here needs an extension, so this is a stage.
            Some(PhysicalPlanType::Extension(stage)) => {
                PhysicalPlanNode::try_decode(&stage.node)?.try_into_physical_plan_with_context(context, self)
            }
            _ => node.try_into_physical_plan_with_context(context, self),
        }
    }

    fn execution_plan_to_proto(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        codec: &dyn PhysicalExtensionCodec,
    ) -> Result<PhysicalPlanNode> {
        let node = PhysicalPlanNode::try_from_physical_plan_with_converter(Arc::clone(plan), codec, self)?;
        let ends_a_stage = plan.is::<RepartitionExec>() || plan.is::<CoalescePartitionsExec>() || plan.is::<SortExec>();
        if !ends_a_stage {
            return Ok(node);
        }
        let mut bytes = Vec::new();
        node.try_encode(&mut bytes)?;
        let stage = PhysicalExtensionNode { node: bytes, inputs: Vec::new() };
        Ok(PhysicalPlanNode { physical_plan_type: Some(PhysicalPlanType::Extension(stage)) })
    }

    fn proto_to_physical_expr(
        &self,
        node: &PhysicalExprNode,
        schema: &Schema,
        context: &PhysicalPlanDecodeContext<'_>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        DefaultPhysicalProtoConverter {}.proto_to_physical_expr(node, schema, context)
    }

    fn physical_expr_to_proto(
        &self,
        expression: &Arc<dyn PhysicalExpr>,
        codec: &dyn PhysicalExtensionCodec,
    ) -> Result<PhysicalExprNode> {
        DefaultPhysicalProtoConverter {}.physical_expr_to_proto(expression, codec)
    }
}

/// A small organisation with all its facts.
async fn small_world() -> World {
    let plan = Plan { services: 3, weeks: 5, ..Plan::small() };
    let whole: toml::Table = plan.configuration().parse().unwrap();
    let definitions: Definitions = whole.try_into().unwrap();
    let mut world = World::with(&plan.as_of().to_rfc3339(), definitions).await;
    let all: Vec<Delivery> = deliveries(&plan).collect();
    world.take_in(&all).await;
    world
}

/// Rows in the order of their text, because several threads give them in any order.
fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let batches: Vec<RecordBatch> = batches.iter().filter(|batch| batch.num_rows() > 0).cloned().collect();
    let mut lines: Vec<String> = pretty_format_batches(&batches).unwrap().to_string().lines().map(ToOwned::to_owned).collect();
    lines.sort();
    lines
}

/// Facts that only say what the platform's description says: their rows travel inside the plan.
const OF_REGISTERS: &[&str] = &["exemption_spells", "component_releases", "component_launches"];

/// A session of its own, as another process would make it.
fn executor(world: &World) -> SessionContext {
    SessionContext::new_with_state(session_state(world.definitions.zone(), Some(&world.layout)).unwrap())
}

/// Sends a plan away and compares what comes of it with what it gives here; says whether it gave rows.
async fn travels(world: &World, name: &str, plan: Arc<dyn ExecutionPlan>) -> bool {
    let codec = DefaultPhysicalExtensionCodec {};
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    let bytes = physical_plan_to_bytes_with_proto_converter(Arc::clone(&plan), &codec, &InStages).unwrap();
    let (here, there) = (executor(world), executor(world));
    let arrived = physical_plan_from_bytes_with_proto_converter(&bytes, &there.task_ctx(), &codec, &InStages).unwrap();
    let expected = lines(&collect(plan, here.task_ctx()).await.unwrap());
    let found = lines(&collect(arrived, there.task_ctx()).await.unwrap());
    assert_eq!(found, expected, "`{name}` gives other rows after its journey");
    let has_rows = expected.iter().any(|line| line.starts_with('|'));
    let reads_files = shown.contains("file_type=parquet") || OF_REGISTERS.contains(&name);
    assert!(!has_rows || reads_files, "`{name}` reads no file:\n{shown}");
    has_rows
}

async fn everything_travels() {
    let mut world = small_world().await;
    let snapshot = world.refresh().await;
    let opened = Opened::for_cluster(&world.layout, &world.definitions, snapshot).await.unwrap();
    let window = Window::last_complete(Grain::Week, 4, opened.as_of(), world.definitions.zone());
    let mut has_rows = BTreeMap::new();
    for metric in METRICS {
        let plan = opened.metric_plan(metric, &window).await.unwrap();
        has_rows.insert(metric.id, travels(&world, metric.id, plan).await);
    }
    for fact in FACTS.iter().filter(|fact| !fact.sql.is_empty()) {
        let plan = opened.fact_plan(&world.layout, &world.definitions, fact).await.unwrap();
        has_rows.insert(fact.name, travels(&world, fact.name, plan).await);
    }
    for name in ["change_lead_time", "deployment_frequency", "adoption_rate", "deployments", "delivered_changes", "commits"] {
        assert!(has_rows[name], "`{name}` has no rows, so nothing was compared");
    }
}

#[test]
fn every_fact_and_metric_is_a_plan_that_can_travel() {
    let traveller = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(everything_travels());
    });
    traveller.unwrap().join().unwrap();
}
