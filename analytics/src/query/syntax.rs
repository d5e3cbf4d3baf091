//! The second gate: an allow-list over the syntax tree.
//!
//! The planner ignores some clauses without a word (`for update`, `tablesample`), so whatever is
//! not known to be answered as written is refused here. Names, types and the engine's own nodes
//! are checked on the plan (`plan.rs`).

use std::ops::ControlFlow;
use std::ptr;

use datafusion::arrow::array::timezone::Tz;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, GroupByExpr, JoinOperator, LimitClause, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectModifiers, SetExpr, SetOperator, SetQuantifier, Statement as SqlStatement, TableFactor, TableWithJoins, Value,
    ValueWithSpan, Visit, Visitor,
};

use super::error::QueryError;
use super::guard::at_most;

/// Most grouping sets of one `group by`, the same as `cube` of eight columns.
pub(crate) const GROUPING_SETS_MAX: u64 = 256;
/// Most tables that a question reads after its common table expressions are put in.
pub(crate) const RELATIONS_MAX: u64 = 32;
/// Most `*` in all select lists together: each stands for all columns of its tables.
const WILDCARDS_MAX: u64 = 64;

/// Why a table cannot be made of each row's list.
const UNNEST_OF_COLUMN: &str = "`unnest` of a column in `from`: write it in a select list";

/// Lets through one question, or `explain` of one without its physical plan.
pub(crate) fn check(statement: &Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(sql) => check_question(sql),
        Statement::Explain(explain) => {
            let options = &explain.options;
            // A physical plan names files, and `analyze` runs the question without its limits.
            if options.analyze || options.verbose || options.format.is_some() || options.show_statistics.is_some() {
                return Err(not_allowed("`explain` with options"));
            }
            match explain.statement.as_ref() {
                Statement::Statement(sql) => check_question(sql),
                _ => Err(not_allowed("`explain` of anything but a query")),
            }
        }
        Statement::CopyTo(_) => Err(not_allowed("`copy`")),
        Statement::CreateExternalTable(_) => Err(not_allowed("`create external table`")),
        Statement::Reset(_) => Err(not_allowed("`reset`")),
    }
}

fn check_question(statement: &SqlStatement) -> Result<(), QueryError> {
    let SqlStatement::Query(query) = statement else {
        return Err(not_allowed("this kind of statement"));
    };
    let mut check = Check::default();
    match query.visit(&mut check) {
        ControlFlow::Continue(()) => at_most("tables", check.relations, RELATIONS_MAX),
        ControlFlow::Break(error) => Err(*error),
    }
}

fn not_allowed(what: &str) -> QueryError {
    QueryError::StatementNotAllowed { what: what.to_owned() }
}

fn not_supported(what: &str) -> QueryError {
    QueryError::NotSupported { what: what.to_owned() }
}

/// A query that is being visited.
#[derive(Default)]
struct Scope {
    /// Tables read so far, with what the expressions below stand for.
    relations: u64,
    /// The queries of this query's common table expressions, known by their place in the tree.
    definitions: Vec<(*const Query, String)>,
    /// The expressions that are complete, with the tables that each reads.
    expressions: Vec<(String, u64)>,
}

#[derive(Default)]
struct Check {
    scopes: Vec<Scope>,
    /// Tables of the whole question.
    relations: u64,
    wildcards: u64,
}

impl Check {
    /// A common table expression is planned anew at each place that names it, so it costs there
    /// what it reads; fourteen that each read the one before twice are sixteen thousand tables.
    fn weight(&self, name: &ObjectName) -> u64 {
        let [ObjectNamePart::Identifier(name)] = name.0.as_slice() else { return 1 };
        let name = name.value.to_lowercase();
        let known =
            |scope: &Scope| scope.expressions.iter().filter(|(known, _)| *known == name).map(|(_, relations)| *relations).max();
        self.scopes.iter().rev().find_map(known).unwrap_or(1)
    }
}

impl Visitor for Check {
    type Break = Box<QueryError>;

    fn pre_visit_statement(&mut self, _: &SqlStatement) -> ControlFlow<Self::Break> {
        ControlFlow::Break(Box::new(not_allowed("a statement that changes data")))
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        let definitions = tables.map(|table| (ptr::from_ref(&*table.query), table.alias.name.value.to_lowercase())).collect();
        self.scopes.push(Scope { definitions, ..Scope::default() });
        refuse(query_clause(query))
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let Some(done) = self.scopes.pop() else { return ControlFlow::Continue(()) };
        let Some(outer) = self.scopes.last_mut() else {
            self.relations = done.relations;
            return ControlFlow::Continue(());
        };
        match outer.definitions.iter().find(|(place, _)| ptr::eq(*place, query)) {
            // Without a table it still is planned anew at each place.
            Some((_, name)) => outer.expressions.push((name.clone(), done.relations.max(1))),
            None => outer.relations = outer.relations.saturating_add(done.relations),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let stars = select.projection.iter();
        let stars = stars.filter(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        self.wildcards += stars.count() as u64;
        refuse(at_most("`*` in select lists", self.wildcards, WILDCARDS_MAX))?;
        refuse(select_clause(select))?;
        refuse(grouping_sets(&select.group_by).and_then(|sets| at_most("grouping sets", sets, GROUPING_SETS_MAX)))?;
        for from in &select.from {
            refuse(joins(from))?;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        refuse(table_clause(factor))?;
        let relations = match factor {
            TableFactor::Table { name, args: None, .. } => self.weight(name),
            TableFactor::Table { .. } | TableFactor::Function { .. } | TableFactor::UNNEST { .. } => 1,
            _ => 0,
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations = scope.relations.saturating_add(relations);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::Function(call) if !matches!(call.parameters, FunctionArguments::None) => {
                ControlFlow::Break(Box::new(not_supported("a call with two argument lists")))
            }
            // The engine answers no where it is not known.
            Expr::AnyOp { right, .. } if lists_null(right) => {
                ControlFlow::Break(Box::new(not_supported("`any` of a list with null: say it with `in (…)`")))
            }
            Expr::Collate { .. } => ControlFlow::Break(Box::new(not_supported("`collate`"))),
            Expr::AtTimeZone { time_zone, .. } => refuse(zone(time_zone)),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Self::Break> {
        let is_parameter = matches!(value.value, Value::Placeholder(_));
        refuse(first_of(&[(is_parameter, "parameters (write the value)")]))
    }
}

fn refuse(checked: Result<(), QueryError>) -> ControlFlow<Box<QueryError>> {
    match checked {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Box::new(error)),
    }
}

fn lists_null(list: &Expr) -> bool {
    let is_null = |element: &Expr| matches!(element, Expr::Value(ValueWithSpan { value: Value::Null, .. }));
    matches!(list, Expr::Array(list) if list.elem.iter().any(is_null))
}

/// A zone that nobody knows would only be noticed when its instants are printed.
fn zone(name: &Expr) -> Result<(), QueryError> {
    match name {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(name), .. }) if name.parse::<Tz>().is_err() => {
            let what = format!("there is no time zone `{name}`: zones are written as in `Europe/Berlin` or `+02:00`");
            Err(QueryError::BadParameter { what })
        }
        _ => Ok(()),
    }
}

/// The first clause that holds, refused as it says.
fn first_of(clauses: &[(bool, &str)]) -> Result<(), QueryError> {
    clauses.iter().find(|(is_there, _)| *is_there).map_or(Ok(()), |(_, what)| Err(not_supported(what)))
}

fn query_clause(query: &Query) -> Result<(), QueryError> {
    if !query.locks.is_empty() {
        return Err(not_allowed("`for update` or `for share`"));
    }
    body(&query.body)?;
    let by = matches!(&query.limit_clause, Some(LimitClause::LimitOffset { limit_by, .. }) if !limit_by.is_empty());
    let sources = query.with.iter().flat_map(|with| &with.cte_tables);
    first_of(&[
        (by, "`limit … by`"),
        (is_limited_by_query(query), "a subquery in `limit` or `offset`: write the number"),
        (query.for_clause.is_some(), "`for xml` or `for json`"),
        (query.settings.is_some(), "`settings`"),
        (query.format_clause.is_some(), "`format`"),
        (!query.pipe_operators.is_empty(), "`|>`"),
        (query.order_by.as_ref().is_some_and(|order| order.interpolate.is_some()), "`interpolate`"),
        (sources.into_iter().any(|table| table.from.is_some()), "`from` after a common table expression"),
    ])
}

fn is_limited_by_query(query: &Query) -> bool {
    let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause else { return false };
    limit.iter().chain(offset.iter().map(|offset| &offset.value)).any(|number| matches!(number, Expr::Subquery(_)))
}

fn body(mut expr: &SetExpr) -> Result<(), QueryError> {
    // A chain of `union` leans to the left, so only its right sides need a call.
    loop {
        match expr {
            SetExpr::SetOperation { left, right, op, set_quantifier } => {
                let counts = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
                // The engine would not look at how often a row is there.
                if counts && !matches!(op, SetOperator::Union) {
                    return Err(not_supported(
                        "`intersect all` and `except all`: number equal rows by `row_number() over (partition by …)`, \
                         and leave out `all`",
                    ));
                }
                body(right)?;
                expr = left;
            }
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => return Ok(()),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                return Err(not_allowed("a statement that changes data"));
            }
        }
    }
}

fn select_clause(select: &Select) -> Result<(), QueryError> {
    if select.into.is_some() {
        return Err(not_allowed("`select … into`"));
    }
    let modifiers = select.select_modifiers.as_ref();
    first_of(&[
        (modifiers.is_some_and(SelectModifiers::is_any_set), "a modifier after `select`"),
        (select.top.is_some(), "`top`"),
        (!select.lateral_views.is_empty(), "`lateral view`"),
        (select.prewhere.is_some(), "`prewhere`"),
        (!select.connect_by.is_empty(), "`connect by`"),
        (!select.cluster_by.is_empty(), "`cluster by`"),
        (!select.distribute_by.is_empty(), "`distribute by`"),
        (!select.sort_by.is_empty(), "`sort by`"),
        (select.value_table_mode.is_some(), "`select as`"),
    ])
}

/// How many grouping sets a `group by` stands for: its items multiply.
fn grouping_sets(group_by: &GroupByExpr) -> Result<u64, QueryError> {
    let (items, modifiers) = match group_by {
        GroupByExpr::All(modifiers) => (&[][..], modifiers),
        GroupByExpr::Expressions(items, modifiers) => (items.as_slice(), modifiers),
    };
    if !modifiers.is_empty() {
        return Err(not_supported("`group by … with`"));
    }
    let sets = |item: &Expr| match item {
        Expr::Cube(columns) => 1_u64.checked_shl(u32::try_from(columns.len()).unwrap_or(u32::MAX)).unwrap_or(u64::MAX),
        Expr::Rollup(columns) => columns.len() as u64 + 1,
        Expr::GroupingSets(sets) => sets.len() as u64,
        _ => 1,
    };
    Ok(items.iter().map(sets).fold(1, u64::saturating_mul))
}

fn joins(from: &TableWithJoins) -> Result<(), QueryError> {
    for join in &from.joins {
        let is_known = matches!(
            join.join_operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::Left(_)
                | JoinOperator::LeftOuter(_)
                | JoinOperator::Right(_)
                | JoinOperator::RightOuter(_)
                | JoinOperator::FullOuter(_)
                | JoinOperator::CrossJoin(_)
                | JoinOperator::LeftSemi(_)
                | JoinOperator::RightSemi(_)
                | JoinOperator::LeftAnti(_)
                | JoinOperator::RightAnti(_)
        );
        if join.global || !is_known {
            return Err(not_supported("this kind of join"));
        }
    }
    Ok(())
}

fn table_clause(factor: &TableFactor) -> Result<(), QueryError> {
    let sampled = |is_sampled: bool| if is_sampled { Err(not_allowed("`tablesample`")) } else { Ok(()) };
    match factor {
        TableFactor::Table {
            args, with_hints, version, with_ordinality, partitions, json_path, sample, index_hints, ..
        } => sampled(sample.is_some()).and_then(|()| {
            first_of(&[
                (version.is_some(), "a table version"),
                (*with_ordinality, "`with ordinality`"),
                (args.as_ref().is_some_and(|args| args.settings.is_some()), "`settings`"),
                (!with_hints.is_empty() || !index_hints.is_empty(), "a hint"),
                (!partitions.is_empty(), "`partition`"),
                (json_path.is_some(), "a path after a table"),
            ])
        }),
        TableFactor::Derived { sample, .. } => sampled(sample.is_some()),
        TableFactor::Function { name, with_ordinality, .. } => first_of(&[
            (*with_ordinality, "`with ordinality`"),
            (name.to_string().eq_ignore_ascii_case("unnest"), UNNEST_OF_COLUMN),
        ]),
        TableFactor::NestedJoin { table_with_joins, .. } => joins(table_with_joins),
        TableFactor::UNNEST { array_exprs, .. } => {
            let is_column = |list: &Expr| matches!(list, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            first_of(&[(array_exprs.iter().any(is_column), UNNEST_OF_COLUMN)])
        }
        _ => Err(not_supported("this kind of table")),
    }
}

#[cfg(test)]
mod tests {
    use crate::query::guard::tests::{ask, refusal};

    #[test]
    fn what_would_be_answered_wrongly_says_what_to_write() {
        for (sql, advice) in [
            ("select 1 intersect all select 1", "leave out `all`"),
            ("(select 1 union all select 1) except all select 1", "leave out `all`"),
            ("select * from (select 1 except all (select 1)) as a", "leave out `all`"),
            ("select 5 = any([null, 1])", "in (…)"),
            ("select 1 where not 5 = any(array[1, null])", "in (…)"),
            ("select 1 limit (select 1)", "write the number"),
            ("select 1 offset (select 1)", "write the number"),
            ("select 'a' collate \"C\"", "`collate`"),
            ("select t.s from deployments as d cross join lateral unnest(d.service) as t(s)", "in a select list"),
            ("select t.s from deployments as d, unnest(d.service) as t(s)", "in a select list"),
        ] {
            let refused = ask(sql).unwrap_err();
            assert_eq!(refused.problem_type(), "not-supported", "{sql}: {refused}");
            assert!(refused.to_string().contains(advice), "{sql}: {refused}");
        }
        for sql in [
            "select 1 intersect select 1",
            "select 1 union all select 1",
            "select 1 except distinct select 2",
            "select 5 = any([2, 1]), 5 = any(null), 5 <> all([null, 1])",
            "select 1 limit 1 + 1 offset 0",
            "select s from unnest([1, 2]) as t(s)",
        ] {
            assert!(ask(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn a_zone_that_nobody_knows_is_refused_by_name() {
        for zone in ["Europe/Berlin", "UTC", "+02:00"] {
            assert!(ask(&format!("select timestamp '2026-01-01' at time zone '{zone}'")).is_ok(), "{zone}");
        }
        for zone in ["Mars/Phobos", "europe/berlin"] {
            let sql = format!("select timestamp '2026-01-01' at time zone '{zone}'");
            assert_eq!(refusal(&sql), "bad-parameter");
            assert!(ask(&sql).unwrap_err().to_string().contains(zone));
        }
    }
}
