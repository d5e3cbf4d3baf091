//! What the tables of SQL hold, in words: facts and weekly views by the head of their statement, registers here. Beside
//! them the functions of ours, and what SQL calls the types of columns.
//!
//! Which tables people may read is said by the engine.

use crate::catalogue::head;
use crate::facts::{FACTS, made_by_a_walk};
use crate::views::VIEWS;

/// What the organisation says of itself, as tables; in the order of the manual.
const REGISTERS: &[(&str, &str)] = &[
    ("settings", "One row: the settings that belong to definitions, and the zone in which days begin."),
    ("environments", "One row per rule by which the name of an environment has a tier; the first that fits counts."),
    ("service_paths", "One row per path of a shared repository that belongs to a service."),
    ("hotfix_rules", "One row per mark by which a pull request is known to mend something."),
    ("verdicts", "One row per deployment that a person has judged."),
    ("components", "One row per component of the platform, with the days of its life."),
    ("component_names", "One row per name of a component, its id and its former ids among them."),
    ("fit_rules", "One row per condition that a service must meet; a component without a row fits all."),
    ("rings", "One row per ring of services that get a component earlier than others."),
    ("releases", "One row per version of a component, as it was announced."),
    ("passages", "One row per mark by which a deployment is known to have gone through a component."),
    ("alternatives", "One row per tool that is used in place of a component, with who sells it."),
    ("mandates", "One row per demand that services use a component; empty lists mean every service that it fits."),
    ("exemptions", "One row per service that may stay off the path, as it was granted."),
    ("targets", "One row per share of eligible services that was promised, and by when."),
    ("migrations", "One row per migration: from what to what, since when and until when."),
    ("migration_blocks", "One row per service of a migration that cannot move yet, and why."),
    ("responsibilities", "One row per area and the team that answers for it."),
];

/// The functions that SQL has beside the usual ones, with their arguments and what they give; in the order of the manual.
pub const FUNCTIONS: &[(&str, &str)] = &[
    (
        "quantile(value, p)",
        "The quantile `p` of type 7; `p` is a literal between 0 and 1. Null of fewer values than limits need: 6 for the \
         median, 13 for 0.75, 36 for 0.9.",
    ),
    ("quantile_low(value, p)", "Its lower limit."),
    ("quantile_high(value, p)", "Its upper limit."),
    (
        "survival_quantile(duration, has_ended, p)",
        "The same of durations of which some still go on (Kaplan–Meier). Null where it is not reached, and of too few.",
    ),
    ("survival_quantile_low(duration, has_ended, p)", "Its lower limit; where it is not reached, the longest duration so far."),
    ("survival_quantile_high(duration, has_ended, p)", "Its upper limit; null where there is none."),
    ("wilson_low(part, whole)", "The lower limit of the share `part / whole`."),
    ("wilson_high(part, whole)", "Its upper limit."),
    ("poisson_low(count)", "The lower limit of a count of events."),
    ("poisson_high(count)", "Its upper limit."),
    (
        "nps_low(promoters, answers, detractors)",
        "The lower limit of a net promoter score, in points; `answers` are all of them, the passive ones included.",
    ),
    ("nps_high(promoters, answers, detractors)", "Its upper limit."),
    ("plus_seconds(at, seconds)", "The instant so many seconds after another."),
    ("seconds_between(from, to)", "The seconds from one instant to another, negative when that is the earlier."),
    (
        "width_bucket(value, thresholds)",
        "How many of `thresholds`, a list in ascending order, are not above `value`, an instant or a day as they are.",
    ),
    ("local_midnight(day)", "The instant at which a day begins in the organisation's zone."),
];

/// What SQL calls the types of the engine; lists, dictionaries and decimals are read in `type_name`.
const TYPE_NAMES: &[(&str, &[&str])] = &[
    ("text", &["Utf8", "LargeUtf8", "Utf8View"]),
    ("integer", &["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]),
    ("double", &["Float64"]),
    ("real", &["Float16", "Float32"]),
    ("boolean", &["Boolean"]),
    ("timestamp", &["Timestamp"]),
    ("date", &["Date32", "Date64"]),
    ("time", &["Time32", "Time64"]),
    ("interval", &["Interval", "Duration"]),
    ("bytea", &["Binary", "LargeBinary", "FixedSizeBinary", "BinaryView"]),
    ("struct", &["Struct"]),
    ("map", &["Map"]),
    ("null", &["Null"]),
];

/// What SQL calls a type, by what the engine calls it; a type without a name of SQL keeps that of the engine.
pub fn type_name(engine: &str) -> String {
    let engine = engine.strip_prefix("non-null ").unwrap_or(engine);
    let (word, inner) = engine.split_once(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or((engine, ""));
    match word {
        "List" | "LargeList" | "ListView" | "LargeListView" => format!("{}[]", type_name(inner)),
        "FixedSizeList" => format!("{}[]", type_name(inner.split_once(" x ").map_or(inner, |(_, of)| of))),
        "Dictionary" => type_name(inner.split_once(", ").map_or(inner, |(_, of)| of)),
        "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => {
            format!("decimal({})", inner.split(')').next().unwrap_or_default())
        }
        _ => TYPE_NAMES.iter().find(|(_, words)| words.contains(&word)).map_or(engine, |(name, _)| *name).to_owned(),
    }
}

/// Every register that has words here.
pub fn registers() -> impl Iterator<Item = &'static str> {
    REGISTERS.iter().map(|(name, _)| *name)
}

/// What a table holds: its grain first. Null for a name that is none.
pub fn about(table: &str) -> Option<String> {
    let of_fact = FACTS.iter().find(|fact| fact.name == table && !fact.sql.is_empty()).map(|fact| head(fact.sql));
    let of_view = || VIEWS.iter().find(|view| view.name == table).map(|view| head(view.sql));
    let of_register = || REGISTERS.iter().find(|(name, _)| *name == table).map(|(_, about)| (*about).to_owned());
    let of_walk = || made_by_a_walk(table).map(ToOwned::to_owned);
    of_fact.or_else(of_walk).or_else(of_view).or_else(of_register)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::{Function, functions};
    use datafusion::logical_expr::TypeSignature;
    use std::collections::{BTreeMap, BTreeSet};

    /// What every SQL has, and is only more exact here.
    const USUAL: &[&str] = &["percentile_cont"];

    #[test]
    fn every_function_of_ours_is_told_with_its_arguments() {
        let told = FUNCTIONS.iter().map(|(call, _)| call.trim_end_matches(')').split_once('(').unwrap());
        let told: BTreeMap<&str, &str> = told.collect();
        // What needs the zone is registered beside the list.
        let mut ours = BTreeSet::from(["local_midnight".to_owned()]);
        for function in functions() {
            let (name, signature) = match &function {
                Function::Scalar(scalar) => (scalar.name(), scalar.signature()),
                Function::Aggregate(aggregate) => (aggregate.name(), aggregate.signature()),
            };
            if USUAL.contains(&name) {
                continue;
            }
            let arguments = told.get(name).unwrap_or_else(|| panic!("say in `FUNCTIONS` what `{name}` gives"));
            if let TypeSignature::Exact(exact) = &signature.type_signature {
                assert_eq!(arguments.split(", ").count(), exact.len(), "{name}({arguments})");
            }
            ours.insert(name.to_owned());
        }
        assert_eq!(told.into_keys().collect::<BTreeSet<_>>(), ours.iter().map(String::as_str).collect::<BTreeSet<_>>());
    }

    #[test]
    fn types_are_called_as_in_sql_whatever_holds_them() {
        for (engine, name) in [
            ("Utf8", "text"),
            ("Dictionary(UInt32, Utf8)", "text"),
            ("List(Timestamp(µs, \"UTC\"))", "timestamp[]"),
            ("List(non-null Dictionary(UInt32, Utf8), field: 'element')", "text[]"),
            ("LargeList(List(Int64))", "integer[][]"),
            ("FixedSizeList(3 x Float64)", "double[]"),
            ("Decimal128(38, 10)", "decimal(38, 10)"),
            ("List(Decimal128(5, 2), field: 'x')", "decimal(5, 2)[]"),
            ("Date32", "date"),
            ("Union(Sparse, 0: (\"a\": Int32))", "Union(Sparse, 0: (\"a\": Int32))"),
        ] {
            assert_eq!(type_name(engine), name, "{engine}");
        }
    }
}
