//! Tables of the lake as DataFusion sees them: a plain list of Parquet files of one snapshot.
//!
//! The lake's store is registered under a scheme of its own, so a question can name no other file.

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use std::sync::Arc;
use waymark_lake::{DurableStore, Layout, TableVersion};

/// The scheme and authority under which the lake's files are known.
const STORE: &str = "lake://data";

/// Makes the lake's store known to a session.
pub(crate) fn register_store(context: &SessionContext) -> Result<()> {
    let url = ObjectStoreUrl::parse(STORE)?;
    context.runtime_env().register_object_store(url.as_ref(), Arc::new(DurableStore::new()));
    Ok(())
}

/// A table over the files of one version; the schema is read from the files when none is given.
pub(crate) async fn table(
    context: &SessionContext,
    layout: &Layout,
    name: &str,
    version: &TableVersion,
    schema: Option<SchemaRef>,
) -> Result<Arc<dyn TableProvider>> {
    let folder = layout.table(name);
    let mut urls = Vec::with_capacity(version.files.len());
    for file in &version.files {
        let path = object_store::path::Path::from_absolute_path(folder.join(&file.path))
            .map_err(|cause| DataFusionError::External(Box::new(cause)))?;
        urls.push(ListingTableUrl::parse(format!("{STORE}/{path}"))?);
    }
    let options =
        ListingOptions::new(Arc::new(ParquetFormat::default().with_force_view_types(false))).with_file_extension(".parquet");
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
    let config = match schema {
        Some(schema) => config.with_schema(schema),
        None => config.infer_schema(&context.state()).await?,
    };
    Ok(Arc::new(ListingTable::try_new(config)?))
}
