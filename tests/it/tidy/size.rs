//! Files and functions stay short enough to be read on a screen or two.

use super::code::{code_only, is_identifier, without_tests};
use super::tree::{SourceFile, files};
use super::{Breach, assert_tidy};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_and_functions_are_short() {
    let mut breaches = Vec::new();
    let is_definition = |file: &SourceFile| file.has_extension("sql") && file.path.starts_with("analytics/");
    for file in files().iter().filter(|file| file.has_extension("rs") || is_definition(file)) {
        breaches.extend(long_file(file));
        if file.has_extension("rs") {
            breaches.extend(long_functions(file));
        }
    }
    assert_tidy(breaches);
}

fn long_file(file: &SourceFile) -> Option<Breach> {
    let lines = without_tests(&file.text).lines().count();
    let message =
        format!("{lines} lines are too many for one file: at most {FILE_LINES_MAX} without the tests, split it by subject");
    (lines > FILE_LINES_MAX).then(|| Breach::new(&file.path, 1, message))
}

fn long_functions(file: &SourceFile) -> Vec<Breach> {
    let code = code_only(&file.text);
    functions(&code)
        .into_iter()
        .filter(|function| function.body_lines > FUNCTION_LINES_MAX)
        .map(|function| {
            let message = format!(
                "`{}` has {} lines of code: at most {FUNCTION_LINES_MAX}, give a step a name of its own",
                function.name, function.body_lines
            );
            Breach::new(&file.path, function.line, message)
        })
        .collect()
}

#[derive(Debug, PartialEq)]
struct Function {
    name: String,
    line: usize,
    /// Lines of the body that hold code; blank lines and comments do not count.
    body_lines: usize,
}

fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        let is_part_of_a_word = code.get(..start).and_then(|text| text.chars().next_back()).is_some_and(is_identifier);
        let rest = code.get(start + 3..).unwrap_or_default();
        let name: String = rest.chars().take_while(|&char| is_identifier(char)).collect();
        if is_part_of_a_word || name.is_empty() {
            continue;
        }
        if let Some(body) = body(rest) {
            let line = code.get(..start).unwrap_or_default().lines().count().max(1);
            let is_first_on_its_line = code.get(..start).is_some_and(|text| text.ends_with('\n'));
            let body_lines = body.lines().filter(|line| !line.trim().is_empty()).count();
            found.push(Function { name, line: line + usize::from(is_first_on_its_line), body_lines });
        }
    }
    found
}

/// What stands between the braces of the function whose text after `fn ` this is; nothing for a
/// signature without a body.
fn body(rest: &str) -> Option<&str> {
    let mut nesting = 0_i32;
    let mut braces = 0_i32;
    let mut open = None;
    for (place, char) in rest.char_indices() {
        match (char, open) {
            ('(' | '[', None) => nesting += 1,
            (')' | ']', None) => nesting -= 1,
            (';', None) if nesting == 0 => return None,
            ('{', None) if nesting == 0 => (open, braces) = (Some(place + 1), 1),
            ('{', Some(_)) => braces += 1,
            ('}', Some(start)) => {
                braces -= 1;
                if braces == 0 {
                    return rest.get(start..place);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let code = "fn a() {}\n".repeat(400);
        assert_eq!(long_file(&SourceFile::made_up("a.rs", &code)), None);
        let with_tests = format!("{code}#[cfg(test)]\nmod tests {{\n}}\n");
        assert_eq!(long_file(&SourceFile::made_up("a.rs", &with_tests)), None);
        let longer = format!("{code}// one more\n");
        assert!(long_file(&SourceFile::made_up("a.rs", &longer)).is_some());
    }

    #[test]
    fn a_long_function_is_found_by_name_and_line() {
        let text = format!("//! File.\n\npub(crate) fn long(a: [u8; 2]) {{\n{}}}\n", "    let b = \"}\";\n".repeat(71));
        let breaches = long_functions(&SourceFile::made_up("a.rs", &text));
        assert_eq!(breaches.len(), 1);
        assert_eq!(breaches[0].line, 3);
        assert!(breaches[0].message.starts_with("`long` has 71 lines"), "{}", breaches[0].message);
    }

    #[test]
    fn signatures_blank_lines_and_pointers_do_not_count() {
        let code = code_only("trait T {\n    fn a(&self);\n}\nfn b(f: fn (u8)) {\n\n    // why\n    c();\n}\n");
        assert_eq!(functions(&code), [Function { name: "b".to_owned(), line: 4, body_lines: 1 }]);
    }
}
