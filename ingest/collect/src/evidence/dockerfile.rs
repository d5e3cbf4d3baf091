//! The image on which the last stage of a Dockerfile really stands.
//!
//! Stages are followed through their names, and arguments are filled with their defaults. What only
//! the build command knows stays unknown: that is said, not guessed.

use super::glob::split_version;
use std::collections::{BTreeMap, VecDeque};

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
/// Stands for what only the build knows; no name of an image holds it.
const UNKNOWN: char = '\u{fffc}';
/// Instructions that may take a text from the lines below them.
const TEXT_TAKERS: [&str; 4] = ["RUN", "COPY", "ADD", "ONBUILD"];

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
            let image = words.first().and_then(|image| filled(image.trim_matches(['"', '\'']), &arguments)).and_then(known);
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

/// The name of an image as far as it is known: a version that only the build knows is left out.
fn known(name: String) -> Option<String> {
    // A file that is a template of a Dockerfile names no image yet.
    if name.contains(['{', '}', '<', '>', '%']) {
        return None;
    }
    if !name.contains(UNKNOWN) {
        return Some(name);
    }
    let (name, _) = split_version(&name)?;
    (!name.contains(UNKNOWN)).then(|| name.to_owned())
}

/// Instructions with the lines on which they begin: comments gone, continued lines joined.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let escape = escape(text);
    let mut instructions = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut taken: VecDeque<Taken> = VecDeque::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(text) = taken.front() {
            if text.is_end(line) {
                taken.pop_front();
            }
            continue;
        }
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (start, mut gathered) = open.take().unwrap_or((index + 1, String::new()));
        // The letter twice is the letter itself.
        if let Some(part) = trimmed.strip_suffix(escape).filter(|part| !part.ends_with(escape)) {
            gathered.push_str(part);
            gathered.push(' ');
            open = Some((start, gathered));
        } else {
            gathered.push_str(trimmed);
            taken = taken_texts(&gathered, escape);
            instructions.push((start, gathered));
        }
    }
    instructions.extend(open);
    instructions
}

/// The letter that continues a line: a comment at the top may choose another.
fn escape(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#')?.split_once('='));
    let mut chosen = directives.filter(|(key, _)| key.trim().eq_ignore_ascii_case("escape"));
    chosen.next().and_then(|(_, value)| value.trim().chars().next()).filter(|letter| *letter == '`').unwrap_or('\\')
}

/// A text that an instruction takes from the lines below it.
#[derive(Debug)]
struct Taken {
    /// The line that ends it.
    end: String,
    /// Whether tabs before its lines do not count.
    is_indented: bool,
}

impl Taken {
    fn is_end(&self, line: &str) -> bool {
        let line = if self.is_indented { line.trim_start_matches('\t') } else { line };
        line == self.end
    }

    /// A word such as `<<END`, `3<<-END` or `<<"END"`; anything else is no beginning of a text.
    fn of(word: &str) -> Option<Self> {
        let rest = word.trim_start_matches(|letter: char| letter.is_ascii_digit()).strip_prefix("<<")?;
        let (rest, is_indented) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
        let end: String = rest.chars().filter(|letter| !matches!(letter, '"' | '\'')).collect();
        (!end.is_empty() && !end.contains('<')).then_some(Self { end, is_indented })
    }
}

/// The texts that an instruction takes from the lines below it.
fn taken_texts(instruction: &str, escape: char) -> VecDeque<Taken> {
    let keyword = instruction.split_whitespace().next().unwrap_or_default();
    if !TEXT_TAKERS.iter().any(|taker| taker.eq_ignore_ascii_case(keyword)) {
        return VecDeque::new();
    }
    shell_words(instruction, escape).iter().filter_map(|word| Taken::of(word)).collect()
}

/// The words of an instruction, in which quoted blanks do not part.
fn shell_words(instruction: &str, escape: char) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut quote: Option<char> = None;
    let mut letters = instruction.chars();
    while let Some(letter) = letters.next() {
        if letter == escape && quote != Some('\'') {
            word.push(letter);
            word.extend(letters.next());
            continue;
        }
        if letter.is_whitespace() && quote.is_none() {
            words.push(std::mem::take(&mut word));
            continue;
        }
        if quote == Some(letter) {
            quote = None;
        } else if quote.is_none() && matches!(letter, '"' | '\'') {
            quote = Some(letter);
        }
        word.push(letter);
    }
    words.push(word);
    words
}

/// A name with its arguments filled, as far as they are known; nothing when it cannot be read, or is longer than any name.
fn filled(text: &str, arguments: &BTreeMap<String, String>) -> Option<String> {
    if text.len() > NAME_BYTES_MAX {
        return None;
    }
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
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let parted = |text: &'text str| text.split_at_checked(text.find(|letter: char| !is_name(letter)).unwrap_or(text.len()));
    let unknown = || UNKNOWN.to_string();
    let Some(inside) = reference.strip_prefix('{') else {
        let (name, after) = parted(reference)?;
        return Some((arguments.get(name).cloned().unwrap_or_else(unknown), after));
    };
    let (inside, after) = braced(inside)?;
    let (name, rule) = parted(inside)?;
    let known = arguments.get(name);
    // Behind a colon an empty value counts as none.
    let (known, rule) = match rule.strip_prefix(':') {
        Some(rule) => (known.filter(|value| !value.is_empty()), rule),
        None => (known, rule),
    };
    let value = match (rule.chars().next(), rule.get(1..).unwrap_or_default()) {
        (Some('-'), default) => known.cloned().or_else(|| filled(default, arguments))?,
        (Some('+'), replacement) if known.is_some() => filled(replacement, arguments)?,
        (Some('+'), _) if arguments.contains_key(name) => String::new(),
        (None | Some('?'), _) => known.cloned().unwrap_or_else(unknown),
        _ => unknown(),
    };
    Some((value, after))
}

/// What stands before the brace that closes, and what comes after it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (place, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((text.get(..place)?, text.get(place + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
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
    fn a_version_that_only_the_build_knows_leaves_the_name_known() {
        for tag in ["$TAG", "${TAG}", "1.${TAG}", "${TAG:+x}", "${TAG:?needed}", "${TAG%x}"] {
            assert_eq!(image(&format!("ARG TAG\nFROM acme/base:{tag}\n")).0, "acme/base", "{tag}");
        }
        assert_eq!(base("ARG HOST\nFROM $HOST/base:1\n"), Base::Unknown { line: 2 });
        assert_eq!(base("FROM {{ image }}\n"), Base::Unknown { line: 1 });
        let version = |reference: &str| image(&format!("ARG A=1\nARG EMPTY=\nFROM acme/base{reference}\n")).0;
        assert_eq!(version(":${B:-2}"), "acme/base:2");
        assert_eq!(version(":${EMPTY:-3}"), "acme/base:3");
        assert_eq!(version(":${B:-${A}}"), "acme/base:1");
        assert_eq!(version("${A:+:$A}"), "acme/base:1");
        assert_eq!(version("${EMPTY:+:$A}"), "acme/base");
    }

    #[test]
    fn a_text_is_taken_only_where_a_word_begins_one() {
        let after = |line: &str| image(&format!("FROM golang:1\n{line}\nFROM acme/base:1\n"));
        assert_eq!(after("RUN ulimit -n $((1<<20)) && go build"), ("acme/base:1".to_owned(), 3));
        assert_eq!(after("RUN x << y"), ("acme/base:1".to_owned(), 3));
        assert_eq!(after("ENV A=<<EOF"), ("acme/base:1".to_owned(), 3));
        for begin in ["RUN <<EOF", "RUN cat 3<<EOF", "RUN <<\"EOF\" sh", "COPY <<EOF /a"] {
            assert_eq!(after(&format!("{begin}\nFROM other:1\nEOF")), ("acme/base:1".to_owned(), 5), "{begin}");
        }
        assert_eq!(after("RUN <<-EOF\n\tFROM other:1\n\tEOF"), ("acme/base:1".to_owned(), 5));
        assert_eq!(after("COPY <<a <<b /x\nFROM o\na\nFROM o\nb"), ("acme/base:1".to_owned(), 7));
    }

    #[test]
    fn a_mark_at_the_top_and_another_letter_that_continues_lines() {
        assert_eq!(image("\u{feff}FROM acme/base:1\r\n"), ("acme/base:1".to_owned(), 1));
        assert_eq!(image("# syntax=x\n# escape=`\nFROM `\n acme/base:1\n"), ("acme/base:1".to_owned(), 3));
        assert_eq!(image("# escape=`\nFROM a:1\nCOPY . c:\\\nFROM acme/base:1\n"), ("acme/base:1".to_owned(), 4));
        assert_eq!(image("FROM a:1\n# escape=`\nFROM acme/base:1\n"), ("acme/base:1".to_owned(), 3));
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
