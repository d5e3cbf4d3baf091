//! What a statement means in PostgreSQL where the engine would read it otherwise, or not at all.
//!
//! The tree of the syntax is changed in place, after it was let through (`syntax.rs`) and before it is planned;
//! names of columns stay as they are, save where an operator stands for a call. What depends on types is done to
//! the plan (`bounded.rs`).

use std::convert::Infallible;
use std::mem;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Fetch, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause,
    Query, TableFactor, TimezoneInfo, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};

/// Window functions that count from 1: they are signed in PostgreSQL, so one may be taken from another.
const RANKS: &[&str] = &["dense_rank", "ntile", "rank", "row_number"];
/// The names of the clock.
const CLOCKS: &[&str] = &["current_timestamp", "now"];

/// Changes a statement so that the engine answers what PostgreSQL would.
pub(crate) fn adapt(statement: &mut Statement) {
    match statement {
        Statement::Statement(sql) => {
            let ControlFlow::Continue(()) = sql.visit(&mut Adapting::default());
        }
        Statement::Explain(explain) => adapt(&mut explain.statement),
        _ => {}
    }
}

#[derive(Default)]
struct Adapting {
    /// How many calls of table functions are being visited: they only know instants in nanoseconds.
    table_functions: usize,
}

impl VisitorMut for Adapting {
    type Break = Infallible;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        fetch_as_limit(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        self.table_functions += usize::from(is_table_function(factor));
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        self.table_functions -= usize::from(is_table_function(factor));
        ControlFlow::Continue(())
    }

    /// Called for the operands before it is called for what they are operands of.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        *expr = match mem::replace(expr, nothing()) {
            Expr::Function(call) => called(call),
            other => regrouped(other),
        };
        if self.table_functions == 0 {
            in_microseconds(expr);
        }
        ControlFlow::Continue(())
    }
}

fn is_table_function(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Table { args: Some(_), .. } | TableFactor::Function { .. })
}

/// Stands in the tree while an expression is taken out of it.
fn nothing() -> Expr {
    Expr::value(Value::Null)
}

/// `fetch first 3 rows only` is `limit 3`; one with ties or of percent stays, and is refused.
fn fetch_as_limit(query: &mut Query) {
    let has_limit = matches!(
        &query.limit_clause,
        Some(LimitClause::LimitOffset { limit: Some(_), .. } | LimitClause::OffsetCommaLimit { .. })
    );
    let is_plain = |fetch: &mut Fetch| !has_limit && !fetch.with_ties && !fetch.percent && fetch.quantity.is_some();
    let Some(fetch) = query.fetch.take_if(is_plain) else { return };
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, .. }) => *limit = fetch.quantity,
        clause => *clause = Some(LimitClause::LimitOffset { limit: fetch.quantity, offset: None, limit_by: Vec::new() }),
    }
}

/// An instant that is written out has microseconds, as all columns have: the engine's nanoseconds end in 2262.
/// So has the one that is now, lest it makes nanoseconds of what it is compared with.
fn in_microseconds(expr: &mut Expr) {
    if matches!(expr, Expr::Function(call) if is_called(call, CLOCKS)) {
        let clock = mem::replace(expr, nothing());
        *expr = cast(clock, DataType::Timestamp(Some(6), TimezoneInfo::Tz));
        return;
    }
    let data_type = match expr {
        Expr::TypedString(typed) => &mut typed.data_type,
        // A number would be read in another unit.
        Expr::Cast { expr, data_type, .. } if is_text(expr) => data_type,
        _ => return,
    };
    if let DataType::Timestamp(precision @ None, _) = data_type {
        *precision = Some(6);
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(_), .. }))
}

/// A call, as an operator or of another type where PostgreSQL has it so.
fn called(mut call: Function) -> Expr {
    if call.over.is_some() && is_called(&call, RANKS) {
        return cast(Expr::Function(call), DataType::BigInt(None));
    }
    if is_called(&call, &["mod"])
        && let FunctionArguments::List(list) = &mut call.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] =
            list.args.as_mut_slice()
    {
        let operand = |expr: &mut Expr| Box::new(mem::replace(expr, nothing()));
        return Expr::BinaryOp { left: operand(left), op: BinaryOperator::Modulo, right: operand(right) };
    }
    Expr::Function(call)
}

fn is_called(call: &Function, names: &[&str]) -> bool {
    names.contains(&call.name.to_string().to_lowercase().as_str())
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// The parser takes all that follows `is distinct from` for its right side. What binds less, `and` and `or`, takes
/// its place again here, and so it does in each operator around that was given the whole for its operand.
fn regrouped(expr: Expr) -> Expr {
    match expr {
        Expr::IsDistinctFrom(left, right) => grafted(*right, AND, |right| Expr::IsDistinctFrom(left, Box::new(right))),
        Expr::IsNotDistinctFrom(left, right) => grafted(*right, AND, |right| Expr::IsNotDistinctFrom(left, Box::new(right))),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
            grafted(*expr, AND, |expr| Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) })
        }
        Expr::BinaryOp { left, op, right } if strength(&op) <= AND => {
            let strength = strength(&op);
            grafted(*right, strength, |right| Expr::BinaryOp { left, op, right: Box::new(right) })
        }
        other => other,
    }
}

/// How much `and` binds, which is more than `or` does.
const AND: u8 = 2;

fn strength(op: &BinaryOperator) -> u8 {
    match op {
        BinaryOperator::Or => 1,
        BinaryOperator::And => AND,
        _ => u8::MAX,
    }
}

/// Puts what was built of the first operand of a chain into its place; the chain is of operators that bind no more
/// than the one which is built.
fn grafted(expr: Expr, strength_max: u8, build: impl FnOnce(Expr) -> Expr) -> Expr {
    match expr {
        Expr::BinaryOp { left, op, right } if strength(&op) <= strength_max => {
            Expr::BinaryOp { left: Box::new(grafted(*left, strength_max, build)), op, right }
        }
        other => build(other),
    }
}

#[cfg(test)]
mod tests {
    use crate::query::guard::tests::{ask, refusal};

    /// The only value that a question gives.
    fn value(sql: &str) -> String {
        let answer = ask(sql).unwrap_or_else(|error| panic!("`{sql}`: {error}"));
        answer.lines().nth(3).unwrap_or_default().trim_matches(['|', ' ']).to_owned()
    }

    #[test]
    fn what_follows_a_comparison_of_distinctness_is_no_part_of_it() {
        // All combinations of true, false and null.
        let truths = "(values (true), (false), (null))";
        let from = format!("from {truths} as a(p) cross join {truths} as b(q) cross join {truths} as c(r)");
        for (written, meant) in [
            ("p is distinct from q and r", "(p is distinct from q) and r"),
            ("p is not distinct from q or r", "(p is not distinct from q) or r"),
            ("p is distinct from q and r or p", "((p is distinct from q) and r) or p"),
            ("r or p is distinct from q and r", "r or ((p is distinct from q) and r)"),
            ("r and p is distinct from q or p", "(r and (p is distinct from q)) or p"),
            ("r and p is distinct from q and p or q", "((r and (p is distinct from q)) and p) or q"),
            ("not p is distinct from q and r", "(not (p is distinct from q)) and r"),
            (
                "p is distinct from q and q is not distinct from r or p",
                "((p is distinct from q) and (q is not distinct from r)) or p",
            ),
            ("p is distinct from (q and r)", "p is distinct from (q and r)"),
            ("p is distinct from q = r and p", "(p is distinct from (q = r)) and p"),
            ("case when p is distinct from q and r then 1 else 0 end = 1", "((p is distinct from q) and r) is true"),
        ] {
            let differ = format!("select count(*) {from} where ({written}) is distinct from ({meant})");
            assert_eq!(value(&differ), "0", "{written}");
        }
        // With brackets around all the rest it is another question.
        assert_eq!(value("select false is distinct from false and true"), "false");
        assert_eq!(value("select false is distinct from (false and true)"), "false");
        assert_eq!(value("select true is not distinct from false or true"), "true");
        assert_eq!(value("select count(*) from generate_series(1, 4) where value is distinct from 2 and value < 3"), "1");
    }

    #[test]
    fn an_instant_that_is_written_out_may_be_any() {
        assert_eq!(value("select timestamp '9999-12-31 00:00:00' > now()"), "true");
        assert_eq!(value("select coalesce(null, '9999-12-31'::timestamp)"), "9999-12-31T00:00:00");
        // A number is of seconds, and a table function knows only nanoseconds.
        assert_eq!(value("select 86400::timestamp"), "1970-01-02T00:00:00");
        let days = "generate_series(timestamp '2026-01-01', timestamp '2026-01-03', interval '1 day')";
        assert_eq!(value(&format!("select count(*) from {days}")), "3");
        assert_eq!(value("select count(*) from (select timestamp '9999-12-31' as t) as a"), "1");
    }

    #[test]
    fn a_difference_of_ranks_may_be_negative() {
        let ranks = "rank() over (order by value desc) - rank() over (order by value)";
        assert_eq!(
            value(&format!("select min(moved) from (select {ranks} as moved from generate_series(1, 3)) as ranks")),
            "-2"
        );
        assert_eq!(value("select row_number() over w - 2 from generate_series(1, 1) window w as (order by value)"), "-1");
    }

    #[test]
    fn other_words_for_operators_and_limits_are_known() {
        assert_eq!(value("select mod(7, 3) as rest"), "1");
        assert_eq!(value("select mod(-7, 3) as rest"), "-1");
        assert_eq!(value("select count(*) from (select 1 from generate_series(1, 9) fetch first 3 rows only) as few"), "3");
        assert_eq!(
            value("select count(*) from (select 1 from generate_series(1, 9) offset 7 rows fetch next 3 rows only) as few"),
            "2"
        );
        assert_eq!(refusal("select 1 fetch first 3 rows with ties"), "not-supported");
        assert_eq!(refusal("select mod(7)"), "no-such-function");
    }
}
