//! What charts over periods have in common: their lines, the comparison behind the title, marks and their legend.
//!
//! A line is one scope with one place for each period; what joins the places belongs to the chart.

use crate::advances::{self, Weight};
use crate::palette::{self, Token};
use crate::plane::LABEL;
use crate::plate::Free;
use crate::svg::markup::{decimal, exact};
use crate::svg::{Fill, Letter, Sheet, Stroke};
use crate::wording::{self, dates, finding};
use std::collections::BTreeMap;
use waymark_analytics::{Cell, Change, Grain, Metric, Series, Statistic, Unit, Window, change};
use waymark_event::Instant;

/// The most scopes that one chart can keep apart.
pub(crate) const LINES_MAX: usize = 6;
/// How high one row of a legend is.
const LEGEND_ROW: f64 = 18.0;
/// What stands around a name of a legend: its mark before it and the pause behind it.
const LEGEND_GAP: f64 = 32.0;
/// How much of the height below the words a legend takes at most.
const LEGEND_SHARE: f64 = 0.35;

/// One scope of a series over all periods.
pub(crate) struct Line<'a> {
    pub(crate) scope_kind: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) token: Token,
    pub(crate) mark: usize,
    /// One place for each period of the window, in order.
    pub(crate) cells: Vec<Option<&'a Cell>>,
}

impl Line<'_> {
    /// The last period with a value.
    pub(crate) fn last(&self) -> Option<(usize, &Cell)> {
        self.known().last()
    }

    /// Periods with a value, and their cells.
    pub(crate) fn known(&self) -> impl Iterator<Item = (usize, &Cell)> {
        self.cells
            .iter()
            .enumerate()
            .filter_map(|(index, cell)| cell.filter(|cell| cell.value.is_some()).map(|cell| (index, cell)))
    }

    /// Runs of neighbouring periods that have a value.
    pub(crate) fn runs(&self) -> Vec<Vec<(usize, &Cell)>> {
        let mut runs: Vec<Vec<(usize, &Cell)>> = Vec::new();
        for (index, cell) in self.known() {
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|(before, _)| before + 1 == index) => run.push((index, cell)),
                _ => runs.push(vec![(index, cell)]),
            }
        }
        runs
    }
}

/// The scopes that a chart draws, in the order of its first series, and how many there are in all. Where these are too
/// many, those that changed clearly are taken first, so that what the title counts can be seen. Several have colours and
/// marks by their place in the order of all, so that a component looks the same in every chart; one alone has the first.
pub(crate) fn lines(series: &[Series]) -> (Vec<Line<'_>>, usize) {
    let Some(first) = series.first() else { return (Vec::new(), 0) };
    let mut lines = every_line(first);
    let count = lines.len();
    if count > LINES_MAX {
        let ranges = ranges(series);
        let is_clear = |line: &Line<'_>| compared(first, &ranges, line).is_some_and(|found| finding::is_clear(&found.change));
        lines.sort_by_cached_key(|line| !is_clear(line));
        lines.truncate(LINES_MAX);
        lines.sort_by_key(|line| line.mark);
    }
    if lines.len() > 1 {
        let place = |line: &Line<'_>| first.order.iter().position(|scope| scope == line.scope);
        let places: Vec<Option<usize>> = lines.iter().map(place).collect();
        for (line, colour) in lines.iter_mut().zip(palette::colours(&places)) {
            (line.token, line.mark) = (token(colour), colour);
        }
    }
    (lines, count)
}

/// All scopes of a series, in its order.
pub(crate) fn every_line(series: &Series) -> Vec<Line<'_>> {
    let scoped = by_scope(series);
    let in_order = series.scopes().into_iter().enumerate();
    in_order
        .map(|(mark, (scope_kind, scope))| {
            let cells = scoped.get(&(scope_kind, scope)).into_iter().flatten();
            let known: BTreeMap<Instant, &Cell> = cells.map(|cell| (cell.period_start, *cell)).collect();
            let cells = series.window.periods.iter().map(|period| known.get(&period.start).copied()).collect();
            Line { scope_kind, scope, token: token(mark), mark, cells }
        })
        .collect()
}

/// The colour of this number.
fn token(place: usize) -> Token {
    palette::SERIES.get(place).copied().unwrap_or(palette::INK)
}

/// Cells by the kind and name of their scope.
type ByScope<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Cell>>;

/// The headline's cells of each scope, by period: with many scopes, looking each up in turn would take too long.
fn by_scope(series: &Series) -> ByScope<'_> {
    let mut scoped: ByScope<'_> = BTreeMap::new();
    for cell in series.cells.iter().filter(|cell| cell.statistic == series.metric.headline()) {
        scoped.entry((cell.scope_kind.as_str(), cell.scope.as_str())).or_default().push(cell);
    }
    scoped
}

/// A verdict and the periods that it is about.
pub(crate) struct Comparison {
    pub(crate) change: Change,
    pub(crate) basis: String,
}

/// The whole ranges that stand beside the first series, with their cells by scope.
fn ranges(series: &[Series]) -> Vec<(&Series, ByScope<'_>)> {
    let Some((first, rest)) = series.split_first() else { return Vec::new() };
    let is_range = |other: &&Series| other.window.grain == Grain::Window && other.metric.id == first.metric.id;
    rest.iter().filter(is_range).map(|other| (other, by_scope(other))).collect()
}

/// What may be said about a line: from two whole ranges where they are given, else from its first
/// and last complete period; of a survey from its two newest waves, as tables of scores do.
fn compared(first: &Series, ranges: &[(&Series, ByScope<'_>)], line: &Line<'_>) -> Option<Comparison> {
    let metric = first.metric;
    let mut ranges: Vec<(&Series, &Cell)> = ranges
        .iter()
        .filter_map(|(other, scoped)| {
            let cells = scoped.get(&(line.scope_kind, line.scope))?;
            cells.last().map(|cell| (*other, *cell))
        })
        .collect();
    ranges.sort_by_key(|(_, cell)| cell.period_start);
    if let [.., before, after] = ranges.as_slice() {
        // What the rows say, where somebody asked them, is what a tile and a table of the same ranges say.
        let known = after.0.change(metric.headline(), line.scope_kind, line.scope).copied();
        let change = known.unwrap_or_else(|| change(metric, before.1, after.1));
        let days = |series: &Series| {
            series.window.periods.iter().map(|period| (period.end_day - period.first_day).num_days()).sum::<i64>()
        };
        let basis = if days(after.0) == days(before.0) {
            format!("title: {0} d vs {0} d before", days(after.0))
        } else {
            format!("title: {} vs {}", dates::window(&after.0.window), dates::window(&before.0.window))
        };
        return Some(Comparison { change, basis });
    }
    let mut whole = line.known().map(|(_, cell)| cell).filter(|cell| !cell.is_partial);
    let (before, after, basis) = if metric.kind == Statistic::Score {
        let waves: Vec<&Cell> = whole.collect();
        let [.., before, after] = waves.as_slice() else { return None };
        (*before, *after, "title: newest wave vs the one before".to_owned())
    } else {
        let before = whole.next()?;
        (before, whole.last()?, format!("title: last complete {} vs first", noun(first.window.grain)))
    };
    Some(Comparison { change: change(metric, before, after), basis })
}

/// The title of a chart: the finding of its one scope, or how many of all that can be compared changed, drawn or not.
pub(crate) fn title(series: &[Series], lines: &[Line<'_>]) -> (String, Option<String>) {
    let Some(first) = series.first() else { return ("No series".to_owned(), None) };
    let metric = first.metric;
    let ranges = ranges(series);
    if let [line] = lines {
        let has_news = line.last().is_some() && !is_use_unknown(metric, line);
        return match compared(first, &ranges, line) {
            Some(found) if has_news || finding::is_clear(&found.change) => {
                (finding::title(metric, &found.change), Some(found.basis))
            }
            _ => (format!("{}: {}", metric.title, without_finding(metric, lines)), None),
        };
    }
    let all = every_line(first);
    let found: Vec<Comparison> = all
        .iter()
        .filter_map(|line| compared(first, &ranges, line).filter(|found| is_told(metric, line, &found.change)))
        .collect();
    if found.is_empty() {
        return (format!("{}: {}", metric.title, without_finding(metric, &all)), None);
    }
    let changed = found.iter().filter(|found| finding::is_clear(&found.change)).count();
    let among = several(found.len(), &all);
    let basis = found.into_iter().next().map(|found| found.basis);
    let title = if changed == 0 {
        format!("{}: no clear change in {among}", metric.title)
    } else {
        format!("{} changed clearly in {changed} of {among}", metric.title)
    };
    (title, basis)
}

/// Whether the comparison of a line says something: two numbers were compared, and some use is known.
fn is_told(metric: &Metric, line: &Line<'_>, change: &Change) -> bool {
    let has_numbers = change.before.is_some() && change.after.is_some();
    finding::is_clear(change) || (has_numbers && finding::is_comparable(change) && !is_use_unknown(metric, line))
}

/// Whether nobody is known to use a component while some may: a share of nothing would be no news.
fn is_use_unknown(metric: &Metric, line: &Line<'_>) -> bool {
    let is_open = |cell: &Cell| cell.value.is_some_and(|value| value <= 0.0) && cell.high.is_some_and(|high| high > 0.0);
    matches!(metric.id, "adoption_rate" | "reach") && line.last().is_some_and(|(_, cell)| is_open(cell))
}

/// What a title says where nothing was found by comparing.
fn without_finding(metric: &Metric, lines: &[Line<'_>]) -> String {
    let known: Vec<&Line<'_>> = lines.iter().filter(|line| line.last().is_some()).collect();
    match known.as_slice() {
        [] => silence(metric, lines).unwrap_or_else(|| "no data".to_owned()),
        some if some.iter().all(|line| is_use_unknown(metric, line)) => "no use is known".to_owned(),
        [line] if lines.len() == 1 => line.last().map_or_else(String::new, |(_, cell)| wording::cell(metric, cell)),
        some => format!("nothing to compare in {}", several(some.len(), lines)),
    }
}

/// Why no line has a value: withheld where any of them is, else what the newest cell with rows says, else the newest.
/// Nothing where there is no cell.
pub(crate) fn silence(metric: &Metric, lines: &[Line<'_>]) -> Option<String> {
    let cells = || lines.iter().flat_map(|line| line.cells.iter().flatten());
    if cells().any(|cell| cell.sample_size.is_none()) {
        return Some(wording::WITHHELD.to_owned());
    }
    let newest = cells().rfind(|cell| cell.sample_size != Some(0)).or_else(|| cells().next_back());
    newest.map(|cell| wording::absent(metric, cell))
}

/// So many scopes of the kind of these lines: `1 team`, `7 teams`.
fn several(count: usize, lines: &[Line<'_>]) -> String {
    let kind = lines.first().map_or("scope", |line| line.scope_kind);
    if count == 1 { format!("1 {}", kind.replace('_', " ")) } else { format!("{count} {}", plural(kind)) }
}

/// The line below the title: measure, scope, rhythm and days, and what the limits mean.
pub(crate) fn subtitle(metric: &Metric, window: &Window, lines: &[Line<'_>], limits: Option<&str>) -> String {
    let measure = match metric.kind {
        Statistic::Quantile => "Median",
        Statistic::Survival => "Median, open ones included",
        Statistic::Proportion => "Share",
        Statistic::Rate => "Per service and week",
        Statistic::Score => "Score from −100 to +100",
        Statistic::Census if metric.unit == Unit::Share => "Share",
        Statistic::Census => "All counted",
        Statistic::Events => "In the period",
        Statistic::Level => "At the end of the period",
    };
    let scope = match lines {
        [] => None,
        [line] => Some(line.scope.to_owned()),
        [first, ..] => Some(format!("{} {}", lines.len(), plural(first.scope_kind))),
    };
    let mut parts = vec![measure.to_owned()];
    parts.extend(scope);
    parts.push(format!("{}, {}", dates::rhythm(window.grain), dates::window(window)));
    parts.extend(limits.map(str::to_owned));
    parts.join(" · ")
}

/// How many rows each period rests on; empty where the number never changes.
pub(crate) fn counts(line: &Line<'_>) -> Vec<Option<String>> {
    let count = |cell: &Cell| match (cell.value, cell.sample_size) {
        (_, None) => "<5".to_owned(),
        (None, Some(0)) => "–".to_owned(),
        (_, Some(rows)) => wording::count(rows),
    };
    let counts: Vec<Option<String>> = line.cells.iter().map(|cell| cell.map(count)).collect();
    let is_same = counts.windows(2).all(|pair| pair.first() == pair.last());
    if is_same { vec![None; counts.len()] } else { counts }
}

/// What a chart says to those who do not see it: each line's last value in full.
pub(crate) fn description(metric: &Metric, subtitle: &str, lines: &[Line<'_>]) -> String {
    let mut parts = vec![format!("{subtitle}.")];
    for line in lines {
        let last = line.last().map_or_else(|| "no data".to_owned(), |(_, cell)| wording::full(metric, cell));
        parts.push(format!("{}: {last}.", line.scope));
    }
    parts.join(" ")
}

/// Opens the group of one point, with everything a pointer or a script may want to tell.
pub(crate) fn open_point(sheet: &mut Sheet, metric: &Metric, window: &Window, index: usize, cell: &Cell) {
    let when = window.periods.get(index).map_or_else(String::new, |period| dates::period(window.grain, period));
    let number = |value: Option<f64>| value.map_or_else(String::new, exact);
    let attributes = [
        ("data-x", when.clone()),
        ("data-y", number(cell.value)),
        ("data-low", number(cell.low)),
        ("data-high", number(cell.high)),
        ("data-n", cell.sample_size.map_or_else(String::new, |rows| rows.to_string())),
    ];
    sheet.open("wm-point", &attributes);
    sheet.tip(&format!("{}, {when}: {}", cell.scope, wording::full(metric, cell)));
}

/// How a mark is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The period is over.
    Full,
    /// The period is not over yet.
    Hollow,
}

/// A mark that tells scopes apart without colour: circle, square, triangle, diamond, and so on.
pub(crate) fn mark(sheet: &mut Sheet, shape: usize, (x, y): (f64, f64), radius: f64, token: Token, body: Body) {
    let (fill, stroke) = match body {
        Body::Full => (Fill::Solid(token, 1.0), Some(Stroke::new(palette::PAPER, 1.0))),
        Body::Hollow => (Fill::Solid(palette::PAPER, 1.0), Some(Stroke::new(token, 1.8))),
    };
    let corners: &[(f64, f64)] = match shape {
        1 => &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        2 => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
        5 => &[(-1.2, -0.45), (1.2, -0.45), (1.2, 0.45), (-1.2, 0.45)],
        _ => return sheet.dot((x, y), radius, fill, stroke),
    };
    let points: Vec<String> =
        corners.iter().map(|(dx, dy)| format!("{} {}", decimal(x + dx * radius), decimal(y + dy * radius))).collect();
    sheet.shape("path", &format!("d=\"M{}Z\"", points.join("L")), fill, stroke);
}

/// Marks and names of the lines below the words of a chart, in as few rows as they fit in; says how high these are
/// together. Where more rows are needed than there is room for, names are cut.
pub(crate) fn legend(sheet: &mut Sheet, lines: &[Line<'_>], free: &Free) -> f64 {
    let (width, height) = (free.right - free.left, free.bottom - free.top);
    let names = lines.iter().map(|line| advances::width(line.scope, LABEL, Weight::Regular) + LEGEND_GAP);
    let widest = names.fold(LEGEND_GAP, f64::max);
    let most = |size: f64, room: f64| (1..=lines.len()).rev().find(|count| *count as f64 * size <= room).unwrap_or(1);
    let rows_max = most(LEGEND_ROW, height * LEGEND_SHARE);
    let beside = most(widest, width).max(lines.len().div_ceil(rows_max));
    let column = widest.min(width / beside as f64);
    for (place, line) in lines.iter().enumerate() {
        let x = free.left + column * (place % beside) as f64;
        let y = free.top + 4.0 + LEGEND_ROW * (place / beside) as f64;
        mark(sheet, line.mark, (x + 4.0, y - 4.0), 3.6, line.token, Body::Full);
        // Half a point more, so that rounding cuts no name.
        sheet.name((x + 13.0, y), line.scope, Letter::new(LABEL, palette::INK), column - LEGEND_GAP + 0.5);
    }
    4.0 + LEGEND_ROW * lines.len().div_ceil(beside) as f64
}

/// Several of a kind of scope.
pub(crate) fn plural(scope_kind: &str) -> String {
    let kind = scope_kind.replace('_', " ");
    kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"))
}

/// What the foot of a chart says where it draws fewer scopes than there are.
pub(crate) fn drawn(lines: &[Line<'_>], count: usize) -> Option<String> {
    let kind = plural(lines.first().map_or("scope", |line| line.scope_kind));
    (count > lines.len()).then(|| format!("drawn: {} of {count} {kind}, clear changes first", lines.len()))
}

fn noun(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::Window => "range",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::under_titles;
    use crate::invented::{ninety_days, quarters, series, weeks};

    #[test]
    fn a_score_is_held_against_the_wave_before() {
        let titled = |values: [Option<f64>; 4]| {
            let platform = [("component", "platform")];
            let given = series("nps", quarters(4), &platform, |_, index| {
                values.get(index).copied().flatten().map(|value| (value, 100))
            });
            let (lines, _) = lines(std::slice::from_ref(&given));
            title(std::slice::from_ref(&given), &lines)
        };
        // Limits lie 20.8 points to either side, so 29 points of difference are chance and 60 are not.
        let basis = Some("title: newest wave vs the one before".to_owned());
        let still = titled([Some(-40.0), Some(10.0), Some(20.0), None]);
        assert_eq!(still, ("Net promoter score: no clear change".to_owned(), basis.clone()));
        let rose = titled([Some(20.0), Some(-40.0), Some(20.0), None]);
        assert_eq!(rose, ("Net promoter score rose from −40 to +20".to_owned(), basis));
        assert_eq!(titled([None, None, Some(20.0), None]), ("Net promoter score: +20".to_owned(), None));
    }

    #[test]
    fn a_chart_of_nothing_counts_no_scopes() {
        let given = series("change_lead_time", quarters(1), &[], |_, _| None);
        let (lines, _) = lines(std::slice::from_ref(&given));
        let said = subtitle(given.metric, &given.window, &lines, None);
        assert!(said.starts_with("Median · quarterly, "), "{said}");
    }
    #[test]
    fn what_changed_clearly_is_drawn_in_the_order_of_the_series_and_in_colours_of_its_own() {
        let teams = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| ("team", name));
        let range = |back: u64, changed: f64| {
            series("change_lead_time", ninety_days(back), &teams, |place, _| {
                Some((if place >= 6 { changed } else { 90_000.0 }, 600))
            })
        };
        let weekly = series("change_lead_time", weeks(13), &teams, |_, _| Some((90_000.0, 60)));
        let given = [weekly, range(1, 200_000.0), range(0, 90_000.0)];
        let (lines, count) = lines(&given);
        let names: Vec<&str> = lines.iter().map(|line| line.scope).collect();
        assert_eq!((names, count), (vec!["a", "b", "c", "d", "g", "h"], 8));
        assert!(lines.iter().zip(palette::SERIES).all(|(line, token)| line.token == token));
        assert_eq!(title(&given, &lines).0, "Change lead time changed clearly in 2 of 8 teams");
        assert_eq!(drawn(&lines, count).as_deref(), Some("drawn: 6 of 8 teams, clear changes first"));
    }

    #[test]
    fn a_component_has_one_colour_whatever_is_drawn_beside_it() {
        let titles = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| (name, name));
        let coloured = |shown: &[&str]| {
            let scopes: Vec<(&str, &str)> = shown.iter().map(|name| ("component", *name)).collect();
            let mut given = series("adoption_rate", weeks(4), &scopes, |_, _| Some((0.5, 60)));
            under_titles(&mut given, &titles);
            let (lines, _) = lines(std::slice::from_ref(&given));
            lines.iter().map(|line| format!("{} {} {}", line.scope, line.token.name, line.mark)).collect::<Vec<_>>()
        };
        assert_eq!(coloured(&["d", "b"]), ["b series-2 1", "d series-4 3"]);
        assert_eq!(coloured(&["b", "c", "d"]), ["b series-2 1", "c series-3 2", "d series-4 3"]);
        // The seventh has the colour of the first, and gives way where that is drawn.
        assert_eq!(coloured(&["b", "g"]), ["b series-2 1", "g series-1 0"]);
        assert_eq!(coloured(&["a", "g", "b"]), ["a series-1 0", "b series-2 1", "g series-3 2"]);
        assert_eq!(coloured(&["h"]), ["h series-1 0"]);
    }

    #[test]
    fn a_title_finds_nothing_where_there_is_nothing() {
        let components = ["a", "b", "c"].map(|name| ("component", name));
        let titled = |given: Series| {
            let given = [given];
            title(&given, &lines(&given).0)
        };
        let empty = series("retention_curve", weeks(4), &components, |_, _| None);
        let mut open = series("retention_curve", weeks(4), &components, |_, _| Some((0.5, 60)));
        for cell in &mut open.cells {
            (cell.value, cell.is_partial) = (None, true);
        }
        let mut withheld = series("nps", quarters(3), &components, |_, _| None);
        withheld.cells.iter_mut().for_each(|cell| cell.sample_size = None);
        let unknown = |scopes: &[(&str, &str)]| {
            let mut made = series("reach", weeks(4), scopes, |_, _| Some((0.0, 7)));
            made.cells.iter_mut().for_each(|cell| cell.high = Some(1.0));
            made
        };
        let compared = |count: usize| {
            series("reach", weeks(4), &components, move |place, index| (place < count || index == 0).then_some((0.5, 60)))
        };
        let cases = [
            (empty, "Retention curve: no data"),
            (open, "Retention curve: too young for 90 days (n = 60)"),
            (withheld.clone(), "Net promoter score: withheld to protect people"),
            (unknown(&components), "Reach: no use is known"),
            (unknown(&[("component", "a")]), "Reach: no use is known"),
            (compared(0), "Reach: nothing to compare in 3 components"),
            (compared(1), "Reach: no clear change in 1 component"),
            (compared(2), "Reach: no clear change in 2 components"),
        ];
        for (given, wanted) in cases {
            assert_eq!(titled(given).0, wanted);
        }
        withheld.cells.retain(|cell| cell.scope == "a");
        assert_eq!(titled(withheld).0, "Net promoter score: withheld to protect people");
    }
}
