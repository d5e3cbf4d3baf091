//! The first gate: a text is measured, then parsed, then its syntax is compared with what may be
//! asked (`syntax.rs`) and read as PostgreSQL reads it (`dialect.rs`).
//!
//! Parser, planner and optimiser are recursive, and so is dropping what they make: a chain of two
//! thousand `or` ends the process on a small stack. So a text is counted first (`tokens.rs`), in
//! one pass and without recursion. What names and types mean is not known yet: `plan.rs` checks that.

#[cfg(test)]
pub(super) mod tests;
mod tokens;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::error::QueryError;
use super::{dialect, syntax};

/// Longest text, in bytes of UTF-8.
const TEXT_BYTES_MAX: u64 = 256 * 1024;
/// How often the parser may call itself.
const RECURSION_MAX: usize = 50;
/// Deepest nesting of brackets, each of which is at least one such call.
pub(crate) const NESTING_MAX: u64 = RECURSION_MAX as u64;

/// Measures, parses and checks one statement that a caller wrote.
pub(crate) fn check_text(sql: &str) -> Result<Statement, QueryError> {
    at_most("bytes of text", sql.len() as u64, TEXT_BYTES_MAX)?;
    // Editors of some systems begin a file with this mark, which says nothing.
    let sql = sql.strip_prefix('\u{feff}').unwrap_or(sql);
    if let Some((before, _)) = sql.split_once('\0') {
        let (line, column) = place_after(before);
        return Err(QueryError::Syntax { line, column, message: "the text contains a NUL character".to_owned() });
    }
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|error| QueryError::Syntax {
        line: error.location.line,
        column: error.location.column,
        message: error.message,
    })?;
    let meaning: Vec<&Token> = meaning(&tokens);
    tokens::check(&meaning)?;
    check_opening(&meaning)?;
    let mut statements = DFParserBuilder::new(tokens)
        .with_dialect(&dialect)
        .with_recursion_limit(RECURSION_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| placed(QueryError::from_planning(error), sql))?;
    if statements.len() > 1 {
        return Err(QueryError::StatementNotAllowed { what: "more than one statement".to_owned() });
    }
    let mut statement = statements.pop_front().ok_or_else(nothing_asked)?;
    syntax::check(&statement)?;
    dialect::adapt(&mut statement);
    Ok(statement)
}

/// Refuses more than a limit allows.
pub(crate) fn at_most(limit: &'static str, found: u64, max: u64) -> Result<(), QueryError> {
    if found > max { Err(QueryError::TooComplex { limit, found, max }) } else { Ok(()) }
}

/// A parser that misses something at the end of a text says no place: it is the one behind the text.
fn placed(error: QueryError, sql: &str) -> QueryError {
    match error {
        QueryError::Syntax { line: 0, message, .. } => {
            let (line, column) = place_after(sql);
            QueryError::Syntax { line, column, message }
        }
        other => other,
    }
}

/// Line and column behind a text, as the parser counts them.
fn place_after(text: &str) -> (u64, u64) {
    let last = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() as u64 + 1, last.chars().count() as u64 + 1)
}

/// The tokens without white space and comments.
fn meaning(tokens: &[TokenWithSpan]) -> Vec<&Token> {
    tokens.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_) | Token::EOF)).collect()
}

/// A statement that cannot be a question is refused as such, whether or not the parser knows it.
fn check_opening(tokens: &[&Token]) -> Result<(), QueryError> {
    let first = tokens.iter().find(|token| !matches!(token, Token::SemiColon)).ok_or_else(nothing_asked)?;
    let Token::Word(word) = first else { return Ok(()) };
    match word.keyword {
        Keyword::SELECT | Keyword::WITH | Keyword::VALUES => Ok(()),
        Keyword::EXPLAIN => {
            // The parser calls itself for each of them, and does not count how often.
            let explains = tokens.iter().filter(|token| is_keyword(token, Keyword::EXPLAIN)).count();
            if explains > 1 {
                return Err(QueryError::StatementNotAllowed { what: "`explain` of `explain`".to_owned() });
            }
            Ok(())
        }
        _ => Err(QueryError::StatementNotAllowed { what: format!("`{}`", word.value.to_lowercase()) }),
    }
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

fn nothing_asked() -> QueryError {
    QueryError::Syntax { line: 1, column: 1, message: "the text holds no statement".to_owned() }
}
