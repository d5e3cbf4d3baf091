//! The project builds on any machine: no path of one machine, no address of a package registry.
//!
//! Fixtures are copies of what others sent and the lock file is cargo's own, so both are spared.

use super::tree::{SourceFile, files};
use super::{Breach, assert_tidy};

/// Beginnings of absolute paths that exist on somebody's machine only; put together here so that
/// this file does not break its own rule.
const MACHINE_PATHS: &[&str] = &[
    concat!("/", "root/"),
    concat!("/", "work/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
    concat!("C:", "\\Users"),
    concat!("/tmp", "/bash"),
];

/// Hosts that a package client finds by itself.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("registry.npmjs", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("repo.maven.apache", ".org"),
    concat!("repo1.maven", ".org"),
    concat!("deb.debian", ".org"),
];

#[test]
fn no_machine_paths_or_registry_hosts() {
    let is_ours = |file: &&SourceFile| file.path != "Cargo.lock" && !file.path.starts_with("tests/fixtures/");
    let breaches = files().iter().filter(is_ours).flat_map(foreign_places).collect();
    assert_tidy(breaches);
}

fn foreign_places(file: &SourceFile) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (number, line) in file.lines() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| names_path(line, path)) {
            let message = format!("`{path}` exists on one machine only: use a path below the repository or a temporary folder");
            breaches.push(Breach::new(&file.path, number, message));
        }
        if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
            let message = format!("`{host}` is a registry's address: leave it to the package client and its configuration");
            breaches.push(Breach::new(&file.path, number, message));
        }
    }
    breaches
}

/// Whether the line holds this as the beginning of a path, not as a part of a longer one.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        !before.is_some_and(|char| char.is_alphanumeric() || "./~_-}".contains(char))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_path_is_found_and_a_longer_path_is_not() {
        let home = concat!("/", "home/");
        let found = |text: &str| foreign_places(&SourceFile::made_up("a.md", text)).len();
        assert_eq!(found(&format!("cd {home}somebody")), 1);
        assert_eq!(found(&format!("\"{home}somebody\"")), 1);
        assert_eq!(found(&format!("docs{home}page.md")), 0);
    }

    #[test]
    fn a_registry_address_is_found() {
        let line = format!("pip install --index-url https://{}/simple", concat!("pypi", ".org"));
        assert_eq!(foreign_places(&SourceFile::made_up(".ci/run", &line)).len(), 1);
    }
}
