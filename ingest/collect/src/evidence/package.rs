//! Packages in lock files and manifests, by the line on which they are named.

use super::known_tools::PackageFormat;

/// Lines below the name in which its version is looked for.
const VERSION_WITHIN: usize = 4;

/// The line on which a package is named, and its version where that can be read.
pub(super) fn find(text: &str, format: &PackageFormat, name: &str) -> Option<(usize, Option<String>)> {
    let wanted = format.name.replace("{}", name);
    let (before, after) = format.version.split_once("{}").unwrap_or((&format.version, ""));
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(rest) = named(line, &wanted) else { continue };
        if format.is_same_line {
            return Some((index + 1, between(rest, before, after)));
        }
        let below = lines.clone().take(VERSION_WITHIN).find_map(|(_, line)| between(line, before, after));
        return Some((index + 1, below));
    }
    None
}

/// What stands behind the name, on a line that names it as a whole.
fn named<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    let trimmed = line.trim_start();
    if trimmed.starts_with(['#', ';']) || trimmed.starts_with("//") || trimmed.starts_with("<!--") {
        return None;
    }
    let (before, rest) = line.split_once(wanted)?;
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/' | '@');
    let is_whole = !before.ends_with(is_part) || wanted.starts_with(['"', '<']);
    is_whole.then_some(rest)
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    let version = if after.is_empty() { rest } else { rest.split(after).next().unwrap_or(rest) };
    let version = version.trim().trim_matches(['"', '\'', ',', ':']);
    (!version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::known_tools::known_tools;

    fn found(file: &str, text: &str, name: &str) -> Option<(usize, Option<String>)> {
        let tools = known_tools();
        let of_file = |format: &&PackageFormat| format.files.iter().any(|pattern| pattern.trim_start_matches("**/") == file);
        find(text, tools.packages.iter().find(of_file).unwrap(), name)
    }

    #[test]
    fn each_format_gives_name_line_and_version() {
        let version = |line, version: &str| Some((line, Some(version.to_owned())));
        let cargo = "[[package]]\nname = \"acme-log-extra\"\nversion = \"9.0\"\n\n[[package]]\nname = \"acme-log\"\nversion = \"2.4.1\"\n";
        assert_eq!(found("Cargo.lock", cargo, "acme-log"), version(6, "2.4.1"));
        let npm = "{\n \"packages\": {\n  \"node_modules/@acme/log\": {\n   \"version\": \"2.4.1\",\n";
        assert_eq!(found("package-lock.json", npm, "@acme/log"), version(3, "2.4.1"));
        assert_eq!(found("pnpm-lock.yaml", "packages:\n  '@acme/log@2.4.1':\n", "@acme/log"), version(2, "2.4.1"));
        assert_eq!(found("yarn.lock", "\"@acme/log@^2\":\n  version \"2.4.1\"\n", "@acme/log"), version(1, "2.4.1"));
        assert_eq!(found("go.sum", "git.example.org/acme/log v2.4.1 h1:x\n", "git.example.org/acme/log"), version(1, "v2.4.1"));
        assert_eq!(found("gradle.lockfile", "org.acme:log:2.4.1=runtime\n", "org.acme:log"), version(1, "2.4.1"));
        assert_eq!(found("requirements.txt", "# acme-log==1\nacme-log==2.4.1\n", "acme-log"), version(2, "2.4.1"));
        assert_eq!(found("package.json", "{ \"dependencies\": {\n \"@acme/log\": \"^2\" } }", "@acme/log"), version(2, "^2"));
        let maven = "<artifactId>log-extra</artifactId>\n<artifactId>log</artifactId>\n<version>2.4.1</version>\n";
        assert_eq!(found("pom.xml", maven, "log"), version(2, "2.4.1"));
        assert_eq!(found("requirements.txt", "other-acme-log==1\n", "acme-log"), None);
    }
}
