//! The image on which the last stage of a Dockerfile really stands.
//!
//! Stages are followed through their names, and arguments are filled with their defaults. What only
//! the build command knows stays unknown: that is said, not guessed.

use std::collections::BTreeMap;

/// What the last stage stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// An image, and the line that names it.
    Image { name: String, line: usize },
    /// A name that holds an argument without a default.
    Unknown { line: usize },
    /// The file builds nothing.
    None,
}

/// How many stages may stand on each other.
const STAGES_MAX: usize = 32;
/// Longer than any name of an image; arguments that name each other could grow for ever.
const NAME_BYTES_MAX: usize = 1_024;

/// Reads a Dockerfile.
pub(super) fn base(text: &str) -> Base {
    let mut arguments: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: Vec<(Option<String>, Option<String>, usize)> = Vec::new();
    for (line, instruction) in instructions(text) {
        let mut words = instruction.split_whitespace();
        let keyword = words.next().unwrap_or_default();
        if keyword.eq_ignore_ascii_case("ARG") && stages.is_empty() {
            // Only arguments before the first stage can name images.
            for word in words {
                if let Some((name, value)) = word.split_once('=')
                    && let Some(value) = filled(value.trim_matches(['"', '\'']), &arguments)
                {
                    arguments.insert(name.to_owned(), value);
                }
            }
        } else if keyword.eq_ignore_ascii_case("FROM") {
            let words: Vec<&str> = words.filter(|word| !word.starts_with("--")).collect();
            let name = match words.as_slice() {
                [_, between, name, ..] if between.eq_ignore_ascii_case("AS") => Some(name.to_lowercase()),
                _ => None,
            };
            let image = words.first().and_then(|image| filled(image.trim_matches(['"', '\'']), &arguments));
            stages.push((name, image, line));
        }
    }
    let Some(mut place) = stages.len().checked_sub(1) else { return Base::None };
    for _ in 0..STAGES_MAX {
        let (_, image, line) = &stages[place];
        let Some(image) = image else { return Base::Unknown { line: *line } };
        let earlier = stages[..place].iter().rposition(|(name, _, _)| name.as_deref() == Some(&image.to_lowercase()));
        match earlier {
            Some(earlier) => place = earlier,
            None => return Base::Image { name: image.clone(), line: *line },
        }
    }
    Base::None
}

/// Instructions with the lines on which they begin: comments gone, continued lines joined.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut instructions = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut heredoc: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(end) = &heredoc {
            if trimmed == end {
                heredoc = None;
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (start, mut gathered) = open.take().unwrap_or((index + 1, String::new()));
        if let Some(part) = trimmed.strip_suffix('\\') {
            gathered.push_str(part);
            gathered.push(' ');
            open = Some((start, gathered));
        } else {
            gathered.push_str(trimmed);
            heredoc = heredoc_end(&gathered);
            instructions.push((start, gathered));
        }
    }
    instructions.extend(open);
    instructions
}

/// The word that ends the text which an instruction takes from the lines below it.
fn heredoc_end(instruction: &str) -> Option<String> {
    let (_, rest) = instruction.split_once("<<")?;
    let word: String = rest
        .trim_start_matches(['-', '"', '\''])
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}

/// A name with its arguments filled; nothing when one is not known, or it grows longer than any name.
fn filled(text: &str, arguments: &BTreeMap<String, String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, reference)) = rest.split_once('$') {
        let (value, after) = value(reference, arguments)?;
        filled.push_str(before);
        filled.push_str(&value);
        if filled.len() > NAME_BYTES_MAX {
            return None;
        }
        rest = after;
    }
    filled.push_str(rest);
    (filled.len() <= NAME_BYTES_MAX).then_some(filled)
}

/// What stands for an argument, by the text behind its `$`, and what comes after that.
fn value<'text>(reference: &'text str, arguments: &BTreeMap<String, String>) -> Option<(String, &'text str)> {
    if let Some(inside) = reference.strip_prefix('{') {
        let (inside, after) = inside.split_once('}')?;
        let value = match inside.split_once(":-").or_else(|| inside.split_once('-')) {
            Some((name, default)) => arguments.get(name).cloned().or_else(|| filled(default, arguments)),
            None => arguments.get(inside).cloned(),
        };
        return Some((value?, after));
    }
    let end = reference.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(reference.len());
    let (name, after) = reference.split_at_checked(end)?;
    Some((arguments.get(name).cloned()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> (String, usize) {
        match base(text) {
            Base::Image { name, line } => (name, line),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_stage_counts_through_its_names() {
        let text =
            "FROM rust:1 AS build\nRUN true\nFROM acme/base:2 AS runtime\nFROM runtime as Final\nCOPY --from=build /a /a\n";
        assert_eq!(image(text), ("acme/base:2".to_owned(), 3));
        assert_eq!(image("FROM --platform=$BUILDPLATFORM scratch\n"), ("scratch".to_owned(), 1));
        assert_eq!(image("FROM debian AS debian\n"), ("debian".to_owned(), 1), "a stage is no base of itself");
    }

    #[test]
    fn arguments_are_filled_and_what_only_the_build_knows_is_unknown() {
        let text = "ARG HOST=registry.example.org\nARG TAG=2026.1\nFROM ${HOST}/platform/base:$TAG\n";
        assert_eq!(image(text), ("registry.example.org/platform/base:2026.1".to_owned(), 3));
        assert_eq!(image("FROM ${BASE:-acme/base}:1\n").0, "acme/base:1");
        assert_eq!(base("ARG BASE\nFROM $BASE\n"), Base::Unknown { line: 2 });
        assert_eq!(base("# FROM nothing\n"), Base::None);
    }

    #[test]
    fn continued_lines_and_texts_inside_are_no_instructions() {
        let text = "FROM \\\n  # a comment between\n  acme/base:1\nRUN <<EOF\nFROM other:1\nEOF\n";
        assert_eq!(image(text), ("acme/base:1".to_owned(), 1));
    }

    #[test]
    fn arguments_that_grow_without_end_name_no_image() {
        let doubling: String =
            (1..60).map(|number| format!("ARG A{number}=$A{0}$A{0}\n", number - 1)).collect::<Vec<_>>().concat();
        let text = format!("ARG A0=image\n{doubling}FROM $A59\n");
        assert!(matches!(base(&text), Base::Unknown { .. }));
        let many = format!("ARG A=x\nFROM {}\n", "$A".repeat(200_000));
        assert!(matches!(base(&many), Base::Unknown { .. }));
    }
}
