//! `ColumnListing`: `information_schema.columns` calls types as SQL does, and counts columns from 1.
//!
//! The engine lists them in its own words and from 0. The words of SQL are in `tables.rs`.

use crate::tables::type_name;
use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::cast::as_string_array;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{Column, Result, TableReference, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, Projection, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TableScan, Volatility, lit,
};
use datafusion::optimizer::AnalyzerRule;
use std::sync::Arc;

/// The rule, for people's own questions.
#[derive(Debug)]
pub(super) struct ColumnListing;

impl AnalyzerRule for ColumnListing {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(in_words).data()
    }

    fn name(&self) -> &'static str {
        "column_listing"
    }
}

/// The list with the same columns, two of which are said otherwise.
fn in_words(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
    if !lists_columns(scan) {
        return Ok(Transformed::no(node));
    }
    let said = scan.projected_schema.iter().map(|(table, field)| column_in_words(table, field)).collect();
    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(said, Arc::new(node))?)))
}

fn lists_columns(scan: &TableScan) -> bool {
    scan.table_name.schema() == Some("information_schema") && scan.table_name.table().eq_ignore_ascii_case("columns")
}

fn column_in_words(table: Option<&TableReference>, field: &FieldRef) -> Expr {
    let column = Expr::Column(Column::from((table, field)));
    let said = match field.name().as_str() {
        "data_type" => ScalarUDF::from(TypeName::new()).call(vec![column]),
        "ordinal_position" => column + lit(1_u64),
        _ => return column,
    };
    said.alias_qualified(table.cloned(), field.name())
}

/// The function `type_name` over the texts of a column.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TypeName {
    signature: Signature,
}

impl TypeName {
    fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for TypeName {
    fn name(&self) -> &'static str {
        "type_name"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    /// What is above the list was planned for a column that is never null.
    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let is_nullable = arguments.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8, is_nullable)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(column) = columns.first() else {
            return plan_err!("`type_name` takes one text");
        };
        let names: StringArray = as_string_array(column)?.iter().map(|engine| engine.map(type_name)).collect();
        Ok(ColumnarValue::Array(Arc::new(names)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::base_state;
    use crate::engine::{collected, plan, register_batch};
    use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;

    async fn ask(sql: &str) -> Vec<String> {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        let days: ArrayRef = Arc::new(Date32Array::from(vec![0]));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let things = [("day", days), ("first", Arc::clone(&counts)), ("second", counts)];
        register_batch(&context, "things", RecordBatch::try_from_iter(things).unwrap()).unwrap();
        context.add_analyzer_rule(Arc::new(ColumnListing));
        let rows = collected(plan(&context, sql).await.unwrap()).await.unwrap();
        let drawn = pretty_format_batches(&[rows]).unwrap().to_string();
        let lines = drawn.lines().skip(3).filter(|line| !line.starts_with('+'));
        lines.map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ")).collect()
    }

    #[tokio::test]
    async fn columns_are_listed_in_the_words_of_sql_and_from_one() {
        let listed = "select c.column_name, c.ordinal_position, c.data_type from information_schema.columns as c \
            where c.table_name = 'things' order by ordinal_position";
        assert_eq!(ask(listed).await, ["day 1 date", "first 2 integer", "second 3 integer"]);
        let counted = "select data_type, count(*) as n, max(ordinal_position) from waymark.information_schema.columns \
            where table_name in (select table_name from information_schema.columns where data_type = 'date') \
            group by data_type order by n";
        assert_eq!(ask(counted).await, ["date 1 1", "integer 2 3"]);
        assert_eq!(ask("select count(*) from information_schema.columns").await, ["3"]);
    }
}
