//! The files of the repository, as the checks see them: relative path and text.
//!
//! Build results, data folders and hidden folders are left out, binary files too. Nothing here
//! knows a rule.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the repository.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    /// Path below the root, with `/` on every system.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
}

impl SourceFile {
    /// A file that exists only in a test.
    pub(super) fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether its name ends with this, the dot left out.
    pub(super) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// The file's name without folder and extension.
    pub(super) fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("..")).to_path_buf()
}

/// Every text file of the repository, sorted by path.
pub(super) fn files() -> Vec<SourceFile> {
    let root = root();
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    assert!(files.len() > 20, "only {} files found below {}", files.len(), root.display());
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Every file below a folder whose name ends with this, sorted by path.
pub(super) fn files_in(folder: &str, extension: &str) -> Vec<SourceFile> {
    let root = root();
    let mut files = Vec::new();
    if root.join(folder).is_dir() {
        walk(&root, &root.join(folder), &mut files);
    }
    files.retain(|file| file.has_extension(extension));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if !is_left_out(&name) {
                walk(root, &path, files);
            }
        // In a second working tree `.git` is a file that names the first one.
        } else if let (true, Ok(text)) = (kind.is_file() && name != ".git", fs::read_to_string(&path)) {
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(SourceFile { path: below, text });
        }
    }
}

fn is_left_out(folder: &str) -> bool {
    let is_hidden = folder.starts_with('.') && folder != ".ci";
    is_hidden || folder == "target" || folder == "waymark-data" || folder == "waymark-demo"
}

#[test]
fn build_results_data_and_hidden_folders_are_left_out() {
    for folder in ["target", ".git", "waymark-demo", "waymark-data", ".venv"] {
        assert!(is_left_out(folder), "{folder}");
    }
    for folder in [".ci", "tests", "sources"] {
        assert!(!is_left_out(folder), "{folder}");
    }
}

#[test]
fn a_file_tells_its_stem_and_extension() {
    let file = SourceFile::made_up("analytics/metrics/nps.sql", "-- one\nselect 1");
    assert_eq!(file.stem(), "nps");
    assert!(file.has_extension("sql"));
    assert_eq!(file.lines().last(), Some((2, "select 1")));
}
