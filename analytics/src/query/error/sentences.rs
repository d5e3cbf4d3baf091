//! The engine's sentences in our words.
//!
//! What only shows once rows are read is told by fixed sentences, because the engine quotes what it read. What shows
//! before may be quoted, but without the engine's inner life: its types of plans, its trees, where to report a bug.

use super::QueryError;

/// What the engine has no step for is mostly a subquery that asks again for every row.
const NO_SUCH_STEP: &str = "a step of this question, such as a subquery that is asked again for every row: say it as a join";

/// What the engine says where a result is beyond its type.
const BEYOND_ITS_TYPE: &[&str] = &[
    "Overflow happened on",
    "integer overflow",
    "out of range after truncating",
    "overflow on abs(",
    "start position overflow",
    "Timestamp out of range",
];

/// What the engine says of arguments that a function does not take, and what is wrong with them.
const MISTAKES: &[(&str, &str)] = &[
    ("regex parse error", "a regular expression cannot be read"),
    ("Compiled regex exceeds", "a regular expression is too large"),
    ("DATE_BIN stride", "`date_bin` takes an interval that is longer than nothing"),
    ("Date part '", "there is no such part of a date or time"),
    ("Unsupported date_trunc granularity", "`date_trunc` knows microsecond to hour, day, week, month, quarter and year"),
    ("Month value '", "there is no such month"),
    ("Day value '", "there is no such day"),
    ("Unable to parse date", "there is no such day"),
    ("Hour value '", "there is no such hour"),
    ("Minute value '", "there is no such minute"),
    ("Second value '", "there is no such second"),
    ("Expected an integer value", "`lag`, `lead` and `nth_value` take a whole number of rows"),
    ("NTILE requires", "`ntile` takes a whole number from 1"),
    ("negative count not allowed", "`substr` takes no negative length"),
    ("field position must not be zero", "`split_part` counts from 1, and from the end from -1"),
    ("requires start to be 1", "`regexp_count` and `regexp_instr` count from 1"),
    ("start_from out of bounds", "`array_position` counts from 1"),
    ("invalid stride: 0", "a slice of a list takes no step of 0"),
    ("step can't be 0", "a series takes no step of 0"),
    ("expects DESC or ASC", "`array_sort` knows `'ASC'` and `'DESC'`"),
    ("invalid Unicode scalar value", "`chr` takes the number of a character"),
    ("Failed to decode value", "`decode` was given a text that is not so encoded"),
    ("Encoding must be", "`encode` and `decode` know base64, base64pad and hex"),
    ("factorial of a negative number", "`factorial` takes no negative number"),
    ("square root of a negative number", "`sqrt` takes no negative number"),
    ("zero raised to a negative power", "`power` takes no negative power of 0"),
    ("returned more than one row", "a subquery in the place of one value has several rows"),
    (
        "the thresholds of `width_bucket`",
        "the thresholds of `width_bucket` must be known, in ascending order and the same for all rows",
    ),
];

/// The caller's mistake of which the engine speaks, without a word of the engine's; nothing if it is none that we know.
pub(super) fn mistake(sentence: &str) -> Option<QueryError> {
    if BEYOND_ITS_TYPE.iter().any(|sign| sentence.contains(*sign)) {
        return Some(QueryError::ValueNotConvertible { message: "a value is out of the range of its type".to_owned() });
    }
    let (_, what) = MISTAKES.iter().find(|(sign, _)| sentence.contains(*sign))?;
    Some(QueryError::BadParameter { what: (*what).to_owned() })
}

/// What the engine cannot do, without the tree of the syntax or of the plan behind it.
pub(super) fn unsupported(what: &str) -> String {
    if what.starts_with("Physical plan does not support") {
        return NO_SUCH_STEP.to_owned();
    }
    let end = [':', '{', '\n'];
    match what.strip_prefix("Unsupported ast node in sqltorel: ") {
        Some(node) => format!("`{}`", node.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase()),
        None => what.split(end).next().unwrap_or_default().trim_end().to_owned(),
    }
}

/// What the planner says of the caller's text, in one line.
pub(super) fn planned(message: &str) -> String {
    if let Some((_, call)) = message.split_once("No function matches the given name and argument types '") {
        let (call, forms) = call.split_once("'. You might").unwrap_or((call, ""));
        let forms = forms.lines().map(str::trim).filter(|form| form.contains('(') && !form.contains("UserDefined"));
        let forms: Vec<String> = forms.map(|form| format!("`{form}`")).collect();
        let known = if forms.is_empty() { String::new() } else { format!(", there are {}", forms.join(", ")) };
        return format!("there is no `{call}`: the function takes other types or another number of arguments{known}");
    }
    if message.contains("Internal error") || message.contains("issue tracker") {
        return "the engine has no plan for this question".to_owned();
    }
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_behind_a_sentence_is_left_out() {
        let collate = "Unsupported ast node in sqltorel: Collate { expr: Value(ValueWithSpan { value: \"a\" }) }";
        assert_eq!(unsupported(collate), "`collate`");
        assert_eq!(unsupported("Unsupported LIMIT expression: Some(ScalarSubquery(..))"), "Unsupported LIMIT expression");
        let conflict = "Conflicting ordering requirements in aggregate functions is not supported";
        assert_eq!(unsupported(conflict), conflict);
        assert_eq!(unsupported("Physical plan does not support logical expression Exists(..)"), NO_SUCH_STEP);
    }

    #[test]
    fn a_call_that_fits_no_form_is_told_with_those_that_there_are() {
        let message = "Internal error: Function 'sum' failed to match any signature, errors: Error during planning\n\
            This issue was likely caused by a bug in DataFusion's code. Please help us in our issue tracker. \
            No function matches the given name and argument types 'sum(Utf8)'. You might need to add explicit type casts.\n\
            \tCandidate functions:\n\tsum(Decimal)\n\tsum(Int64)";
        let said = "there is no `sum(Utf8)`: the function takes other types or another number of arguments, \
                    there are `sum(Decimal)`, `sum(Int64)`";
        assert_eq!(planned(message), said);
        let own = "No function matches the given name and argument types 'coalesce(Timestamp(µs, \"UTC\"), Utf8)'. \
                   You might need to add explicit type casts.\n\tCandidate functions:\n\tcoalesce(UserDefined)";
        let said = "there is no `coalesce(Timestamp(µs, \"UTC\"), Utf8)`: the function takes other types or another number \
                    of arguments";
        assert_eq!(planned(own), said);
        assert_eq!(planned("Internal error: a field was lost.\nThis issue"), "the engine has no plan for this question");
        assert_eq!(planned("UNION queries have different number of columns"), "UNION queries have different number of columns");
    }
}
