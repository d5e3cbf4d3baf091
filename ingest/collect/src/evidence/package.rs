//! Packages in lock files and manifests, by the line on which they are named.

mod coordinates;
mod elements;
mod keys;
mod modules;
mod requirements;
mod tables;

use super::known_tools::{PackageForm, PackageFormat};

/// The line on which a package is named, and its version where that can be read.
type Hit = (usize, Option<String>);

/// Lines below the name in which its version is looked for.
const VERSION_WITHIN: usize = 4;

/// Whether a file of this format is no whole one, so that it says nothing of what it does not name.
pub(super) fn is_torn(text: &str, format: &PackageFormat) -> bool {
    matches!(format.form, PackageForm::Keys) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
}

/// Where a package is named in a file of one format.
pub(super) fn find(text: &str, format: &PackageFormat, name: &str) -> Option<Hit> {
    match format.form {
        PackageForm::Lines => in_lines(text, format, name),
        PackageForm::Keys => keys::find(text, format, name),
        PackageForm::Tables => tables::find(text, format, name),
        PackageForm::Requirements => requirements::find(text, &format.names, name),
        PackageForm::Modules => modules::find(text, &format.names, name),
        PackageForm::Elements => elements::find(text, &format.names, name),
        PackageForm::Coordinates => coordinates::find(text, name),
    }
}

fn in_lines(text: &str, format: &PackageFormat, name: &str) -> Option<Hit> {
    let wanted: Vec<String> = format.names.iter().map(|pattern| pattern.replace("{}", name)).collect();
    let version = |text: &str| format.versions.iter().find_map(|pattern| between(text, pattern));
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(rest) = wanted.iter().find_map(|wanted| named(line, wanted, format)) else { continue };
        if format.is_same_line {
            return Some((index + 1, version(rest)));
        }
        return Some((index + 1, lines.clone().take(VERSION_WITHIN).find_map(|(_, line)| version(line))));
    }
    None
}

/// What stands behind the name, on a line that names it as a whole; with `^`, as the first of all.
fn named<'a>(line: &'a str, wanted: &str, format: &PackageFormat) -> Option<&'a str> {
    let trimmed = line.trim_start();
    if trimmed.starts_with(['#', ';']) || trimmed.starts_with("//") || trimmed.starts_with("<!--") {
        return None;
    }
    let (wanted, is_first) = wanted.strip_prefix('^').map_or((wanted, false), |wanted| (wanted, true));
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/' | '@');
    let is_begun = wanted.starts_with(['"', '<']);
    let whole = |compared: &str, wanted: &str| {
        let mut places = compared.match_indices(wanted).map(|(start, _)| start);
        places.find(|start| {
            let before = compared.get(..*start).unwrap_or_default();
            if is_first { before.trim().is_empty() } else { is_begun || !before.ends_with(is_part) }
        })
    };
    let start = if format.is_folded { whole(&folded(line), &folded(wanted)) } else { whole(line, wanted) };
    line.get(start? + wanted.len()..)
}

/// What stands in a text at the `{}` of a pattern.
fn between(text: &str, pattern: &str) -> Option<String> {
    let (before, after) = pattern.split_once("{}")?;
    let (_, rest) = text.split_once(before)?;
    let version = if after.is_empty() { rest } else { rest.split_once(after)?.0 };
    let version = version.trim().trim_matches(['"', '\'', ',', ':']);
    (!version.is_empty()).then(|| version.to_owned())
}

/// A text in which case, `-`, `_` and `.` do not differ; each letter keeps its place.
fn folded(text: &str) -> String {
    let fold = |letter: char| if matches!(letter, '_' | '.') { '-' } else { letter.to_ascii_lowercase() };
    text.chars().map(fold).collect()
}

/// Whether two names are one in a format.
fn is_same(one: &str, other: &str, format: &PackageFormat) -> bool {
    one == other || format.is_folded && is_spelling_of(one, other)
}

/// Whether two names differ in nothing but case and the signs between their words, of which several in a row are one.
fn is_spelling_of(one: &str, other: &str) -> bool {
    let word = |text: &str| folded(text).split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    word(one) == word(other)
}

/// Whether a name means an artifact: alone, or as `group:artifact`.
fn is_coordinate(group: &str, artifact: &str, name: &str) -> bool {
    match name.split_once(':') {
        Some(named) => named == (group, artifact),
        None => name == artifact,
    }
}

/// The first quoted text.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(['"', '\''])?;
    rest.split(['"', '\'']).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::glob::Patterns;
    use crate::evidence::known_tools::known_tools;

    fn found(file: &str, text: &str, name: &str) -> Option<Hit> {
        let tools = known_tools();
        let file = format!("x/{file}");
        let is_of_file =
            |format: &&PackageFormat| Patterns::of_paths(format.files.iter().map(String::as_str)).unwrap().fit(&file);
        tools.packages.iter().filter(is_of_file).find_map(|format| find(text, format, name))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what was found, or not")]
    fn version(line: usize, version: &str) -> Option<Hit> {
        Some((line, Some(version.to_owned())))
    }

    #[test]
    fn each_format_gives_name_line_and_version() {
        let cargo = "[[package]]\nname = \"acme-log-extra\"\nversion = \"9.0\"\n\n[[package]]\nname = \"acme-log\"\nversion = \"2.4.1\"\n";
        assert_eq!(found("Cargo.lock", cargo, "acme-log"), version(6, "2.4.1"));
        assert_eq!(found("pnpm-lock.yaml", "packages:\n  '@acme/log@2.4.1':\n", "@acme/log"), version(2, "2.4.1"));
        assert_eq!(found("yarn.lock", "\"@acme/log@^2\":\n  version \"2.4.1\"\n", "@acme/log"), version(1, "2.4.1"));
        assert_eq!(found("gradle.lockfile", "org.acme:log:2.4.1=runtime\n", "org.acme:log"), version(1, "2.4.1"));
        assert_eq!(found("requirements.txt", "# acme-log==1\nacme-log==2.4.1\n", "acme-log"), version(2, "2.4.1"));
        assert_eq!(found("package.json", "{ \"dependencies\": {\n \"@acme/log\": \"^2\" } }", "@acme/log"), version(2, "^2"));
        assert_eq!(found("requirements.txt", "other-acme-log==1\n", "acme-log"), None);
    }

    #[test]
    fn locks_of_scripts_are_read_in_each_version_of_their_format() {
        let npm = "{\n \"packages\": {\n  \"\": { \"dependencies\": { \"@acme/log\": \"^2\" } },\n  \"node_modules/@acme/log\": {\n   \"version\": \"2.4.1\" } } }";
        assert_eq!(found("package-lock.json", npm, "@acme/log"), version(4, "2.4.1"));
        let first = "{\n\"dependencies\": {\n \"other\": { \"requires\": { \"acme-log\": \"^2\" } },\n \"acme-log\": { \"version\": \"2.4.1\" } } }";
        assert_eq!(found("package-lock.json", first, "acme-log"), version(4, "2.4.1"));
        let one_line = "{\"packages\":{\"node_modules/acme-log\":{\"version\":\"2.4.1\",\"dev\":true}}}";
        assert_eq!(found("package-lock.json", one_line, "acme-log"), version(1, "2.4.1"));
        for key in ["/acme-log@2.4.1:", "acme-log@2.4.1(react@18.0.0):", "/acme-log/2.4.1:", "/acme-log/2.4.1_react@18.0.0:"] {
            assert_eq!(found("pnpm-lock.yaml", &format!("packages:\n  {key}\n"), "acme-log"), version(2, "2.4.1"), "{key}");
        }
        assert_eq!(found("pnpm-lock.yaml", "  /@acme/log/2.4.1:\n", "@acme/log"), version(1, "2.4.1"));
        let asked = "{\n\"packages\": {\n \"node_modules/foo\": { \"peerDependenciesMeta\": { \"acme-log\": { \"optional\": true } } } } }";
        assert_eq!(found("package-lock.json", asked, "acme-log"), None, "it may be left out");
        assert_eq!(found("pnpm-lock.yaml", "  /@acme/log@2.4.1:\n", "log"), None);
        let berry = "\"acme-log@npm:^2.0.0\":\n  version: 2.4.1\n  resolution: \"acme-log@npm:2.4.1\"\n";
        assert_eq!(found("yarn.lock", berry, "acme-log"), version(1, "2.4.1"));
        assert_eq!(
            found("bun.lock", "    \"acme-log\": [\"acme-log@2.4.1\", \"\", {}, \"x\"],\n", "acme-log"),
            version(1, "2.4.1")
        );
        assert_eq!(
            found("composer.lock", "{\"packages\":[\n{\"name\": \"acme/log\",\n\"version\": \"2.4.1\"}]}\n", "acme/log"),
            version(2, "2.4.1")
        );
    }

    #[test]
    fn a_name_of_python_is_the_same_in_all_its_spellings() {
        for (line, asked) in [
            ("Acme_Log==2.4.1", "2.4.1"),
            ("acme-log>=2.4", ">=2.4"),
            ("acme.log ~= 2.4", "~= 2.4"),
            ("acme-log[otel]==2.4.1", "2.4.1"),
            ("acme-log==2.4.1;python_version>\"3.8\"", "2.4.1"),
            ("acme-log==2.4.1 \\", "2.4.1"),
        ] {
            assert_eq!(found("requirements.txt", &format!("flask==3\n{line}\n"), "acme-log"), version(2, asked), "{line}");
        }
        assert_eq!(found("requirements.txt", "acme-log\n", "acme-log"), Some((1, None)));
        assert_eq!(found("requirements.txt", "acme-log-extra==1\n", "acme-log"), None);
        let project = "[project]\nname = \"acme-log\"\nkeywords = [\"acme-log\"]\ndependencies = [\n  \"flask\",\n  \"Acme.Log>=2\",\n]\n";
        assert_eq!(found("pyproject.toml", project, "acme-log"), version(6, ">=2"));
        let extras = "[project.optional-dependencies]\nacme-log = [\"other\"]\nall = [\"x\", \"acme-log>=2\"]\n";
        assert_eq!(found("pyproject.toml", extras, "acme-log"), version(3, ">=2"));
        assert_eq!(found("pyproject.toml", "[tool.poetry.dependencies]\nacme_log = \"^2\"\n", "acme-log"), version(2, "^2"));
        assert_eq!(found("setup.py", "setup(name=\"a\", install_requires=[\"acme-log>=2\"])\n", "acme-log"), version(1, ">=2"));
        assert_eq!(found("setup.cfg", "[options]\ninstall_requires =\n  a>=1\n  acme-log>=2\n", "acme-log"), version(4, ">=2"));
        let pipfile = "{\n \"default\": {\n  \"acme_log\": {\n   \"version\": \"==2.4.1\"\n  }}}\n";
        assert_eq!(found("Pipfile.lock", pipfile, "acme-log"), version(3, "2.4.1"));
        let uv = "dependencies = [\n    { name = \"acme-log\" },\n]\n\n[[package]]\nname = \"Acme_Log\"\nversion = \"2.4.1\"\n";
        assert_eq!(found("uv.lock", uv, "acme-log"), version(6, "2.4.1"));
    }

    #[test]
    fn a_module_is_asked_for_directly_in_any_major_version() {
        let file = "module git.example.org/acme/log\n\nrequire git.example.org/acme/log/v2 v2.4.1\n";
        assert_eq!(found("go.mod", file, "git.example.org/acme/log"), version(3, "v2.4.1"));
        let block = "require (\n\tx/acme v1.0.0 // indirect\n\tx/acme-two v1.0.0\n)\nexclude (\n\tx/acme v0.9.0\n)\nreplace x/acme v1.0.0 => ../a\n";
        assert_eq!(found("go.mod", block, "x/acme"), None);
        assert_eq!(found("go.mod", &block.replace(" // indirect", ""), "x/acme"), version(2, "v1.0.0"));
        assert_eq!(found("go.sum", "x/acme v1.0.0/go.mod h1:x\n", "x/acme"), None);
    }

    #[test]
    fn an_artifact_counts_where_it_is_asked_for() {
        let artifact = "<groupId>org.acme</groupId>\n<artifactId>log</artifactId>\n<version>2.4.1</version>\n";
        let used = format!("<project><dependencies><dependency>\n{artifact}</dependency></dependencies></project>\n");
        for name in ["log", "org.acme:log"] {
            assert_eq!(found("pom.xml", &used, name), version(3, "2.4.1"), "{name}");
        }
        assert_eq!(found("pom.xml", &used, "org.other:log"), None);
        assert_eq!(found("pom.xml", &format!("<project>\n{artifact}</project>\n"), "log"), None);
        assert_eq!(found("pom.xml", &format!("<a><!--\n<dependency>{artifact}</dependency>\n--></a>\n"), "log"), None);
        let excluded = format!(
            "<dependency>\n<groupId>x</groupId>\n<exclusions><exclusion>{artifact}</exclusion></exclusions></dependency>\n"
        );
        assert_eq!(found("pom.xml", &excluded, "log"), None);
        let own = used.replace("2.4.1", "${log.version}");
        assert_eq!(found("pom.xml", &format!("<?xml version=\"1.0\"?>\n{own}"), "log"), Some((4, None)));
    }

    #[test]
    fn a_coordinate_is_found_in_scripts_and_catalogues() {
        for (file, line, asked) in [
            ("build.gradle", "implementation 'org.acme:log:2.4.1'", "2.4.1"),
            ("build.gradle.kts", "    implementation(\"org.acme:log:2.4.1\") // why", "2.4.1"),
            ("libs.versions.toml", "log = { module = \"org.acme:log\", version = \"2\" }", "2"),
            ("libs.versions.toml", "log = { group = \"org.acme\", name = \"log\", version = \"2\" }", "2"),
        ] {
            for name in ["log", "org.acme:log"] {
                assert_eq!(found(file, line, name), version(1, asked), "{line}");
            }
            assert_eq!(found(file, line, "acme"), None, "{line}");
        }
        assert_eq!(found("build.gradle", "// implementation 'org.acme:log:2.4.1'\n", "log"), None);
        assert_eq!(
            found("libs.versions.toml", "log = { module = \"org.acme:log\", version.ref = \"l\" }", "log"),
            Some((1, None))
        );
    }

    #[test]
    fn a_dependency_stands_in_a_table_in_many_forms() {
        for (text, line, asked) in [
            ("[dependencies]\nacme-log = \"2\"\n", 2, Some("2")),
            ("[dependencies]\nacme-log=\"2\"\n", 2, Some("2")),
            ("[dev-dependencies]\nacme-log = { version = \"2\", features = [\"x\"] }\n", 2, Some("2")),
            ("[dependencies]\nacme-log.workspace = true\n", 2, None),
            ("[dependencies]\nlog = { package = \"acme-log\", version = \"2\" }\n", 2, Some("2")),
            ("[target.'cfg(unix)'.dependencies]\nacme-log = \"2\"\n", 2, Some("2")),
            ("[dependencies.acme-log]\npath = \"x\"\nversion = \"2\"\n", 1, Some("2")),
        ] {
            assert_eq!(found("Cargo.toml", text, "acme-log"), Some((line, asked.map(str::to_owned))), "{text}");
        }
        for text in [
            "[package]\nname = \"acme-log\"\n",
            "[features]\nacme-log = [\"dep:x\"]\n",
            "[dependencies]\nacme-log-two = \"1\"\n",
        ] {
            assert_eq!(found("Cargo.toml", text, "acme-log"), None, "{text}");
        }
        assert_eq!(found("Gemfile", "gem \"acme-log\", \"~> 2\"\n", "acme-log"), version(1, "~> 2"));
    }
}
