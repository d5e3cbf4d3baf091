//! Counts a statement's tokens before anything recursive reads them.
//!
//! Two things are bounded: how deep the tree of the statement can become, and how often the parser
//! can come by a token, because it tries some constructs twice and starts again below each of them.
//! Nothing here knows whether the text is SQL.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{NESTING_MAX, QueryError, at_most, is_keyword};

/// Most tokens, white space and comments left out.
const TOKENS_MAX: u64 = 20_000;
/// Most operators; of the elements of a list only the largest counts.
const OPERATORS_MAX: u64 = 500;
/// Most `union`, `except` and `intersect` branches.
const BRANCHES_MAX: u64 = 64;
/// Most parts of one dotted name: each can be one level of nesting for the planner.
const NAME_PARTS_MAX: u64 = 10;
/// Most visits of tokens by the parser; an ordinary statement has one or two for each token.
const VISITS_MAX: u64 = 2_000_000;

/// Refuses a text whose tokens say that it would cost too much to parse, plan or drop.
pub(super) fn check(tokens: &[&Token]) -> Result<(), QueryError> {
    at_most("tokens", tokens.len() as u64, TOKENS_MAX)?;
    let mut frames = vec![Frame { visits: 1, ..Frame::default() }];
    let mut flat = Flat { branches: 1, ..Flat::default() };
    let mut previous = &Token::EOF;
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1).copied().unwrap_or(&Token::EOF);
        let is_inside = frames.len() > 1;
        let Some(frame) = frames.last_mut() else { break };
        flat.see(token, frame.visits);
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                frame.operators += u64::from(**token == Token::LBracket && ends_operand(previous));
                let inner = frame.open(previous, next);
                frames.push(inner);
                at_most("levels of nesting", frames.len() as u64 - 1, NESTING_MAX)?;
            }
            Token::RParen | Token::RBracket | Token::RBrace if is_inside => {
                let inner = frames.pop().map_or(0, |inner| inner.total());
                if let Some(outer) = frames.last_mut() {
                    outer.close(inner);
                }
            }
            _ => frame.see(token, previous, next),
        }
        previous = token;
    }
    at_most("operators", frames.iter().map(Frame::total).sum(), OPERATORS_MAX)?;
    at_most("branches of `union`, `except` and `intersect`", flat.branches, BRANCHES_MAX)?;
    at_most("parts of one name", flat.name_parts, NAME_PARTS_MAX)?;
    at_most("steps of parsing (calls are nested too deeply)", flat.visits, VISITS_MAX)
}

/// What is counted without regard to brackets.
#[derive(Default)]
struct Flat {
    branches: u64,
    name_parts: u64,
    name_parts_here: u64,
    visits: u64,
}

impl Flat {
    fn see(&mut self, token: &Token, visits: u64) {
        self.visits = self.visits.saturating_add(visits);
        self.name_parts_here = match token {
            Token::Period => self.name_parts_here.max(1) + 1,
            Token::Word(_) | Token::SingleQuotedString(_) | Token::Number(..) => self.name_parts_here,
            _ => 0,
        };
        self.name_parts = self.name_parts.max(self.name_parts_here);
        if let Token::Word(word) = token {
            let joins = matches!(word.keyword, Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS);
            self.branches += u64::from(joins);
            // Words that follow each other are no name: `a.b as c` has two parts.
            if word.keyword == Keyword::AS {
                self.name_parts_here = 0;
            }
        }
    }
}

/// One open bracket, or the text around all of them.
#[derive(Default)]
struct Frame {
    /// A list of values: its elements lie beside each other in the tree.
    is_list: bool,
    /// Rows of `values` are being listed here.
    is_values: bool,
    /// The parser expects a table here, and tries a query and a join one after the other.
    is_table: bool,
    /// Operators of this element, or of all there is if this is no list.
    operators: u64,
    /// Operators of the largest element or row that has ended.
    largest: u64,
    /// How often the parser may come by a token in here.
    visits: u64,
}

impl Frame {
    fn open(&self, previous: &Token, next: &Token) -> Self {
        let after_table = is_keyword(previous, Keyword::FROM) || is_keyword(previous, Keyword::JOIN);
        let doubled = *previous == Token::LParen && self.is_table;
        let is_table = doubled || ((after_table || *previous == Token::Comma) && *next == Token::LParen);
        let tries = if doubled { 2 } else { tries(previous) };
        Self {
            is_list: self.is_values || (is_keyword(previous, Keyword::IN) && !starts_query(next)),
            is_table,
            visits: self.visits.saturating_mul(tries),
            ..Self::default()
        }
    }

    fn close(&mut self, inner: u64) {
        if self.is_values {
            self.largest = self.largest.max(inner);
        } else {
            self.operators += inner;
        }
    }

    fn see(&mut self, token: &Token, previous: &Token, next: &Token) {
        match token {
            Token::Comma if self.is_list => {
                self.largest = self.largest.max(self.operators);
                self.operators = 0;
            }
            Token::Comma => {}
            Token::Word(word) => {
                self.is_values = word.keyword == Keyword::VALUES;
                self.operators += u64::from(is_operator_word(word.keyword));
                if word.keyword == Keyword::INTERVAL && starts_nested(next) {
                    self.visits = self.visits.saturating_mul(3);
                }
            }
            _ => {
                self.is_values = false;
                self.operators += u64::from(is_operator(token, previous));
            }
        }
    }

    fn total(&self) -> u64 {
        if self.is_list { self.largest.max(self.operators) } else { self.largest + self.operators }
    }
}

/// How often the parser reads what is in the bracket after this token: it tries an argument as a
/// named one first, and a special call that fails once more as an ordinary one.
fn tries(previous: &Token) -> u64 {
    let Token::Word(word) = previous else { return 1 };
    match word.keyword {
        Keyword::CAST
        | Keyword::TRY_CAST
        | Keyword::SAFE_CAST
        | Keyword::CONVERT
        | Keyword::EXTRACT
        | Keyword::CEIL
        | Keyword::FLOOR
        | Keyword::POSITION
        | Keyword::SUBSTR
        | Keyword::SUBSTRING
        | Keyword::OVERLAY
        | Keyword::TRIM
        | Keyword::INTERVAL
        | Keyword::ARRAY
        | Keyword::STRUCT
        | Keyword::MAP => 3,
        Keyword::SELECT
        | Keyword::DISTINCT
        | Keyword::FROM
        | Keyword::JOIN
        | Keyword::LATERAL
        | Keyword::ON
        | Keyword::USING
        | Keyword::WHERE
        | Keyword::HAVING
        | Keyword::BY
        | Keyword::AND
        | Keyword::OR
        | Keyword::NOT
        | Keyword::IN
        | Keyword::IS
        | Keyword::LIKE
        | Keyword::ILIKE
        | Keyword::BETWEEN
        | Keyword::WHEN
        | Keyword::THEN
        | Keyword::ELSE
        | Keyword::VALUES
        | Keyword::AS
        | Keyword::MATERIALIZED
        | Keyword::OVER
        | Keyword::FILTER
        | Keyword::GROUP
        | Keyword::SETS
        | Keyword::ROLLUP
        | Keyword::CUBE
        | Keyword::UNION
        | Keyword::ALL
        | Keyword::EXCEPT
        | Keyword::INTERSECT
        | Keyword::LIMIT
        | Keyword::OFFSET
        | Keyword::EXPLAIN => 1,
        _ => 2,
    }
}

fn starts_query(token: &Token) -> bool {
    [Keyword::SELECT, Keyword::WITH, Keyword::VALUES, Keyword::TABLE].into_iter().any(|word| is_keyword(token, word))
}

/// Whether what follows `interval` is more than its literal.
fn starts_nested(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(word.keyword, Keyword::INTERVAL | Keyword::NOT | Keyword::CASE) || tries(token) == 3,
        Token::LParen | Token::Minus | Token::Plus | Token::Tilde => true,
        _ => false,
    }
}

/// Words that put one more level on top of what stands before them.
fn is_operator_word(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::IN
            | Keyword::IS
            | Keyword::NOTNULL
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::DIV
            | Keyword::OVERLAPS
            | Keyword::OPERATOR
            | Keyword::COLLATE
            | Keyword::AT
    )
}

fn is_operator(token: &Token, previous: &Token) -> bool {
    match token {
        Token::Plus | Token::Minus | Token::Mul => ends_operand(previous),
        Token::EOF
        | Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::Placeholder(_)
        | Token::Period
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::LBracket
        | Token::RBracket
        | Token::LBrace
        | Token::RBrace => false,
        _ => true,
    }
}

/// Whether a sign after this token stands between two operands. Counting a sign too many is
/// harmless, so every word counts except those that no column can be called.
fn ends_operand(token: &Token) -> bool {
    match token {
        Token::Word(word) => !matches!(
            word.keyword,
            Keyword::SELECT
                | Keyword::DISTINCT
                | Keyword::WHERE
                | Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IN
                | Keyword::WHEN
                | Keyword::THEN
                | Keyword::ELSE
                | Keyword::ON
                | Keyword::HAVING
                | Keyword::LIMIT
        ),
        Token::RParen
        | Token::RBracket
        | Token::RBrace
        | Token::Number(..)
        | Token::Placeholder(_)
        | Token::SingleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::DollarQuotedString(_) => true,
        _ => false,
    }
}
