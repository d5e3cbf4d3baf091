//! Patterns: `*` stands for any text, also across `/`; letters' case does not matter.
//!
//! Patterns of paths are stricter (`*` within one folder, `**` across) and are made here, too.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Some patterns, of which one must fit.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns(GlobSet);

impl Patterns {
    /// Patterns of values: references, images, addresses.
    pub(super) fn of_values<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            // Only the star is special: versions and paths hold brackets and braces of their own.
            let escaped: String = pattern.chars().flat_map(escaped).collect();
            set.add(GlobBuilder::new(&escaped).case_insensitive(true).literal_separator(false).build()?);
        }
        set.build().map(Self)
    }

    /// Patterns of paths below the root of a repository.
    pub(super) fn of_paths<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
        }
        set.build().map(Self)
    }

    pub(super) fn fit(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Whether the text fits as a whole or without its version: what stands behind the last `@`, or
    /// behind a `:` of the last part.
    pub(super) fn fit_reference(&self, text: &str) -> bool {
        self.fit(text) || split_version(text).is_some_and(|(name, _)| self.fit(name))
    }
}

/// A reference and its version.
pub(super) fn split_version(reference: &str) -> Option<(&str, &str)> {
    if let Some((name, rest)) = reference.split_once("?ref=") {
        return Some((name, rest.split('&').next().unwrap_or(rest)));
    }
    if let Some((name, version)) = reference.rsplit_once('@') {
        // A user in an address, as in `git@host:path`, is no name with a version.
        let is_plain = version.starts_with("sha256:") || !version.contains(['/', ':']);
        let is_branch = name.contains('/') && !name.contains("://");
        if is_plain || is_branch {
            return Some((name, version));
        }
    }
    if reference.contains("://") {
        // Behind a colon stands the port of an address.
        return None;
    }
    let last = reference.rsplit('/').next()?;
    let (_, version) = last.split_once(':')?;
    let name = reference.strip_suffix(version)?.strip_suffix(':')?;
    Some((name, version))
}

/// Whether a pattern of paths can be understood.
pub(super) fn is_path_pattern(pattern: &str) -> bool {
    Glob::new(pattern).is_ok()
}

fn escaped(letter: char) -> impl Iterator<Item = char> {
    let is_special = matches!(letter, '?' | '[' | ']' | '{' | '}' | '\\' | '!');
    is_special.then_some('\\').into_iter().chain(std::iter::once(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_spans_folders_and_a_version_may_be_left_out() {
        let patterns = Patterns::of_values(["acme/platform-ci/*"]).unwrap();
        assert!(patterns.fit_reference("Acme/platform-ci/.x/build.yml@v3"));
        assert!(!patterns.fit_reference("acme/platform-cd/build.yml@v3"));
        let exact = Patterns::of_values(["registry.example.org:5000/base"]).unwrap();
        assert!(
            exact.fit_reference("registry.example.org:5000/base:1.2")
                && !exact.fit_reference("registry.example.org:5000/base2:1")
        );
        assert_eq!(split_version("registry.example.org:5000/base"), None);
        assert_eq!(split_version("git::https://x.example.org/a?ref=v1"), Some(("git::https://x.example.org/a", "v1")));
        assert_eq!(split_version("base@sha256:12"), Some(("base", "sha256:12")));
        assert!(Patterns::of_values(["a[b]{c}"]).unwrap().fit("a[b]{c}"));
    }

    #[test]
    fn a_path_pattern_stays_in_its_folder() {
        let patterns = Patterns::of_paths(["deploy/*.yaml", "**/Chart.yaml"]).unwrap();
        assert!(patterns.fit("deploy/a.yaml") && !patterns.fit("deploy/x/a.yaml"));
        assert!(patterns.fit("Chart.yaml") && patterns.fit("a/b/Chart.yaml"));
    }
}
