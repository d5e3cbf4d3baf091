//! Why a question was not answered, in the vocabulary of the problem types.
//!
//! Up to and including optimisation an error can only quote the caller's own text, so it may be
//! shown. Once rows are read it may quote anybody's data, so it becomes one of a few fixed
//! sentences (`error/sentences.rs`) and its cause is kept for the log at debug level. HTTP statuses and
//! SQLSTATEs are the transports' business.

mod sentences;

use std::error::Error;
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

use super::guard::NESTING_MAX;

/// Why a question was refused, or why it stopped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not SQL.
    #[error("cannot read the statement at line {line}, column {column}: {message}")]
    Syntax {
        /// Line of the text, from 1; 0 if the parser does not say.
        line: u64,
        /// Column of that line, from 1; 0 if the parser does not say.
        column: u64,
        /// What the parser expected and found.
        message: String,
    },
    /// The statement does something other than ask.
    #[error("{what} is not allowed: ask with one `select`, `with … select` or `values`, or `explain` it")]
    StatementNotAllowed {
        /// The kind of statement or clause that was found.
        what: String,
    },
    /// No table of this name exists for this caller.
    #[error("there is no table `{name}`")]
    NoSuchTable {
        /// The name as it was looked up.
        name: String,
    },
    /// No column of this name exists where it was used.
    #[error("there is no column `{name}`")]
    NoSuchColumn {
        /// The name as it was looked up.
        name: String,
    },
    /// No function of this name exists.
    #[error("there is no function `{name}`")]
    NoSuchFunction {
        /// The name as it was called.
        name: String,
    },
    /// The engine or the guard does not offer this part of SQL.
    #[error("not supported: {what}")]
    NotSupported {
        /// The part of SQL.
        what: String,
    },
    /// A parameter is missing, of the wrong type or out of its range.
    #[error("bad parameter: {what}")]
    BadParameter {
        /// Which parameter, and what is wrong with it.
        what: String,
    },
    /// A value cannot be read as the type that was asked for.
    #[error("{message}")]
    ValueNotConvertible {
        /// A fixed sentence, or the caller's own literal.
        message: String,
    },
    /// A number was divided by zero.
    #[error("division by zero: divide by `nullif(x, 0)`")]
    DivisionByZero,
    /// The question is larger than the guard lets through.
    #[error("the question is too complex: {} {limit}, {max} are allowed", amount(*.found))]
    TooComplex {
        /// What was counted, as a plural.
        limit: &'static str,
        /// How many there are, or how many were counted before giving up; the largest number stands for no bound.
        found: u64,
        /// How many are allowed.
        max: u64,
    },
    /// The answer has more rows than the caller may receive.
    #[error("the answer has more than {rows_max} rows: aggregate, page by a key, or ask for a streamed format")]
    ResultTooLarge {
        /// How many rows are allowed.
        rows_max: u64,
    },
    /// The answer takes more memory than the caller may receive.
    #[error("the answer has more than {bytes_max} bytes: ask for fewer columns or rows, or aggregate")]
    ResultTooWide {
        /// How many bytes are allowed.
        bytes_max: u64,
    },
    /// The question, its caller or the process has used up its memory.
    #[error("the question needs more memory than it may use")]
    OutOfMemory,
    /// The time for the question is over.
    #[error("the question did not finish within {deadline_ms} ms")]
    DeadlineExceeded {
        /// How long it was allowed to take.
        deadline_ms: u64,
    },
    /// Somebody stopped the question.
    #[error("the question was cancelled")]
    Cancelled,
    /// Too many questions are running.
    #[error("too many questions are running: try again in a moment")]
    Busy,
    /// The process is going down.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The question is well formed but means nothing (types that do not fit, names that are ambiguous).
    #[error("{message}")]
    Plan {
        /// What the planner says about the caller's text.
        message: String,
    },
    /// Something failed that is not the caller's doing.
    #[error("the question could not be run")]
    Run(#[source] Arc<DataFusionError>),
}

/// How many, in words where it has no bound.
fn amount(found: u64) -> String {
    if found == u64::MAX { "an unbounded number of".to_owned() } else { found.to_string() }
}

impl QueryError {
    /// An error from parsing, planning or optimising: it may quote the caller's text.
    ///
    /// Physical planning reads statistics of files, so its errors belong to [`Self::from_execution`].
    pub fn from_planning(error: DataFusionError) -> Self {
        if let Some(known) = known_cause(&error) {
            return known;
        }
        match error.find_root() {
            DataFusionError::SQL(parser, _) => Self::from_parser(parser),
            DataFusionError::NotImplemented(what) => Self::NotSupported { what: sentences::unsupported(what) },
            DataFusionError::SchemaError(schema, _) => Self::from_schema(schema),
            DataFusionError::Plan(message) => Self::from_plan_message(message),
            DataFusionError::Execution(message) => {
                sentences::mistake(message).unwrap_or_else(|| Self::Plan { message: sentences::planned(message) })
            }
            DataFusionError::ArrowError(arrow, _) => match arrow.as_ref() {
                ArrowError::DivideByZero => Self::DivisionByZero,
                ArrowError::CastError(message)
                | ArrowError::ParseError(message)
                | ArrowError::InvalidArgumentError(message)
                | ArrowError::ComputeError(message)
                | ArrowError::ArithmeticOverflow(message) => Self::ValueNotConvertible { message: message.clone() },
                _ => Self::Run(Arc::new(error)),
            },
            _ => Self::from_execution(error),
        }
    }

    /// An error from reading rows: a fixed sentence, never a value.
    pub fn from_execution(error: DataFusionError) -> Self {
        if let Some(known) = known_cause(&error) {
            return known;
        }
        let known = match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Some(Self::OutOfMemory),
            // With these three physical planning ends; what they quote is the question and no row.
            DataFusionError::NotImplemented(what) => Some(Self::NotSupported { what: sentences::unsupported(what) }),
            DataFusionError::Plan(message) => Some(Self::from_plan_message(message)),
            DataFusionError::SchemaError(schema, _) => Some(Self::from_schema(schema)),
            DataFusionError::ArrowError(arrow, _) => Self::from_arrow(arrow).or_else(|| sentences::mistake(&arrow.to_string())),
            root @ (DataFusionError::Execution(_) | DataFusionError::External(_)) => sentences::mistake(&root.to_string()),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Run(Arc::new(error)))
    }

    /// The stable name of the problem, as it ends the problem's `type`.
    pub const fn problem_type(&self) -> &'static str {
        match self {
            Self::Syntax { .. } | Self::Plan { .. } => "sql-syntax",
            Self::StatementNotAllowed { .. } => "statement-not-allowed",
            Self::NoSuchTable { .. } => "no-such-table",
            Self::NoSuchColumn { .. } => "no-such-column",
            Self::NoSuchFunction { .. } => "no-such-function",
            Self::NotSupported { .. } => "not-supported",
            Self::BadParameter { .. } => "bad-parameter",
            Self::ValueNotConvertible { .. } => "value-not-convertible",
            Self::DivisionByZero => "division-by-zero",
            Self::TooComplex { .. } => "question-too-complex",
            Self::ResultTooLarge { .. } | Self::ResultTooWide { .. } => "result-too-large",
            Self::OutOfMemory => "out-of-memory",
            Self::DeadlineExceeded { .. } => "deadline-exceeded",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::ShuttingDown => "shutting-down",
            Self::Run(_) => "internal",
        }
    }

    /// What the parser says, with the place taken out of its sentence.
    pub(crate) fn from_parser(error: &ParserError) -> Self {
        match error {
            ParserError::RecursionLimitExceeded => {
                // It gives up at the first level too many; the clauses around the brackets are some of them.
                Self::TooComplex { limit: "levels of brackets and clauses", found: NESTING_MAX + 1, max: NESTING_MAX }
            }
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => Self::syntax(message),
        }
    }

    /// A syntax error of the parser, whose sentences end in ` at Line: 1, Column: 8`.
    pub(crate) fn syntax(message: &str) -> Self {
        let place = message.rsplit_once(" at Line: ").and_then(|(text, place)| {
            let (line, column) = place.split_once(", Column: ")?;
            Some((text, line.trim().parse().ok()?, column.trim().parse().ok()?))
        });
        let (message, line, column) = place.unwrap_or((message, 0, 0));
        Self::Syntax { line, column, message: message.to_owned() }
    }

    fn from_schema(error: &SchemaError) -> Self {
        match error {
            SchemaError::FieldNotFound { field, .. } => Self::NoSuchColumn { name: field.flat_name() },
            other => Self::Plan { message: sentences::planned(&other.to_string()) },
        }
    }

    fn from_plan_message(message: &str) -> Self {
        let quoted = || message.split('\'').nth(1).unwrap_or_default().to_owned();
        if message.starts_with("table '") && message.ends_with("' not found") {
            // The catalogue is ours; the caller wrote a table, or a schema and a table.
            let name = quoted();
            let short = name.split_once('.').filter(|(_, rest)| rest.contains('.')).map(|(_, rest)| rest);
            let short = short.unwrap_or(&name);
            return Self::NoSuchTable { name: short.strip_prefix("public.").unwrap_or(short).to_owned() };
        }
        if message.starts_with("Invalid function '") || message.starts_with("table function '") {
            return Self::NoSuchFunction { name: quoted() };
        }
        if message.starts_with("column '") && message.contains("not found") {
            return Self::NoSuchColumn { name: quoted() };
        }
        Self::Plan { message: sentences::planned(message) }
    }

    fn from_arrow(error: &ArrowError) -> Option<Self> {
        match error {
            ArrowError::DivideByZero => Some(Self::DivisionByZero),
            ArrowError::ArithmeticOverflow(_) => {
                Some(Self::ValueNotConvertible { message: "a number is out of the range of its type".to_owned() })
            }
            ArrowError::CastError(text) | ArrowError::ParseError(text) => {
                Some(Self::ValueNotConvertible { message: conversion_sentence(text) })
            }
            _ => None,
        }
    }
}

/// Errors of our own travel through the engine as external errors and keep their meaning.
fn known_cause(error: &(dyn Error + 'static)) -> Option<QueryError> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(known) = current.downcast_ref::<QueryError>() {
            return Some(known.clone());
        }
        next = current.source();
    }
    None
}

/// Only a name on this list is ever taken out of an engine's sentence: the rest may be data.
const TYPES: &[&str] = &[
    "Boolean",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float16",
    "Float32",
    "Float64",
    "Date32",
    "Date64",
    "Timestamp",
    "Time32",
    "Time64",
    "Interval",
    "Duration",
    "Decimal128",
    "Decimal256",
];

fn conversion_sentence(text: &str) -> String {
    let target = text.rsplit_once(" to value of ").map(|(_, rest)| rest);
    let name =
        target.and_then(|rest| TYPES.iter().find(|name| rest.split(|c: char| !c.is_alphanumeric()).next() == Some(name)));
    let name = name.copied().unwrap_or("the type asked for");
    format!("a value could not be read as {name}: use `try_cast`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast_error(text: &str) -> DataFusionError {
        DataFusionError::ArrowError(Box::new(ArrowError::CastError(text.to_owned())), None)
    }

    #[test]
    fn an_error_of_execution_never_quotes_a_value() {
        let hidden = "Cannot cast string 'ZZSECRET to value of Float64 type' to value of Int32 type";
        let shown = QueryError::from_execution(cast_error(hidden).context("reading ZZSECRET"));
        assert_eq!(shown.to_string(), "a value could not be read as Int32: use `try_cast`");
        let other = QueryError::from_execution(cast_error("Cannot cast string to value of ZZSECRET type"));
        assert_eq!(other.to_string(), "a value could not be read as the type asked for: use `try_cast`");
        for error in [DataFusionError::Execution("ZZSECRET".to_owned()), DataFusionError::Internal("ZZSECRET".to_owned())] {
            let shown = QueryError::from_execution(error);
            assert!(!shown.to_string().contains("ZZSECRET"));
            assert_eq!(shown.problem_type(), "internal");
        }
    }

    #[test]
    fn a_mistake_of_the_caller_is_told_as_one_without_a_value() {
        let execution = |text: &str| DataFusionError::Execution(text.to_owned());
        let computed = |text: &str| DataFusionError::ArrowError(Box::new(ArrowError::ComputeError(text.to_owned())), None);
        for (error, kind) in [
            (execution("Date part 'ZZSECRET' not supported"), "bad-parameter"),
            (execution("Overflow happened on FACTORIAL(ZZSECRET)"), "value-not-convertible"),
            (computed("Regular expression did not compile: Syntax(regex parse error: ZZSECRET)"), "bad-parameter"),
            (computed("Timestamp out of range: ZZSECRET"), "value-not-convertible"),
            (DataFusionError::External("regex parse error: ZZSECRET".into()), "bad-parameter"),
        ] {
            let shown = QueryError::from_execution(error.context("reading ZZSECRET"));
            assert_eq!(shown.problem_type(), kind, "{shown}");
            assert!(!shown.to_string().contains("ZZSECRET"), "{shown}");
        }
    }

    #[test]
    fn what_physical_planning_says_of_the_question_is_the_callers() {
        let frame = DataFusionError::Plan("Invalid window frame: start bound cannot be larger than end bound".to_owned());
        let shown = QueryError::from_execution(frame);
        assert_eq!(shown.problem_type(), "sql-syntax");
        assert!(shown.to_string().starts_with("Invalid window frame"), "{shown}");
        let step = DataFusionError::NotImplemented("COUNT DISTINCT with multiple arguments".to_owned());
        assert_eq!(QueryError::from_execution(step).to_string(), "not supported: COUNT DISTINCT with multiple arguments");
    }

    #[test]
    fn a_table_is_called_as_the_caller_calls_it() {
        for (found, name) in [
            ("waymark.public.nowhere", "nowhere"),
            ("waymark.observed.nowhere", "observed.nowhere"),
            ("public.nowhere", "nowhere"),
            ("nowhere", "nowhere"),
        ] {
            let missing = QueryError::from_planning(DataFusionError::Plan(format!("table '{found}' not found")));
            assert_eq!(missing.to_string(), format!("there is no table `{name}`"));
        }
    }

    #[test]
    fn a_count_without_bound_is_said_in_words() {
        let said = |found: u64| QueryError::TooComplex { limit: "rows of a window frame", found, max: 9 }.to_string();
        assert_eq!(said(10), "the question is too complex: 10 rows of a window frame, 9 are allowed");
        let unbounded = "the question is too complex: an unbounded number of rows of a window frame, 9 are allowed";
        assert_eq!(said(u64::MAX), unbounded);
    }

    #[test]
    fn the_place_of_a_syntax_error_is_told_apart_from_its_sentence() {
        let error = QueryError::syntax("Expected: an expression, found: EOF at Line: 2, Column: 14");
        let QueryError::Syntax { line, column, message } = error else { panic!("not a syntax error") };
        assert_eq!((line, column, message.as_str()), (2, 14, "Expected: an expression, found: EOF"));
    }

    #[test]
    fn our_own_errors_survive_the_engine() {
        let cause = DataFusionError::External(Box::new(QueryError::Cancelled));
        let wrapped = DataFusionError::Shared(Arc::new(cause)).context("while joining");
        assert_eq!(QueryError::from_execution(wrapped).problem_type(), "cancelled");
    }
}
