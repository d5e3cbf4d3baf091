//! Documents name files that exist: links between pages, and paths that the text speaks of.
//!
//! Addresses of other hosts are not followed, because nothing here talks to a network.

use super::tree::{SourceFile, files, root};
use super::{Breach, assert_tidy};

/// Folders whose name at the beginning makes a code span a path of ours.
const FOLDERS: &[&str] = &["analytics/", "api/", "dashboards/", "deploy/", "docs/", "ingest/", "reports/", "tests/", ".ci/"];

#[test]
fn documents_name_existing_files() {
    let exists = |path: &str| root().join(path).exists();
    let pages = files().into_iter().filter(|file| file.has_extension("md"));
    assert_tidy(pages.flat_map(|page| dead_ends(&page, &exists)).collect());
}

fn dead_ends(page: &SourceFile, exists: &dyn Fn(&str) -> bool) -> Vec<Breach> {
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut breaches = Vec::new();
    for (number, line) in page.lines() {
        let links = link_targets(line).map(|target| joined(folder, target));
        let named = code_spans(line).filter(|span| is_path(span)).map(ToOwned::to_owned);
        for path in links.chain(named) {
            if !exists(&path) {
                breaches.push(Breach::new(
                    &page.path,
                    number,
                    format!("`{path}` does not exist: correct the name, or write the file"),
                ));
            }
        }
    }
    breaches
}

/// Relative targets of `[text](target)`, without the part after `#`.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        let target = target.split('#').next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    })
}

fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_path(span: &str) -> bool {
    let is_plain = span.chars().all(|char| char.is_alphanumeric() || "./_-".contains(char));
    is_plain && FOLDERS.iter().any(|folder| span.starts_with(folder))
}

/// The path of `target` seen from `folder`, both below the root.
fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_link_and_a_wrong_path_are_found() {
        let text = "[a](guide/a.md) and [b](../README.md#top)\n`analytics/src/gone.rs` and `analytics/<id>.sql`\n[c](https://example.org/c)\n";
        let page = SourceFile::made_up("docs/STYLE.md", text);
        let exists = |path: &str| path == "README.md";
        let breaches = dead_ends(&page, &exists);
        let found: Vec<(usize, &str)> =
            breaches.iter().map(|breach| (breach.line, breach.message.split(' ').next().unwrap_or_default())).collect();
        assert_eq!(found, [(1, "`docs/guide/a.md`"), (2, "`analytics/src/gone.rs`")]);
    }

    #[test]
    fn a_target_is_seen_from_the_folder_of_its_page() {
        assert_eq!(joined("docs/guide", "../adr"), "docs/adr");
        assert_eq!(joined("", "./docs/STYLE.md"), "docs/STYLE.md");
    }
}
