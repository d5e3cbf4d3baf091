//! A git repository made by `git fast-import` from a list of parents, times and tags.
//!
//! Commits have no files, so their shas are others than those of the history they are made after.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// One commit of a history; the place in the list is its number.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) parents: Vec<usize>,
    pub(super) authored_at: i64,
    pub(super) committed_at: i64,
    /// The tag that the publisher of the history found; null when nobody says.
    pub(super) expected_first_tag: Option<String>,
}

/// One tag of a history.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) is_annotated: bool,
    pub(super) commit: usize,
    pub(super) tagged_at: i64,
}

/// A commit graph with its tags; the last commit is the tip of the branch.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) commits: Vec<Commit>,
    pub(super) tags: Vec<Tag>,
}

const BEGINS_AT: i64 = 1_770_000_000;

impl History {
    /// Commits an hour apart; annotated tags ten minutes after their commits.
    pub(super) fn from_parents(parents: &[&[usize]], tags: &[(&str, usize)]) -> Self {
        let commits = (0i64..).zip(parents).map(|(number, parents)| {
            let at = BEGINS_AT + number * 3_600;
            Commit { parents: parents.to_vec(), authored_at: at - 900, committed_at: at, expected_first_tag: None }
        });
        let commits: Vec<Commit> = commits.collect();
        let tags = tags.iter().map(|&(name, commit)| Tag {
            name: name.to_owned(),
            is_annotated: true,
            commit,
            tagged_at: commits[commit].committed_at + 600,
        });
        Self { tags: tags.collect(), commits }
    }

    /// Fifty-one commits with ten merged branches, one of them released before its merge, a commit
    /// with a clock two days ahead, two tags of one commit, and two tags of one second.
    pub(super) fn of_our_own() -> Self {
        let parents: Vec<Vec<usize>> = (0usize..51)
            .map(|number| match number {
                0 => vec![],
                _ if number % 5 == 4 => vec![number - 3],
                _ if number % 5 == 0 => vec![number - 2, number - 1],
                _ => vec![number - 1],
            })
            .collect();
        let parents: Vec<&[usize]> = parents.iter().map(Vec::as_slice).collect();
        let tags = [
            ("v1.0", 6),
            ("v1.1", 13),
            ("v1.1-again", 13),
            ("hotfix-1", 19),
            ("v1.10", 22),
            ("v1.9", 23),
            ("v2.0", 37),
            ("v2.1", 41),
        ];
        let mut history = Self::from_parents(&parents, &tags);
        history.commits[26].committed_at += 2 * 86_400;
        history.tags[5].tagged_at = history.tags[4].tagged_at;
        for light in [1, 6] {
            history.tags[light].is_annotated = false;
            history.tags[light].tagged_at = history.commits[history.tags[light].commit].committed_at;
        }
        history
    }

    /// A history as the shared fixtures describe it, in `commits.csv` and `tags.csv`.
    pub(super) fn published(folder: &Path) -> Self {
        let rows = |file: &str| -> Vec<Vec<String>> {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            text.lines().skip(1).map(|line| line.split(',').map(ToOwned::to_owned).collect()).collect()
        };
        let commits = rows("commits.csv").into_iter().map(|row| Commit {
            parents: row[2].split_whitespace().map(|parent| parent.parse().unwrap()).collect(),
            authored_at: row[3].parse().unwrap(),
            committed_at: row[4].parse().unwrap(),
            expected_first_tag: Some(row[5].clone()),
        });
        let tags = rows("tags.csv").into_iter().map(|row| Tag {
            name: row[1].clone(),
            is_annotated: row[2] == "annotated",
            commit: row[3].parse().unwrap(),
            tagged_at: row[4].parse().unwrap(),
        });
        Self { commits: commits.collect(), tags: tags.collect() }
    }

    /// The history as `git fast-import` reads it; the mark of a commit is its number and one.
    fn stream(&self) -> String {
        let mut stream = String::new();
        for (number, commit) in self.commits.iter().enumerate() {
            if commit.parents.is_empty() {
                stream.push_str("reset refs/heads/main\n\n");
            }
            write_commit(&mut stream, number + 1, commit.authored_at, commit.committed_at);
            for (place, parent) in commit.parents.iter().enumerate() {
                let word = if place == 0 { "from" } else { "merge" };
                writeln!(stream, "{word} :{}", parent + 1).unwrap();
            }
            // A commit that changes nothing is told apart from those that do.
            let content = format!("{number}");
            writeln!(stream, "M 644 inline change\ndata {}\n{content}", content.len()).unwrap();
            stream.push('\n');
        }
        writeln!(stream, "reset refs/heads/main\nfrom :{}\n", self.commits.len()).unwrap();
        for tag in &self.tags {
            let (name, mark) = (&tag.name, tag.commit + 1);
            if tag.is_annotated {
                write_tag(&mut stream, name, &format!(":{mark}"), tag.tagged_at);
            } else {
                writeln!(stream, "reset refs/tags/{name}\nfrom :{mark}\n").unwrap();
            }
        }
        stream
    }
}

fn write_commit(stream: &mut String, mark: usize, authored_at: i64, committed_at: i64) {
    let message = format!("Change {mark}");
    writeln!(
        stream,
        "commit refs/heads/main\nmark :{mark}\nauthor Ada Example <ada@example.org> {authored_at} +0100\n\
         committer Ada Example <ada@example.org> {committed_at} +0100\ndata {}\n{message}",
        message.len()
    )
    .unwrap();
}

fn write_tag(stream: &mut String, name: &str, from: &str, tagged_at: i64) {
    writeln!(stream, "tag {name}\nfrom {from}\ntagger Ada Example <ada@example.org> {tagged_at} +0000\ndata 0\n").unwrap();
}

/// Whether the program git can be run.
pub(super) fn git_is_present() -> bool {
    Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// A repository in a temporary folder.
pub(super) struct Rebuilt {
    folder: TempDir,
    shas: Vec<String>,
}

impl Rebuilt {
    /// Makes every commit and tag of a history.
    pub(super) fn of(history: &History) -> Self {
        Self::from_stream(&history.stream())
    }

    /// Makes what a stream of `git fast-import` says, on the branch `main`.
    pub(super) fn from_stream(stream: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rebuilt = Self { folder, shas: Vec::new() };
        rebuilt.git(&["init", "--quiet"], None);
        rebuilt.git(&["symbolic-ref", "HEAD", "refs/heads/main"], None);
        rebuilt.shas = rebuilt.import(stream);
        rebuilt
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The sha that a commit of the history has here.
    pub(super) fn sha(&self, commit: usize) -> &str {
        &self.shas[commit]
    }

    /// The first tag, by time and then by name, that git says contains a commit.
    pub(super) fn first_tag_containing(&self, sha: &str, history: &History) -> Option<String> {
        let containing = self.git(&["tag", "--contains", sha], None);
        let names: Vec<&str> = containing.lines().collect();
        let tags = history.tags.iter().filter(|tag| names.contains(&tag.name.as_str()));
        tags.min_by_key(|tag| (tag.tagged_at, &tag.name)).map(|tag| tag.name.clone())
    }

    /// Puts commits on top of the branch and a tag on the last of them; returns their shas.
    pub(super) fn add_commits(&self, count: usize, tag: &str) -> Vec<String> {
        let mut stream = String::new();
        let at = 1_790_000_000;
        for mark in 1..=count {
            write_commit(&mut stream, mark, at, at);
            let from = if mark == 1 { "refs/heads/main^0".to_owned() } else { format!(":{}", mark - 1) };
            let content = format!("added {mark}");
            writeln!(stream, "from {from}\nM 644 inline change\ndata {}\n{content}\n", content.len()).unwrap();
        }
        write_tag(&mut stream, tag, &format!(":{count}"), at);
        self.import(&stream)
    }

    /// Makes the clone shallow: these commits keep their parents' names and lose the parents.
    pub(super) fn cut_at(&self, commits: &[usize]) {
        let shas: Vec<&str> = commits.iter().map(|commit| self.sha(*commit)).collect();
        std::fs::write(self.shallow_file(), shas.join("\n") + "\n").unwrap();
    }

    /// Gives back what `cut_at` took.
    pub(super) fn deepen(&self) {
        std::fs::remove_file(self.shallow_file()).unwrap();
    }

    fn shallow_file(&self) -> PathBuf {
        self.path().join(".git/shallow")
    }

    /// Imports a stream; returns the shas of its marks in their order.
    fn import(&self, stream: &str) -> Vec<String> {
        let marks = self.path().join(".git/marks");
        let export = format!("--export-marks={}", marks.display());
        self.git(&["fast-import", "--quiet", &export], Some(stream));
        let text = std::fs::read_to_string(&marks).unwrap();
        let mut marks: Vec<(usize, String)> = text
            .lines()
            .map(|line| line.strip_prefix(':').unwrap().split_once(' ').unwrap())
            .map(|(mark, sha)| (mark.parse().unwrap(), sha.to_owned()))
            .collect();
        marks.sort_unstable();
        marks.into_iter().map(|(_, sha)| sha).collect()
    }

    /// Runs git without the configuration of the user or the machine.
    fn git(&self, arguments: &[&str], input: Option<&str>) -> String {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
            pipe.write_all(input.as_bytes()).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}
