//! The catalogue of charts: each a pure function from series to one drawing.
//!
//! Which series to ask for belongs to pages and reports; the words around a chart to `plate`.

pub(crate) mod cadence;
pub(crate) mod reach;
pub(crate) mod score;
pub(crate) mod sparkline;
pub(crate) mod trend;

use crate::frame::{Frame, Medium, Theme};
use crate::svg::Svg;
use waymark_analytics::{Cell, Metric, Series, Statistic};

/// From this width on a drawing inside a page cannot be read on a phone.
const WIDE: u32 = 480;
/// How wide it is drawn for one, and how high where its own content does not say it.
const NARROW: (u32, u32) = (366, 380);

/// How a chart is drawn into one frame.
type Drawing = fn(&[Series], &Frame) -> Svg;

/// One chart: its row of the catalogue.
#[derive(Debug)]
pub struct Chart {
    /// Snake case, unique.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it shows, and which series it takes.
    pub about: &'static str,
    /// Draws the series; never fails, a chart without data says so. For a wide place of a page it draws a second time
    /// for narrow screens.
    pub draw: Drawing,
    /// Whether the chart can show this metric.
    pub accepts: fn(&Metric) -> bool,
}

impl Chart {
    /// A frame for a file of this chart, as near to the size that was asked for as it can be read.
    pub fn frame(&self, width: u32, height: u32, theme: Theme) -> Frame {
        let (least_width, least_height) = if self.id == "sparkline" { (40, 16) } else { (360, 240) };
        Frame::file(width.clamp(least_width, 2_400), height.clamp(least_height, 1_600), theme)
    }
}

/// Every chart, in the order the manual shows it.
pub const CHARTS: &[Chart] = &[
    Chart {
        id: "trend",
        title: "Trend",
        about: "One metric over periods, up to six scopes: line, 95 % band, gaps for missing periods, what is not over \
                dashed. Takes the series; two further series of whole ranges give the title its comparison.",
        draw: |series, frame| for_its_place(trend::draw, NARROW.1, series, frame),
        accepts: |_| true,
    },
    Chart {
        id: "cadence",
        title: "Cadence",
        about: "A rate or a number of events as one bar per period, a rate with its 95 % interval; a true zero is a tick, an unknown period is a gap. \
                Takes the series of one scope.",
        draw: |series, frame| for_its_place(cadence::draw, NARROW.1, series, frame),
        accepts: |metric| matches!(metric.kind, Statistic::Rate | Statistic::Events),
    },
    Chart {
        id: "reach",
        title: "Reach",
        about: "Fit times adoption is reach: one bar per component over all active services, unknown hatched. \
                Takes the series of `adoption_rate`, `coverage_fit` and `reach`; shows their last period.",
        draw: |series, frame| for_its_place(reach::draw, reach::narrow_height(series), series, frame),
        accepts: |metric| matches!(metric.id, "adoption_rate" | "coverage_fit" | "reach"),
    },
    Chart {
        id: "score",
        title: "Score",
        about: "A survey score per period as points with 95 % whiskers and the number of answers. Takes the series.",
        draw: |series, frame| for_its_place(score::draw, NARROW.1, series, frame),
        accepts: |metric| matches!(metric.kind, Statistic::Score),
    },
    Chart {
        id: "sparkline",
        title: "Sparkline",
        about: "The shape of the last periods without axes, for tables and tiles. Takes the series of one scope.",
        draw: sparkline::draw,
        accepts: |_| true,
    },
];

/// One drawing, and where it stands wide in a page, whose reader may hold a phone, a narrow one behind it.
fn for_its_place(draw: Drawing, narrow_height: u32, series: &[Series], frame: &Frame) -> Svg {
    let drawn = draw(series, frame);
    if frame.medium == Medium::File || frame.width < WIDE || frame.is_tiny() {
        return drawn;
    }
    drawn.with_narrow(&draw(series, &Frame::inline(NARROW.0, narrow_height)))
}

/// Components under the names that people use, in this order: id and title of each, also of those that the series does
/// not show, because each has its colour by its place here. Other scopes stay as they are.
pub fn under_titles(series: &mut Series, components: &[(&str, &str)]) {
    let place = |cell: &Cell| components.iter().position(|(id, _)| *id == cell.scope);
    if series.cells.iter().all(|cell| cell.scope_kind == "component") {
        series.cells.sort_by_key(place);
        series.order = components.iter().map(|(_, title)| (*title).to_owned()).collect();
    }
    let cells = series.cells.iter_mut().map(|cell| (&cell.scope_kind, &mut cell.scope));
    let compared = series.compared.iter_mut().map(|found| (&found.scope_kind, &mut found.scope));
    for (_, scope) in cells.chain(compared).filter(|(kind, _)| *kind == "component") {
        if let Some((_, title)) = components.iter().find(|(id, _)| id == scope) {
            (*title).clone_into(scope);
        }
    }
}

/// The chart of this id.
pub fn find(id: &str) -> Option<&'static Chart> {
    CHARTS.iter().find(|chart| chart.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advances::{self, Weight};
    use crate::invented::{ninety_days, quarters, series, wave, weeks};
    use resvg::usvg::roxmltree::{Document, Node};
    use std::collections::BTreeSet;

    const HOSTILE: &str = "</text><script>alert(1)</script>\"'&\u{1}";

    /// What every chart has to survive: name and the scopes and values that it is made of.
    fn cases(metric: &str, range: &dyn Fn(u64) -> waymark_analytics::Window) -> Vec<(&'static str, Series)> {
        let unit = |share: f64, seconds: f64, points: f64| match waymark_analytics::find(metric).map(|metric| metric.unit) {
            Some(waymark_analytics::Unit::Seconds) => seconds,
            Some(waymark_analytics::Unit::Points) => points,
            Some(waymark_analytics::Unit::PerServiceWeek | waymark_analytics::Unit::DaysPerWeek) => share * 4.0,
            Some(waymark_analytics::Unit::Count) => (share * 400.0).round(),
            _ => share,
        };
        let value = |place: usize, index: usize| {
            let lift = 0.1 * place as f64 + 0.04 * wave(place, index);
            unit(0.5 + lift, 90_000.0 * (1.0 + lift), 20.0 + 90.0 * lift)
        };
        let one = [("organisation", "Example")];
        let six = ["a", "b", "c", "d", "e", "f", "g"].map(|name| ("team", name));
        vec![
            ("ordinary", series(metric, range(13), &one, |place, index| Some((value(place, index), 60)))),
            (
                "several",
                series(metric, range(13), &six, |place, index| Some((value(place, index), 60 + i64::from(index % 5 == 0)))),
            ),
            ("close", series(metric, range(13), &six, |_, index| Some((value(0, index), 60)))),
            (
                "a year",
                series(metric, range(53), &one, |place, index| Some((value(place, index), 60 + i64::from(index % 5 == 0)))),
            ),
            ("empty", series(metric, range(13), &one, |_, _| None)),
            ("nothing", series(metric, range(0), &[], |_, _| None)),
            ("one point", series(metric, range(1), &one, |place, index| Some((value(place, index), 60)))),
            ("gap", series(metric, range(13), &one, |place, index| (index % 4 != 1).then(|| (value(place, index), 60)))),
            ("zero", series(metric, range(13), &one, |_, _| Some((0.0, 60)))),
            ("hostile", series(metric, range(13), &[("team", HOSTILE)], |place, index| Some((value(place, index), 60)))),
            (
                "long",
                series(
                    metric,
                    range(13),
                    &[("team", "a-team-whose-name-has-forty-characters-x"), ("team", "b")],
                    |place, index| Some((value(place, index), 60)),
                ),
            ),
            (
                "right to left",
                series(metric, range(13), &[("team", "\u{5e6}\u{5d5}\u{5d5}\u{5ea}")], |place, index| {
                    Some((value(place, index), 60))
                }),
            ),
        ]
    }

    /// For a page and for a file, wide and narrow.
    const FRAMES: [Frame; 3] =
        [Frame::inline(720, 340), Frame::file(400, 260, Theme::Auto), Frame::file(900, 420, Theme::Dark)];
    /// The least and the most that anybody may ask for.
    const EXTREMES: [Frame; 4] = [
        Frame::inline(16, 16),
        Frame::file(160, 40, Theme::Auto),
        Frame::file(240, 150, Theme::Light),
        Frame::file(2_400, 1_600, Theme::Light),
    ];

    /// Every drawing of every chart, twice.
    fn drawings(frames: &[Frame]) -> Vec<(String, Svg, Svg)> {
        let mut drawn = Vec::new();
        for chart in CHARTS {
            for metric in waymark_analytics::METRICS.iter().filter(|metric| (chart.accepts)(metric)) {
                let range: &dyn Fn(u64) -> waymark_analytics::Window =
                    if metric.id == "nps" { &|count| quarters(count.min(6)) } else { &|count| weeks(count) };
                for (name, made) in cases(metric.id, range) {
                    let all: Vec<Series> = if chart.id == "reach" {
                        let named = |id| waymark_analytics::find(id).map(|metric| Series { metric, ..made.clone() });
                        ["adoption_rate", "coverage_fit", "reach"].into_iter().filter_map(named).collect()
                    } else {
                        vec![made]
                    };
                    for frame in frames {
                        let what = format!("{} of {}: {name} at {}", chart.id, metric.id, frame.width);
                        drawn.push((what, (chart.draw)(&all, frame), (chart.draw)(&all, frame)));
                    }
                }
            }
        }
        drawn
    }

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<&str> = CHARTS.iter().map(|chart| chart.id).collect();
        assert_eq!(ids.len(), CHARTS.len());
    }

    /// The markup of a drawing, and of the one for narrow screens behind it.
    fn sheets(svg: &Svg) -> Vec<&str> {
        svg.as_str().split_inclusive("</svg>").collect()
    }

    #[test]
    fn what_is_wide_in_a_page_has_a_drawing_for_a_phone_and_a_file_has_not() {
        let teams = [("team", "checkout"), ("team", "payments")];
        let made = series("change_lead_time", weeks(13), &teams, |_, _| Some((90_000.0, 60)));
        let drawn = |frame: Frame| (find("trend").unwrap().draw)(std::slice::from_ref(&made), &frame);
        let wide = drawn(Frame::inline(1_120, 340));
        let [_, narrow] = sheets(&wide)[..] else { panic!("not two drawings: {}", wide.as_str()) };
        assert!(narrow.contains("viewBox=\"0 0 366 380\"") && narrow.contains("checkout"), "{narrow}");
        for frame in [Frame::inline(412, 290), Frame::inline(220, 36), Frame::file(1_120, 340, Theme::Light)] {
            assert_eq!(sheets(&drawn(frame)).len(), 1, "{frame:?}");
        }
    }

    #[test]
    fn a_phone_sees_every_bar_of_reach_whole_with_its_value() {
        let names: Vec<String> = (0..9).map(|place| format!("a component of the platform, the {place}th")).collect();
        let components: Vec<(&str, &str)> = names.iter().map(|name| ("component", name.as_str())).collect();
        let three = ["adoption_rate", "coverage_fit", "reach"].map(|id| {
            let share = |place: usize| if id == "coverage_fit" { 0.95 } else { 0.1 + 0.1 * place as f64 };
            series(id, weeks(1), &components, |place, _| Some((share(place), 60)))
        });
        let drawn = (find("reach").unwrap().draw)(&three, &Frame::inline(848, 369));
        let narrow = sheets(&drawn)[1];
        assert_eq!(narrow.matches("class=\"wm-point\"").count(), names.len(), "{narrow}");
        assert!(narrow.contains(">10 % reach<") && narrow.contains(">90 % reach<"), "{narrow}");
        // What is eligible without using it is too pale for its fill to be seen alone.
        assert!(narrow.contains("fill-opacity=\"0.24\" stroke=\"var(--wm-series-1,"), "{narrow}");
    }

    #[test]
    fn the_value_of_the_last_bar_covers_no_bar_before_it() {
        let organisation = [("organisation", "Example")];
        let value = |_: usize, index: usize| Some((if index < 12 { 1.9 } else { 1.2 }, 24));
        let mut made = series("deployment_frequency", weeks(13), &organisation, value);
        for is_partial in [false, true] {
            made.cells.iter_mut().skip(12).for_each(|cell| cell.is_partial = is_partial);
            let drawn = (find("cadence").unwrap().draw)(std::slice::from_ref(&made), &Frame::inline(1_120, 340));
            for sheet in sheets(&drawn) {
                let read = Document::parse(sheet).unwrap();
                let bars = read.descendants().filter(|node| node.has_tag_name("rect"));
                let right = bars.map(|bar| number(bar, "x") + number(bar, "width")).fold(0.0, f64::max);
                let value = read.descendants().find(|node| node.has_tag_name("text") && node.text() == Some("1.2")).unwrap();
                assert!(right > 100.0 && text_box(value).0 > right, "{sheet}");
            }
        }
    }

    #[test]
    fn a_share_stands_on_zero_and_an_axis_without_zero_says_so() {
        let one = [("component", "tracing")];
        let drawn = |made: Series| (find("trend").unwrap().draw)(&[made], &Frame::file(1_120, 340, Theme::Light)).into_string();
        let share = drawn(series("adoption_rate", weeks(13), &one, |_, index| Some((0.72 + 0.002 * index as f64, 60))));
        assert!(share.contains(">0</text>") && !share.contains("axis cut"), "{share}");
        // By hand: with 60 answers the intervals reach 27 points to both sides.
        let score = |value: f64| drawn(series("nps", quarters(4), &one, |_, _| Some((value, 60))));
        assert!(score(54.0).contains("axis cut: zero is not on it"), "{}", score(54.0));
        assert!(!score(20.0).contains("axis cut"), "{}", score(20.0));
    }

    #[test]
    fn a_shape_without_data_says_so_in_words() {
        let made = series("retention", weeks(13), &[("component", "tracing")], |_, _| None);
        let drawn = (find("sparkline").unwrap().draw)(std::slice::from_ref(&made), &Frame::inline(220, 36));
        assert!(
            drawn.as_str().contains(">no data</text>") && drawn.title() == "Retention, tracing: no data",
            "{}",
            drawn.as_str()
        );
        let mut withheld = series("nps", quarters(3), &[("component", "platform")], |_, _| None);
        withheld.cells.iter_mut().for_each(|cell| cell.sample_size = None);
        let drawn = (find("sparkline").unwrap().draw)(&[withheld], &Frame::inline(60, 20));
        assert_eq!(drawn.title(), "Net promoter score, platform: withheld to protect people");
    }

    #[test]
    fn a_young_curve_says_that_it_is_young() {
        // Sixty began in each week but the last, and nobody can have stayed for 90 days.
        let mut made =
            series("retention_curve", weeks(4), &[("component", "tracing")], |_, index| (index < 3).then_some((0.5, 60)));
        for cell in &mut made.cells {
            (cell.value, cell.low, cell.high, cell.is_partial) = (None, None, None, true);
        }
        let drawn = |id: &str, frame: Frame| (find(id).unwrap().draw)(std::slice::from_ref(&made), &frame);
        let placard = drawn("trend", Frame::default());
        assert!(placard.as_str().contains(">nothing to draw: too young for 90 days (n = 60)</text>"), "{}", placard.as_str());
        assert_eq!(placard.title(), "Retention curve: too young for 90 days (n = 60)");
        let shape = drawn("sparkline", Frame::inline(220, 36));
        assert!(shape.as_str().contains(">too young for 90 days (n = 60)</text>"), "{}", shape.as_str());
    }

    #[test]
    fn every_drawing_is_well_formed_described_and_the_same_twice() {
        for (what, svg, again) in drawings(&FRAMES).into_iter().chain(drawings(&EXTREMES)) {
            assert_eq!(svg, again, "{what}");
            assert!(!svg.as_str().contains("<script") && !svg.as_str().contains('\u{1}'), "{what}");
            assert!(!svg.as_str().contains("NaN") && !svg.as_str().contains("inf\""), "{what}");
            for sheet in sheets(&svg) {
                let read = Document::parse(sheet);
                assert!(read.is_ok(), "{what}: {read:?}");
            }
            assert!(!svg.title().is_empty() && !svg.description().is_empty(), "{what}");
        }
    }

    #[test]
    fn no_two_texts_overlap_and_none_leaves_the_sheet() {
        let drawings = drawings(&FRAMES).into_iter().filter(|(what, ..)| !what.starts_with("sparkline"));
        let sheets = drawings.flat_map(|(what, svg, _)| {
            sheets(&svg).into_iter().map(|sheet| (what.clone(), sheet.to_owned())).collect::<Vec<_>>()
        });
        for (what, sheet) in sheets {
            let Ok(read) = Document::parse(&sheet) else { continue };
            let width = number(read.root_element(), "width");
            let boxes: Vec<(f64, f64, f64, f64, &str)> =
                read.descendants().filter(|node| node.has_tag_name("text")).map(text_box).collect();
            for (index, one) in boxes.iter().enumerate() {
                assert!(one.0 >= -1.0 && one.1 <= width + 1.0, "{what}: `{}` leaves the sheet: {one:?}", one.4);
                for other in boxes.iter().skip(index + 1) {
                    let is_apart = one.1 <= other.0 || other.1 <= one.0 || one.3 <= other.2 || other.3 <= one.2;
                    assert!(is_apart, "{what}: `{}` and `{}` overlap: {one:?} {other:?}", one.4, other.4);
                }
            }
        }
    }

    fn number(node: Node<'_, '_>, name: &str) -> f64 {
        node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// Left, right, top and bottom of the letters, and the text.
    fn text_box<'a>(node: Node<'a, '_>) -> (f64, f64, f64, f64, &'a str) {
        let (x, y, size, text) = (number(node, "x"), number(node, "y"), number(node, "font-size"), node.text().unwrap_or(""));
        let weight = if node.attribute("font-weight").is_some() { Weight::Semibold } else { Weight::Regular };
        let width = advances::width(text, size, weight) / 1.04;
        let left = match node.attribute("text-anchor") {
            Some("middle") => x - width / 2.0,
            Some("end") => x - width,
            _ => x,
        };
        (left, left + width, y - size * 0.74, y + size * 0.12, text)
    }

    #[test]
    fn two_whole_ranges_give_the_title_its_comparison() {
        let organisation = [("organisation", "Example")];
        let given = [
            series("change_lead_time", weeks(13), &organisation, |_, _| Some((90_000.0, 60))),
            series("change_lead_time", ninety_days(1), &organisation, |_, _| Some((200_000.0, 600))),
            series("change_lead_time", ninety_days(0), &organisation, |_, _| Some((90_000.0, 600))),
        ];
        let svg = (find("trend").unwrap().draw)(&given, &Frame::default());
        assert_eq!(svg.title(), "Change lead time fell from 2.3 d to 1 d");
    }

    #[test]
    fn a_verdict_counts_scopes_that_are_not_drawn() {
        let teams = ["a", "b", "c", "d", "e", "f", "g"].map(|name| ("team", name));
        let given = [
            series("change_lead_time", weeks(13), &teams, |_, _| Some((90_000.0, 60))),
            series("change_lead_time", ninety_days(1), &teams, |place, _| {
                Some((if place == 6 { 200_000.0 } else { 90_000.0 }, 600))
            }),
            series("change_lead_time", ninety_days(0), &teams, |_, _| Some((90_000.0, 600))),
        ];
        let svg = (find("trend").unwrap().draw)(&given, &Frame::default());
        assert_eq!(svg.title(), "Change lead time changed clearly in 1 of 7 teams");
    }

    #[test]
    fn a_missing_week_is_no_zero_and_a_zero_is_drawn() {
        let organisation = [("organisation", "Example")];
        let frequency = |value: Option<(f64, i64)>| {
            let made =
                series(
                    "deployment_frequency",
                    weeks(3),
                    &organisation,
                    |_, index| {
                        if index == 1 { value } else { Some((2.0, 24)) }
                    },
                );
            (find("cadence").unwrap().draw)(&[made], &Frame::inline(412, 290)).into_string()
        };
        let points = |svg: &str| svg.matches("class=\"wm-point\"").count();
        assert_eq!(points(&frequency(None)), 2);
        assert_eq!(points(&frequency(Some((0.0, 0)))), 3);
    }
}
