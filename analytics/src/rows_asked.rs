//! `RowsAsked`: of which days and services a question wants rows, and how long they last, read from its conditions.
//!
//! Files that hold no such rows are left closed, and what is in memory of them is not looked at. Other
//! conditions are not understood here; whoever plans the question filters the rows that remain.

use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The column by whose spans the files of a fact are cut.
pub(crate) const DAY: &str = "day";
/// The column that says whose a row is.
pub(crate) const SERVICE: &str = "service";
/// The column that says until when a row held; null for what holds still.
pub(crate) const VALID_TO: &str = "valid_to";

/// What the conditions of a question say about its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowsAsked {
    /// The first and the last day; null where there is no end.
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// Whose rows; null where they may be anybody's.
    services: Option<Services>,
    /// Rows that ended before this instant, in microseconds, are not asked for; null where they are.
    ended_from: Option<i64>,
}

/// Services of a file or a question, each as a number that stands for its name. Two names of one number cost a file that is
/// looked at, and no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Services(Box<[u64]>);

impl Services {
    /// The services of these names.
    pub(crate) fn of(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let number = |name: &str| {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            hasher.finish()
        };
        let mut numbers: Vec<u64> = names.into_iter().map(|name| number(name.as_ref())).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Self(numbers.into())
    }

    fn in_both(&self, others: &Self) -> Self {
        Self(self.0.iter().copied().filter(|number| others.0.binary_search(number).is_ok()).collect())
    }

    fn have_one_of(&self, others: &Self) -> bool {
        others.0.iter().any(|number| self.0.binary_search(number).is_ok())
    }
}

impl RowsAsked {
    /// What the conditions of a question say.
    pub(crate) fn by(filters: &[Expr]) -> Self {
        let mut asked = Self::default();
        for filter in filters.iter().flat_map(split_conjunction) {
            if let Some(services) = services_of(filter) {
                let services = Services::of(services);
                let both = asked.services.take().map(|known| known.in_both(&services));
                asked.services = Some(both.unwrap_or(services));
            } else {
                asked.bound_days(filter);
                asked.ended_from = asked.ended_from.max(ended_from(filter));
            }
        }
        asked
    }

    /// Whose rows are asked for; null where they may be anybody's.
    pub(crate) const fn services(&self) -> Option<&Services> {
        self.services.as_ref()
    }

    /// Whether rows of these days can be among those that are asked for; a file whose days are not known
    /// may hold any.
    pub(crate) fn may_be_of_days(&self, days: Option<(NaiveDate, NaiveDate)>) -> bool {
        days.is_none_or(|(first, last)| self.from.is_none_or(|from| from <= last) && self.to.is_none_or(|to| first <= to))
    }

    /// Whether rows of these services can be among those that are asked for; null where they are not known.
    pub(crate) fn may_be_of_services(&self, services: Option<&Services>) -> bool {
        let both = self.services.as_ref().zip(services);
        both.is_none_or(|(asked, held)| held.have_one_of(asked))
    }

    /// Whether rows that all ended by an instant can be among those that are asked for; null where some hold
    /// still, or nobody knows.
    pub(crate) fn may_end_by(&self, ended_by: Option<i64>) -> bool {
        let both = self.ended_from.zip(ended_by);
        both.is_none_or(|(from, ended_by)| ended_by >= from)
    }

    fn bound_days(&mut self, filter: &Expr) {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = known_part(filter) else { return };
        let (Expr::Column(column), Expr::Literal(ScalarValue::Date32(Some(day)), _)) = (left.as_ref(), right.as_ref()) else {
            return;
        };
        let Some(day) = Date32Type::to_naive_date_opt(*day).filter(|_| column.name == DAY) else { return };
        // A day too many costs a file, and no answer.
        if matches!(op, Operator::Eq | Operator::Gt | Operator::GtEq) {
            self.from = self.from.max(Some(day));
        }
        if matches!(op, Operator::Eq | Operator::Lt | Operator::LtEq) {
            self.to = Some(self.to.map_or(day, |known| known.min(day)));
        }
    }
}

/// The instant until which rows must hold, where a condition lets those pass that hold still; in microseconds.
fn ended_from(filter: &Expr) -> Option<i64> {
    let is_end = |side: &Expr| matches!(side, Expr::Column(column) if column.name == VALID_TO);
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) = filter else { return None };
    match (left.as_ref(), right.as_ref()) {
        (Expr::IsNull(open), Expr::BinaryExpr(BinaryExpr { left: end, op: Operator::Gt | Operator::GtEq, right: from }))
            if is_end(open) && is_end(end) =>
        {
            match from.as_ref() {
                Expr::Literal(ScalarValue::TimestampMicrosecond(micros, _), _) => *micros,
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a condition says of rows that have a day: those without one lie in files of no days.
fn known_part(filter: &Expr) -> &Expr {
    let is_no_day = |side: &Expr| matches!(side, Expr::IsNull(inner) if matches!(inner.as_ref(), Expr::Column(column) if column.name == DAY));
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) if is_no_day(left) => right,
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) if is_no_day(right) => left,
        other => other,
    }
}

/// The services to which a condition restricts rows; null for any other condition.
fn services_of(filter: &Expr) -> Option<BTreeSet<String>> {
    let is_service = |side: &Expr| matches!(side, Expr::Column(column) if column.name == SERVICE);
    match filter {
        Expr::InList(InList { expr, list, negated: false }) if is_service(expr) => list.iter().map(text).collect(),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_service(left) => {
            Some(BTreeSet::from([text(right)?]))
        }
        // Few services are planned as alternatives.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (mut services, others) = (services_of(left)?, services_of(right)?);
            services.extend(others);
            Some(services)
        }
        _ => None,
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn on(text: &str) -> Expr {
        lit(ScalarValue::Date32(Some(Date32Type::from_naive_date(day(text)))))
    }

    #[test]
    fn days_are_bounded_from_both_sides() {
        let asked = RowsAsked::by(&[col(DAY).gt_eq(on("2026-03-01")).and(col(DAY).lt(on("2026-05-01")))]);
        for (first, last, may_be) in [
            ("2026-01-01", "2026-02-28", false),
            ("2026-01-01", "2026-03-31", true),
            ("2026-04-01", "2026-06-30", true),
            ("2026-05-02", "2026-06-30", false),
        ] {
            assert_eq!(asked.may_be_of_days(Some((day(first), day(last)))), may_be, "{first}");
        }
        assert!(asked.may_be_of_days(None), "nobody knows what it holds");
    }

    #[test]
    fn rows_without_a_day_are_asked_for_beside_others() {
        let asked = RowsAsked::by(&[col(DAY).is_null().or(col(DAY).gt_eq(on("2026-03-01")))]);
        assert!(!asked.may_be_of_days(Some((day("2025-01-01"), day("2025-12-31")))));
        assert!(asked.may_be_of_days(None));
        let other = RowsAsked::by(&[col(SERVICE).is_null().or(col(DAY).gt_eq(on("2026-03-01")))]);
        assert_eq!(other, RowsAsked::default(), "another column says nothing about days");
    }

    #[test]
    fn rows_that_ended_before_are_not_asked_for() {
        let at = |micros: i64| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
        let lasting = |column: &str| col(column).is_null().or(col(column).gt_eq(at(100)));
        let asked = RowsAsked::by(&[lasting(VALID_TO).and(col(DAY).lt(on("2026-05-01")))]);
        assert_eq!([Some(99), Some(100), None].map(|ended_by| asked.may_end_by(ended_by)), [false, true, true]);
        for other in [lasting("left_at"), col(VALID_TO).gt_eq(at(100)), col(VALID_TO).is_null().or(col(VALID_TO).lt(at(100)))] {
            assert!(RowsAsked::by(&[other]).may_end_by(Some(0)));
        }
    }

    #[test]
    fn services_are_those_of_every_condition() {
        let listed = col(SERVICE).in_list(vec![lit("checkout"), lit("search")], false);
        let either = col(SERVICE).eq(lit("checkout")).or(col(SERVICE).eq(lit("billing")));
        let asked = RowsAsked::by(&[listed.clone().and(either.clone())]);
        assert_eq!(asked.services, Some(Services::of(["checkout"])));
        assert!(asked.may_be_of_services(Some(&Services::of(["checkout", "zebra"]))));
        assert!(!asked.may_be_of_services(Some(&Services::of(["search"]))));
        assert!(asked.may_be_of_services(None), "nobody knows whose they are");
        for other in [
            col(SERVICE).in_list(vec![lit("checkout")], true),
            col("scope").eq(lit("checkout")),
            col(SERVICE).eq(lit("checkout")).or(col("tier").eq(lit("production"))),
        ] {
            assert_eq!(RowsAsked::by(&[other]).services, None);
        }
    }
}
