//! `Remark`: what is wrong or doubtful in a file that a person wrote, with its place and a suggestion.
//!
//! Whoever reads a file makes remarks; showing them belongs to commands.

use std::fmt;

/// A file that a person wrote, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its path, as remarks shall name it.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The file is refused.
    Wrong,
    /// The file is taken, but probably does not say what was meant.
    Doubtful,
}

/// One sentence about one place of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The file, as the reader named it.
    pub file: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Column, from 1; 0 when the whole line is meant.
    pub column: usize,
    /// How much it matters.
    pub weight: Weight,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().take_while(|number| *number > 0) {
            write!(formatter, ":{number}")?;
        }
        let weight = match self.weight {
            Weight::Wrong => "",
            Weight::Doubtful => "warning: ",
        };
        write!(formatter, ": {weight}{}", self.message)
    }
}

impl WrittenFile {
    /// A remark about a word that stands at or after `line` and before `end`; without such a word, about the line.
    pub fn remark_at(&self, line: usize, end: usize, word: &str, weight: Weight, message: String) -> Remark {
        let lines = self.text.lines().enumerate().skip(line.saturating_sub(1)).take(end.saturating_sub(line).max(1));
        let mut places = lines.filter_map(|(index, text)| Some((index + 1, column_of(text, word)?)));
        let (line, column) = if word.is_empty() { (line, 0) } else { places.next().unwrap_or((line, 0)) };
        Remark { file: self.name.clone(), line, column, weight, message }
    }

    /// A remark about one place.
    pub fn remark(&self, line: usize, column: usize, weight: Weight, message: String) -> Remark {
        Remark { file: self.name.clone(), line, column, weight, message }
    }
}

/// The column, from 1, at which a word begins that is no part of a longer one.
fn column_of(text: &str, word: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(word).find_map(|(start, _)| {
        let (before, rest) = text.split_at_checked(start)?;
        let after = rest.strip_prefix(word)?;
        (!before.ends_with(is_part) && !after.starts_with(is_part)).then(|| before.chars().count() + 1)
    })
}

/// `unknown field `x`, expected one of ...` with the nearest of what is expected, as people would say it.
pub fn key_suggestion(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `")) else {
        return message.to_owned();
    };
    let mut words = rest.split('`').step_by(2);
    let key = words.next().unwrap_or_default();
    format!("`{key}` is not known here{}", suggestion(key, words.filter(|word| !word.is_empty())))
}

/// Letters that may differ between a word and what was meant by it.
const DISTANCE_MAX: usize = 3;

/// `: did you mean ...?` when one of the candidates is near or goes on from the word, else what there is to choose from.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let folded = word.to_lowercase();
    let near = candidates.iter().map(|candidate| (distance(&folded, &candidate.to_lowercase()), *candidate)).min();
    let length = word.chars().count();
    let begins_alike = |candidate: &&str| length > DISTANCE_MAX && candidate.to_lowercase().starts_with(&folded);
    let meant = match near {
        Some((distance, candidate)) if distance <= DISTANCE_MAX.min(length / 2) => Some(candidate),
        _ => candidates.iter().copied().find(begins_alike),
    };
    match meant {
        Some(candidate) => format!(": did you mean `{candidate}`?"),
        None if (1..=12).contains(&candidates.len()) => format!(": there is {}", candidates.join(", ")),
        None => String::new(),
    }
}

/// How many letters must be changed, added, removed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, opposite) in other.iter().enumerate() {
            let changed = last[column] + usize::from(letter != opposite);
            let mut cost = changed.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && one[row - 1] == *opposite && *letter == other[column - 1] {
                cost = cost.min(before_last[column - 1] + 1);
            }
            current.push(cost);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let known = ["ci-standard", "secrets-vault", "tracing"];
        assert_eq!(suggestion("ci-standrad", known), ": did you mean `ci-standard`?");
        assert_eq!(suggestion("Tracing", known), ": did you mean `tracing`?");
        assert_eq!(suggestion("nothing-like-it", known), ": there is ci-standard, secrets-vault, tracing");
        assert_eq!(suggestion("x", ["y"; 1]), ": there is y");
        assert_eq!(suggestion("service", ["revisions", "service_hint"]), ": did you mean `service_hint`?");
        assert_eq!(suggestion("deploy", ["deployment", "incident"]), ": did you mean `deployment`?");
        assert_eq!(suggestion("x", []), "");
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest_known_one() {
        let message = "unknown field `ownr`, expected one of `id`, `owner`, `title`";
        assert_eq!(key_suggestion(message), "`ownr` is not known here: did you mean `owner`?");
        assert_eq!(key_suggestion("missing field `id`"), "missing field `id`");
    }

    #[test]
    fn a_word_is_found_where_it_stands_alone() {
        let text = "a:\n  - component: ci-standard-two\n    other: ci-standard\n".to_owned();
        let file = WrittenFile { name: "p.yaml".to_owned(), text };
        let place = |word: &str| {
            let remark = file.remark_at(2, 4, word, Weight::Wrong, String::new());
            (remark.line, remark.column)
        };
        assert_eq!(place("ci-standard"), (3, 12));
        assert_eq!(place("absent"), (2, 0));
        assert_eq!(place(""), (2, 0));
    }

    #[test]
    fn a_remark_reads_like_a_compiler_message() {
        let message = "component `a` is not described".to_owned();
        let remark = Remark { file: "platform/ci.yaml".to_owned(), line: 3, column: 14, weight: Weight::Wrong, message };
        assert_eq!(remark.to_string(), "platform/ci.yaml:3:14: component `a` is not described");
        let whole = Remark { line: 0, weight: Weight::Doubtful, ..remark };
        assert_eq!(whole.to_string(), "platform/ci.yaml: warning: component `a` is not described");
    }
}
