//! Templates of YAML: what stands in double braces is not known before it is filled in.

/// Stands for what is filled in later; no text that people write holds it.
const UNFILLED: char = '\u{fffc}';

/// The text with its actions left out: lines of nothing else are empty, values keep a mark in their place.
pub(super) fn without_actions(text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((action, after)) = inside.split_once("}}") else { break };
        filled.push_str(before);
        filled.push(UNFILLED);
        // Each line stays where it is, because findings name it.
        filled.extend(std::iter::repeat_n('\n', action.matches('\n').count()));
        rest = after;
    }
    filled.push_str(rest);
    let is_only_actions = |line: &str| line.chars().all(|letter| letter == UNFILLED || letter.is_whitespace());
    filled.lines().flat_map(|line| [if is_only_actions(line) { "" } else { line }, "\n"]).collect()
}

/// The value as a pattern, with a star for each part that is filled in later; nothing when it is known as a whole.
pub(in crate::evidence) fn open_value(value: &str) -> Option<String> {
    if !value.contains("{{") && !value.contains(UNFILLED) {
        return None;
    }
    let mut pattern = String::new();
    let mut rest = value;
    while let Some((before, inside)) = rest.split_once("{{") {
        pattern.push_str(before);
        pattern.push('*');
        rest = inside.split_once("}}").map_or("", |(_, after)| after);
    }
    pattern.push_str(rest);
    Some(pattern.replace(UNFILLED, "*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_go_and_lines_stay() {
        let text =
            "{{- if .on }}\nkind: A\nname: {{ include \"x\" . }}-b\n{{- /* two\nlines */}}\nv: \"{{ .v }}\"\n{{- end }}\n";
        let mark = UNFILLED;
        assert_eq!(without_actions(text), format!("\nkind: A\nname: {mark}-b\n\n\nv: \"{mark}\"\n\n"));
        assert_eq!(without_actions("a: {{ never closed\n"), "a: {{ never closed\n");
    }

    #[test]
    fn a_value_that_is_filled_in_later_is_a_pattern() {
        assert_eq!(open_value("https://x/{{repo}}.git").as_deref(), Some("https://x/*.git"));
        assert_eq!(open_value(&format!("a{UNFILLED}")).as_deref(), Some("a*"));
        assert_eq!(open_value("https://x/a.git"), None);
    }
}
