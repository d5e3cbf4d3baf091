//! Templates of YAML: what stands in double braces is not known before it is filled in.

/// Stands for what is filled in later; no text that people write holds it.
const UNFILLED: char = '\u{fffc}';

/// More branches than so many of one block are not gone through.
const BRANCHES_MAX: usize = 8;

/// What a template can come to: in each reading, one branch of every block, so that each is in some reading. Lines of
/// nothing but actions are empty, values keep a mark in their place. Nothing where there are too many branches.
pub(super) fn readings(text: &str) -> Option<Vec<String>> {
    let branches = branches(text);
    let most = branches.iter().copied().max().unwrap_or(1);
    (most <= BRANCHES_MAX).then(|| (0..most).map(|reading| without_actions(text, &branches, reading)).collect())
}

/// What an action is to the blocks around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Opens,
    Divides,
    Closes,
    Stays,
}

fn step(action: &str) -> Step {
    match action.trim_start_matches('-').split_whitespace().next().unwrap_or_default() {
        "if" | "with" | "range" | "define" | "block" => Step::Opens,
        "else" => Step::Divides,
        "end" | "end-" => Step::Closes,
        _ => Step::Stays,
    }
}

/// The texts before the actions of a template, each with its action, and the text behind them all.
fn actions(text: &str) -> (Vec<(&str, &str)>, &str) {
    let (mut actions, mut rest) = (Vec::new(), text);
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((action, after)) = inside.split_once("}}") else { break };
        actions.push((before, action));
        rest = after;
    }
    (actions, rest)
}

/// How many branches each block has, in the order in which they begin.
fn branches(text: &str) -> Vec<usize> {
    let (mut branches, mut open) = (Vec::new(), Vec::new());
    for (_, action) in actions(text).0 {
        match step(action) {
            Step::Opens => {
                open.push(branches.len());
                branches.push(1);
            }
            Step::Divides => {
                if let Some(count) = open.last().and_then(|block: &usize| branches.get_mut(*block)) {
                    *count += 1;
                }
            }
            Step::Closes => drop(open.pop()),
            Step::Stays => {}
        }
    }
    branches
}

/// The text with one branch of each block and without its actions; each line stays where it is, because findings name it.
fn without_actions(text: &str, branches: &[usize], reading: usize) -> String {
    let mut filled = String::with_capacity(text.len());
    let lines = |text: &str| "\n".repeat(text.matches('\n').count());
    // Of each open block the branch that is kept, and the one in which the text is.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut blocks = branches.iter();
    let (actions, rest) = actions(text);
    for (before, action) in actions {
        let is_kept = open.iter().all(|(kept, here)| kept == here);
        filled.push_str(&if is_kept { before.to_owned() } else { lines(before) });
        if is_kept {
            filled.push(UNFILLED);
        }
        filled.push_str(&lines(action));
        match step(action) {
            Step::Opens => open.push((reading.min(blocks.next().map_or(0, |count| count - 1)), 0)),
            Step::Divides => {
                if let Some((_, here)) = open.last_mut() {
                    *here += 1;
                }
            }
            Step::Closes => drop(open.pop()),
            Step::Stays => {}
        }
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
        assert_eq!(readings(text), Some(vec![format!("\nkind: A\nname: {mark}-b\n\n\nv: \"{mark}\"\n\n")]));
        assert_eq!(readings("a: {{ never closed\n"), Some(vec!["a: {{ never closed\n".to_owned()]));
    }

    #[test]
    fn every_branch_is_in_some_reading() {
        let text = "{{ if .a }}\nkind: A\n{{- else if .b }}\nkind: B\n{{ else }}\nkind: C\n{{- end }}\nx: {{ if .d }}1{{ else }}2{{ end }}\n";
        let found: Vec<String> = readings(text).unwrap();
        assert_eq!(found.iter().map(|reading| reading.matches('\n').count()).collect::<Vec<_>>(), [8, 8, 8]);
        for (reading, kind) in found.iter().zip(["kind: A", "kind: B", "kind: C"]) {
            assert_eq!(reading.matches("kind").count(), 1, "{reading}");
            assert!(reading.contains(kind), "{reading}");
        }
        assert_eq!(readings(&format!("{{{{ if 0 }}}}{}{{{{ end }}}}", "{{ else }}".repeat(9))), None);
    }

    #[test]
    fn a_value_that_is_filled_in_later_is_a_pattern() {
        assert_eq!(open_value("https://x/{{repo}}.git").as_deref(), Some("https://x/*.git"));
        assert_eq!(open_value(&format!("a{UNFILLED}")).as_deref(), Some("a*"));
        assert_eq!(open_value("https://x/a.git"), None);
    }
}
