//! `Series`: the one result shape, typed, with the grid of requested periods filled.
//!
//! A metric returns rows it has evidence for; here each requested (statistic, scope, period) gets
//! exactly one cell. How a series is drawn or told belongs to `reports`.

use crate::catalogue::{Metric, Subject};
use crate::change::Change;
use crate::window::Window;
use std::collections::{BTreeMap, BTreeSet};
use waymark_event::Instant;

/// The kind of scope of which there is only one.
const ORGANISATION: &str = "organisation";

/// One number and everything needed to judge it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Which statistic of the metric, such as `p50`.
    pub statistic: String,
    /// What kind of scope it is, one of `SCOPE_KINDS`.
    pub scope_kind: String,
    /// The scope's name; `component/team` for a component by team.
    pub scope: String,
    /// First instant of the period, in UTC.
    pub period_start: Instant,
    /// First instant after the period, in UTC.
    pub period_end: Instant,
    /// The statistic in the metric's unit; null = no data, or too few or too young rows.
    pub value: Option<f64>,
    /// Lower limit (95 %), or lower bound of a census; null when there is none.
    pub low: Option<f64>,
    /// Upper limit (95 %), or upper bound of a census; null when there is none.
    pub high: Option<f64>,
    /// Rows behind the value; null = suppressed.
    pub sample_size: Option<i64>,
    /// Numerator of a ratio or rate.
    pub numerator: Option<f64>,
    /// Denominator of a ratio or rate.
    pub denominator: Option<f64>,
    /// Usable rows by eligible rows, 0 to 1; null when nothing was eligible.
    pub coverage: Option<f64>,
    /// The period is not over, some row is still maturing, or a source was stale.
    pub is_partial: bool,
}

/// How a statistic of one scope stands against the range before.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Which statistic of the metric, such as `p50`.
    pub statistic: String,
    /// The kind of the scope.
    pub scope_kind: String,
    /// The scope's name.
    pub scope: String,
    /// What the rows behind both ranges say.
    pub change: Change,
}

/// One metric over a window, with the envelope that makes it reproducible.
#[derive(Clone, Debug)]
pub struct Series {
    /// The catalogue row that was computed.
    pub metric: &'static Metric,
    /// What was asked: periods, zone, scopes.
    pub window: Window,
    /// The instant that the answer describes.
    pub as_of: Instant,
    /// The snapshot that was read.
    pub snapshot: String,
    /// Ordered by statistic as in the catalogue, then scope kind, scope and period.
    pub cells: Vec<Cell>,
    /// Of a whole range, what was found out about it and the range before; empty where nobody asked.
    pub compared: Vec<Compared>,
    /// The names of all scopes that there are, shown or not, in the order by which each has its colour; empty where colours
    /// go by what is shown.
    pub order: Vec<String>,
}

impl Series {
    /// The cells of one statistic and scope, by period.
    pub fn line(&self, statistic: &str, scope_kind: &str, scope: &str) -> Vec<&Cell> {
        let is_wanted = |cell: &&Cell| cell.statistic == statistic && cell.scope_kind == scope_kind && cell.scope == scope;
        self.cells.iter().filter(is_wanted).collect()
    }

    /// What was found out about a statistic of a scope and the range before.
    pub fn change(&self, statistic: &str, scope_kind: &str, scope: &str) -> Option<&Change> {
        let is_wanted =
            |found: &&Compared| found.statistic == statistic && found.scope_kind == scope_kind && found.scope == scope;
        self.compared.iter().find(is_wanted).map(|found| &found.change)
    }

    /// Scope kinds and scopes of the series, in the order of its cells.
    pub fn scopes(&self) -> Vec<(&str, &str)> {
        let mut seen = BTreeSet::new();
        let scopes = self.cells.iter().map(|cell| (cell.scope_kind.as_str(), cell.scope.as_str()));
        scopes.filter(|scope| seen.insert(*scope)).collect()
    }

    /// The same with cells for the organisation where nothing is known of it and nobody asked for another scope.
    pub(crate) fn of_organisation(mut self, name: &str) -> Self {
        let is_asked = self.window.scope_kind == ORGANISATION && self.window.scopes.is_empty();
        if !is_asked || !self.cells.is_empty() || self.metric.subject != Subject::Services {
            return self;
        }
        self.window.scopes.push(name.to_owned());
        let mut filled = self.fill();
        filled.window.scopes.clear();
        filled
    }

    /// Sorts the cells and adds the missing ones, so that every scope that is asked for or known
    /// has one cell for each statistic and period.
    pub(crate) fn fill(mut self) -> Self {
        let known = self.scopes().into_iter().map(|(kind, scope)| (kind.to_owned(), scope.to_owned()));
        let asked = self.window.scopes.iter().map(|scope| (self.window.scope_kind.clone(), scope.clone()));
        let scopes: BTreeSet<(String, String)> = known.chain(asked).collect();
        let key = |cell: &Cell| (cell.statistic.clone(), cell.scope_kind.clone(), cell.scope.clone(), cell.period_start);
        let mut known: BTreeMap<_, Cell> = self.cells.drain(..).map(|cell| (key(&cell), cell)).collect();
        for statistic in self.metric.statistics {
            for (scope_kind, scope) in &scopes {
                for period in &self.window.periods {
                    let place = ((*statistic).to_owned(), scope_kind.clone(), scope.clone(), period.start);
                    let cell = known.remove(&place).unwrap_or_else(|| Cell {
                        statistic: place.0,
                        scope_kind: place.1,
                        scope: place.2,
                        period_start: period.start,
                        period_end: period.end,
                        value: None,
                        low: None,
                        high: None,
                        sample_size: Some(0),
                        numerator: None,
                        denominator: None,
                        coverage: None,
                        is_partial: period.end > self.as_of,
                    });
                    self.cells.push(cell);
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::find;
    use crate::window::Grain;

    #[test]
    fn a_scope_that_was_asked_for_has_its_cells_beside_others() {
        let as_of = Instant::parse("2026-08-03T06:00:00Z").unwrap();
        let metric = find("deployment_frequency").unwrap();
        let mut window = Window::last_complete(Grain::Week, 2, as_of, chrono_tz::UTC).of_kind("service");
        window.scopes = vec!["checkout".to_owned(), "cart".to_owned()];
        let known = Cell {
            statistic: metric.headline().to_owned(),
            scope_kind: "service".to_owned(),
            scope: "checkout".to_owned(),
            period_start: window.periods[0].start,
            period_end: window.periods[0].end,
            value: Some(3.0),
            low: None,
            high: None,
            sample_size: Some(3),
            numerator: None,
            denominator: None,
            coverage: None,
            is_partial: false,
        };
        let snapshot = String::new();
        let series = Series { metric, window, as_of, snapshot, cells: vec![known], compared: Vec::new(), order: Vec::new() };
        let series = series.fill();
        let of = |scope: &str| -> Vec<Option<f64>> {
            series.line(metric.headline(), "service", scope).iter().map(|cell| cell.value).collect()
        };
        assert_eq!((of("checkout"), of("cart")), (vec![Some(3.0), None], vec![None, None]));
    }

    #[test]
    fn an_organisation_of_which_nothing_is_known_has_empty_cells() {
        let as_of = Instant::parse("2026-08-03T06:00:00Z").unwrap();
        let metric = find("deployment_count").unwrap();
        let window = Window::last_complete(Grain::Week, 2, as_of, chrono_tz::UTC).of_kind("organisation");
        let (cells, compared, order, snapshot) = (Vec::new(), Vec::new(), Vec::new(), String::new());
        let empty = Series { metric, window, as_of, snapshot, cells, compared, order };
        let known = empty.clone().of_organisation("acme");
        let cells = known.line(metric.headline(), "organisation", "acme");
        assert_eq!(cells.iter().map(|cell| cell.value).collect::<Vec<_>>(), [None, None]);
        assert_eq!(known.window, empty.window);
        let teams = Series { window: empty.window.clone().of_kind("team"), ..empty };
        assert!(teams.of_organisation("acme").cells.is_empty());
    }
}
