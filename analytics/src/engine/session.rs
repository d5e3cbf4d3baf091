//! Sessions: one `session_state` with every function and setting, and what is taken away from it.
//!
//! A plan that is made in one process and run in another finds its functions by name, so all of them
//! begin here. Which tables a session sees is left to its user.

use super::one_row_first::OneRowFirst;
use super::shared_samples::SharedSamples;
use super::smaller_first::SmallerFirst;
use crate::error::AnalyticsError;
use crate::{functions, lake_tables};
use chrono_tz::Tz;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;
use waymark_lake::Layout;

/// Functions that would make an answer depend on when it was asked.
const CLOCKS: &[&str] = &["now", "current_date", "current_time", "random", "uuid"];
/// Functions that only facts may use, because they store what these say of the zone.
const OF_THE_ZONE: &[&str] = &["local_day", "business_seconds"];
/// Footers and page indexes kept in memory: about 50 KiB for each of some 2,000 files, twice what
/// the engine would keep by itself.
const FOOTER_BYTES_MAX: usize = 100 * 1_024 * 1_024;

/// A session's state with every function of ours, those of the given zone too, and the lake's
/// files; API, planners and executors of plans all begin with it.
///
/// # Errors
/// `Register` when the lake's store cannot be made known.
pub fn session_state(zone: Tz, layout: Option<&Layout>) -> Result<SessionState, AnalyticsError> {
    let context = SessionContext::new_with_state(base_state(zone));
    if let Some(layout) = layout {
        lake_tables::register_store(&context, layout)
            .map_err(|cause| AnalyticsError::Register { table: "lake".to_owned(), cause: Box::new(cause) })?;
    }
    Ok(context.state())
}

/// A session for facts: our functions, those of the organisation's zone too, and no clock.
pub(crate) fn facts_context(zone: Tz) -> SessionContext {
    without_clocks(SessionContext::new_with_state(base_state(zone)))
}

/// A session without any function whose answer depends on when it is asked.
pub(super) fn without_clocks(context: SessionContext) -> SessionContext {
    for name in CLOCKS {
        context.deregister_udf(name);
    }
    context
}

/// A session of its own over the same functions, settings and files, for those who may not ask for
/// the local day of an instant or for working time: both stand in the facts.
pub(super) fn for_readers(state: &SessionState) -> SessionContext {
    let context = SessionContext::new_with_state(state.clone());
    for name in OF_THE_ZONE {
        context.deregister_udf(name);
    }
    context
}

/// Every function and setting, without any file.
pub(super) fn base_state(zone: Tz) -> SessionState {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema("waymark", "public")
        .with_information_schema(true)
        .with_target_partitions(std::thread::available_parallelism().map_or(1, usize::from));
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // A physical plan would print paths of files.
    options.explain.logical_plan_only = true;
    let mut rules = PhysicalOptimizer::new().rules;
    rules.insert(0, Arc::new(OneRowFirst));
    let sides_are_chosen = rules.iter().position(|rule| rule.name() == "join_selection").map_or(rules.len(), |place| place + 1);
    rules.insert(sides_are_chosen, Arc::new(SmallerFirst));
    let builder = SessionStateBuilder::new().with_config(config).with_default_features();
    let builder = builder.with_optimizer_rule(Arc::new(SharedSamples));
    let state = builder.with_physical_optimizer_rules(rules).build();
    state.runtime_env().cache_manager.get_file_metadata_cache().update_cache_limit(FOOTER_BYTES_MAX);
    let context = SessionContext::new_with_state(state);
    functions::register(&context);
    context.register_udf(functions::local_day(zone));
    context.register_udf(functions::business_seconds(zone));
    context.register_udf(functions::local_midnight(zone));
    context.state()
}
