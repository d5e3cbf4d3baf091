//! Patterns: `*` stands for any text, also across `/`; letters' case does not matter.
//!
//! Patterns of paths are stricter (`*` within one folder, `**` across) and are made here, too.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Some patterns, of which one must fit.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    set: GlobSet,
    texts: Vec<String>,
}

impl Patterns {
    /// Patterns of values: references, images, addresses.
    pub(super) fn of_values<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, globset::Error> {
        let (mut set, mut texts) = (GlobSetBuilder::new(), Vec::new());
        for pattern in patterns {
            texts.push(pattern.to_owned());
            // Only the star is special: versions and paths hold brackets and braces of their own.
            let escaped: String = pattern.chars().flat_map(escaped).collect();
            set.add(GlobBuilder::new(&escaped).case_insensitive(true).literal_separator(false).build()?);
        }
        Ok(Self { set: set.build()?, texts })
    }

    /// Patterns of paths below the root of a repository.
    pub(super) fn of_paths<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, globset::Error> {
        let (mut set, mut texts) = (GlobSetBuilder::new(), Vec::new());
        for pattern in patterns {
            texts.push(pattern.to_owned());
            set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
        }
        Ok(Self { set: set.build()?, texts })
    }

    pub(super) fn fit(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// Whether a text with stars for what is not known yet may come to fit a pattern of values.
    pub(super) fn may_fit(&self, text: &str) -> bool {
        self.texts.iter().any(|pattern| may_meet(pattern, text))
    }

    /// Whether the text fits as a whole or without its version: what stands behind the last `@`, or
    /// behind a `:` of the last part.
    pub(super) fn fit_reference(&self, text: &str) -> bool {
        self.fit(text) || split_version(text).is_some_and(|(name, _)| self.fit(name))
    }
}

/// A reference and its version.
pub(super) fn split_version(reference: &str) -> Option<(&str, &str)> {
    if let Some((name, query)) = reference.split_once('?')
        && let Some(version) = query.split('&').find_map(|part| part.strip_prefix("ref="))
    {
        return Some((name, version));
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

/// Whether some text fits both patterns of values.
pub(super) fn may_meet(one: &str, other: &str) -> bool {
    let letters = |pattern: &str| pattern.to_lowercase().chars().collect::<Vec<char>>();
    let (one, other) = (letters(one), letters(other));
    // Of each rest of `one`, from its end on: whether it and each rest of `other` may be the same text.
    let mut shorter = vec![false; other.len() + 1];
    for row in (0..=one.len()).rev() {
        let mut current = vec![false; other.len() + 1];
        for column in (0..=other.len()).rev() {
            current[column] = match (one.get(row), other.get(column)) {
                (None, None) => true,
                // A star ends here, or stands for one letter more of the other pattern.
                (Some('*'), Some(_)) | (Some(_), Some('*')) => shorter[column] || current[column + 1],
                (Some('*'), None) => shorter[column],
                (None, Some('*')) => current[column + 1],
                (Some(letter), Some(opposite)) => letter == opposite && shorter[column + 1],
                (Some(_), None) | (None, Some(_)) => false,
            };
        }
        shorter = current;
    }
    shorter.first().copied().unwrap_or_default()
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
        assert_eq!(split_version("git::https://x/a?depth=1&ref=v1.2"), Some(("git::https://x/a", "v1.2")));
        assert_eq!(split_version("base@sha256:12"), Some(("base", "sha256:12")));
        assert!(Patterns::of_values(["a[b]{c}"]).unwrap().fit("a[b]{c}"));
    }

    #[test]
    fn two_patterns_meet_where_one_text_fits_both() {
        for (one, other) in [
            ("github.com/acme/*", "github.com/Acme/cart"),
            ("*/cart", "github.com/acme/*"),
            ("*", ""),
            ("a*c", "a*bc"),
            ("same", "same"),
        ] {
            assert!(may_meet(one, other) && may_meet(other, one), "{one} {other}");
        }
        for (one, other) in [("github.com/acme/*", "github.com/other/*"), ("a*b", "a*c"), ("a", "ab"), ("a", "")] {
            assert!(!may_meet(one, other) && !may_meet(other, one), "{one} {other}");
        }
        let patterns = Patterns::of_values(["https://x.example.org/acme/deployments*"]).unwrap();
        assert!(patterns.may_fit("https://x.example.org/acme/*") && !patterns.may_fit("https://y.example.org/*"));
    }

    #[test]
    fn a_path_pattern_stays_in_its_folder() {
        let patterns = Patterns::of_paths(["deploy/*.yaml", "**/Chart.yaml"]).unwrap();
        assert!(patterns.fit("deploy/a.yaml") && !patterns.fit("deploy/x/a.yaml"));
        assert!(patterns.fit("Chart.yaml") && patterns.fit("a/b/Chart.yaml"));
    }
}
