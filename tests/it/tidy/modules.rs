//! Every Rust file is a module of the file above it: one that nobody names is never compiled, and its
//! tests never fail.

use super::tree::{self, SourceFile};
use super::{Breach, assert_tidy};
use std::collections::BTreeMap;

/// Files that the compiler finds by themselves.
const ROOTS: &[&str] = &["lib", "main", "build"];

fn forgotten(files: &[SourceFile]) -> Vec<Breach> {
    let rust = || files.iter().filter(|file| file.has_extension("rs"));
    let texts: BTreeMap<&str, &str> = rust().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let is_named = |file: &&SourceFile| {
        let Some((folder, _)) = file.path.rsplit_once('/') else { return true };
        let above = [format!("{folder}.rs"), format!("{folder}/lib.rs"), format!("{folder}/main.rs")];
        let declared = format!("mod {};", file.stem());
        let names = |text: &&str| text.lines().any(|line| line.trim_start().trim_start_matches("pub ").ends_with(&declared));
        ROOTS.contains(&file.stem()) || above.iter().filter_map(|path| texts.get(path.as_str())).any(names)
    };
    rust()
        .filter(|file| !is_named(file))
        .map(|file| Breach::new(&file.path, 1, format!("no file above it says `mod {};`: name it or delete it", file.stem())))
        .collect()
}

#[test]
fn every_file_is_compiled() {
    assert_tidy(forgotten(&tree::files()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_names_is_found() {
        let files = [
            SourceFile::made_up("api/src/lib.rs", "mod app;\npub(crate) mod pages;\n"),
            SourceFile::made_up("api/src/app.rs", ""),
            SourceFile::made_up("api/src/pages.rs", "// mod lost\n"),
            SourceFile::made_up("api/src/pages/lost.rs", ""),
        ];
        let found: Vec<String> = forgotten(&files).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["api/src/pages/lost.rs:1: error: no file above it says `mod lost;`: name it or delete it"]);
    }
}
