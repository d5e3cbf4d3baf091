//! Small histories made commit by commit, and what is read from them.

use super::*;
use gix::ObjectId;
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering};

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A repository in a folder of its own, which goes when the test ends.
pub(super) struct Repository {
    folder: PathBuf,
    pub(super) inner: gix::Repository,
}

impl Drop for Repository {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Repository {
    pub(super) fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("waymark-git-{}-{number}", std::process::id()));
        let path = folder.join("Checkout");
        std::fs::create_dir_all(&path).unwrap();
        gix::init(&path).unwrap();
        std::fs::write(path.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let inner = gix::open_opts(&path, gix::open::Options::isolated()).unwrap();
        Self { folder, inner }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("Checkout")
    }

    fn commit(&self, message: &str, seconds: i64, parents: &[ObjectId]) -> ObjectId {
        let lines: Vec<String> = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let parents = lines.concat();
        let person = format!("Ada <ada@example.org> {seconds} +0200");
        let tree = self.inner.empty_tree().id;
        self.raw_commit(format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\n{message}").as_bytes())
    }

    /// A commit of these files.
    pub(super) fn commit_of(&self, files: &[(&str, &str)], parents: &[ObjectId]) -> ObjectId {
        let tree = self.tree_of(files);
        let lines: Vec<String> = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let person = "Ada <ada@example.org> 1774000000 +0000";
        let parents = lines.concat();
        self.raw_commit(format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\nchange").as_bytes())
    }

    fn tree_of(&self, files: &[(&str, &str)]) -> ObjectId {
        use gix::objs::Write as _;
        let mut entries: BTreeMap<String, (&str, ObjectId)> = BTreeMap::new();
        let mut folders: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (path, content) in files {
            if let Some((folder, rest)) = path.split_once('/') {
                folders.entry(folder).or_default().push((rest, content));
            } else {
                let blob = self.inner.objects.write_buf(gix::objs::Kind::Blob, content.as_bytes()).unwrap();
                entries.insert((*path).to_owned(), ("100644", blob));
            }
        }
        for (folder, files) in folders {
            entries.insert(folder.to_owned(), ("40000", self.tree_of(&files)));
        }
        let bytes: Vec<u8> = entries
            .iter()
            .flat_map(|(name, (mode, id))| [format!("{mode} {name}\0").into_bytes(), id.as_slice().to_vec()].concat())
            .collect();
        self.inner.objects.write_buf(gix::objs::Kind::Tree, &bytes).unwrap()
    }

    fn raw_commit(&self, bytes: &[u8]) -> ObjectId {
        use gix::objs::Write as _;
        self.inner.objects.write_buf(gix::objs::Kind::Commit, bytes).unwrap()
    }

    /// `count` commits in a row, a minute apart, the oldest first.
    fn row(&self, count: i64, after: Option<ObjectId>) -> Vec<ObjectId> {
        let mut row: Vec<ObjectId> = Vec::new();
        for number in 0..count {
            let parent = row.last().copied().or(after);
            row.push(self.commit(&format!("change {number}"), 1_774_000_000 + number * 60, parent.as_slice()));
        }
        row
    }

    fn point(&self, name: &str, id: ObjectId) {
        let file = self.path().join(".git").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("{id}\n")).unwrap();
    }

    fn tag(&self, name: &str, id: ObjectId, time: &str) {
        let tag = gix::objs::Tag {
            target: id,
            target_kind: gix::objs::Kind::Commit,
            name: name.into(),
            tagger: Some(
                gix::actor::SignatureRef::from_bytes(format!("Ada <ada@example.org> {time}").as_bytes())
                    .unwrap()
                    .to_owned()
                    .unwrap(),
            ),
            message: "release".into(),
            signature: None,
        };
        let tag = self.inner.write_object(&tag).unwrap().detach();
        self.point(&format!("refs/tags/{name}"), tag);
    }

    fn read(&self, patterns: &[&str], known: &KnownRefs) -> Result<GitReading, GitError> {
        let deployments = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let request = GitRequest { deployments, ..GitRequest::default() };
        read_repository(&self.path(), &request, known, Instant::from_seconds(1_780_000_000), &|_| ())
    }
}

fn lines(delivery: &Delivery) -> Vec<Value> {
    std::str::from_utf8(&delivery.body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Of each delivery the ref and the shas of its commits, sorted.
fn outline(reading: &GitReading) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let outline = reading.deliveries.iter().map(|delivery| {
        let lines = lines(delivery);
        let mut shas: Vec<String> = lines.iter().skip(1).map(|line| text(&line["sha"])).collect();
        shas.sort();
        (text(&lines[0]["ref"]), shas)
    });
    outline.collect()
}

fn sorted(ids: &[ObjectId]) -> Vec<String> {
    let mut shas: Vec<String> = ids.iter().map(ToString::to_string).collect();
    shas.sort();
    shas
}

#[test]
fn each_commit_stands_with_the_first_ref_that_reaches_it() {
    let repository = Repository::new();
    let row = repository.row(6, None);
    repository.point("refs/heads/main", row[5]);
    repository.tag("v2", row[3], "1774100000 +0000");
    repository.tag("v1", row[1], "1774050000 +0100");
    repository.point("refs/tags/other", row[4]);
    let reading = repository.read(&["v*"], &KnownRefs::new()).unwrap();
    assert_eq!(
        outline(&reading),
        [
            ("refs/tags/v1".to_owned(), sorted(&row[..2])),
            ("refs/tags/v2".to_owned(), sorted(&row[2..4])),
            ("refs/heads/main".to_owned(), sorted(&row[4..])),
        ]
    );
    assert_eq!((reading.commits, reading.tags, reading.is_shallow), (6, 2, false));
    let first = &lines(&reading.deliveries[0])[0];
    assert_eq!(first["format"], "waymark-git/1");
    assert_eq!(first["repository"], "local/checkout");
    assert_eq!(first["tag"]["tagged_at"], "2026-03-21T00:40:00+01:00");
    assert_eq!(first["tag"]["kind"], "annotated");
    assert_eq!(first["deploys"]["environment"], "production");
    assert_eq!(first["new"], row[1].to_string());
    assert_eq!(lines(&reading.deliveries[2])[0]["deploys"], Value::Null);
    let delivery = &reading.deliveries[0];
    assert_eq!((delivery.source.as_str(), delivery.instance.as_str()), ("git", "local"));
    assert_eq!(delivery.channel, waymark_event::Channel::Git);
}

#[test]
fn a_second_reading_gives_only_what_is_new() {
    let repository = Repository::new();
    let row = repository.row(3, None);
    repository.point("refs/heads/main", row[2]);
    repository.tag("v1", row[1], "1774050000 +0000");
    let first = repository.read(&["v*"], &KnownRefs::new()).unwrap();
    let again = repository.read(&["v*"], &first.refs).unwrap();
    assert!(again.deliveries.is_empty());
    assert_eq!(again.refs, first.refs);
    let more = repository.row(2, Some(row[2]));
    repository.point("refs/heads/main", more[1]);
    repository.tag("v1", row[2], "1774060000 +0000");
    let second = repository.read(&["v*"], &again.refs).unwrap();
    assert_eq!(outline(&second), [("refs/tags/v1".to_owned(), vec![]), ("refs/heads/main".to_owned(), sorted(&more))]);
    assert_eq!(lines(&second.deliveries[0])[0]["old"], row[1].to_string(), "the commit, not the tag object");
    assert_eq!(lines(&second.deliveries[1])[0]["old"], row[2].to_string());
}

#[test]
fn a_merge_brings_its_branch_and_a_force_push_forgets_nothing() {
    let repository = Repository::new();
    let trunk = repository.row(2, None);
    let side = repository.commit("side", 1_774_000_500, &trunk[..1]);
    let merge = repository.commit("Merge", 1_774_000_600, &[trunk[1], side]);
    repository.point("refs/heads/main", merge);
    let first = repository.read(&[], &KnownRefs::new()).unwrap();
    assert_eq!(outline(&first), [("refs/heads/main".to_owned(), sorted(&[trunk[0], trunk[1], side, merge]))]);
    let merged = lines(&first.deliveries[0]).into_iter().find(|line| line["sha"] == merge.to_string()).unwrap();
    assert_eq!(merged["parents"], serde_json::json!([trunk[1].to_string(), side.to_string()]));
    let rewritten = repository.commit("other", 1_774_000_700, &trunk[..1]);
    repository.point("refs/heads/main", rewritten);
    let second = repository.read(&[], &first.refs).unwrap();
    assert_eq!(outline(&second), [("refs/heads/main".to_owned(), sorted(&[rewritten]))]);
}

#[test]
fn a_clock_that_runs_backwards_changes_nothing() {
    let repository = Repository::new();
    let old = repository.commit("late clock", 1_900_000_000, &[]);
    let known = repository.commit("early clock", 1_000_000_000, &[old]);
    repository.point("refs/heads/main", known);
    let first = repository.read(&[], &KnownRefs::new()).unwrap();
    let new = repository.commit("new", 500_000_000, &[known]);
    repository.point("refs/heads/main", new);
    let second = repository.read(&[], &first.refs).unwrap();
    assert_eq!(outline(&second), [("refs/heads/main".to_owned(), sorted(&[new]))]);
}

#[test]
fn a_shallow_clone_gives_the_rest_once_it_is_deepened() {
    let repository = Repository::new();
    let row = repository.row(4, None);
    repository.point("refs/heads/main", row[3]);
    let shallow = repository.path().join(".git/shallow");
    std::fs::write(&shallow, format!("{}\n", row[2])).unwrap();
    let first = repository.read(&[], &KnownRefs::new()).unwrap();
    assert!(first.is_shallow);
    assert_eq!(outline(&first), [("refs/heads/main".to_owned(), sorted(&row[2..]))]);
    let cut = lines(&first.deliveries[0]).into_iter().find(|line| line["sha"] == row[2].to_string()).unwrap();
    assert_eq!(cut["parents"], serde_json::json!([row[1].to_string()]), "parents as recorded");
    std::fs::remove_file(&shallow).unwrap();
    let second = repository.read(&[], &first.refs).unwrap();
    assert_eq!(outline(&second), [("refs/heads/main".to_owned(), sorted(&row[..2]))]);
    assert!(repository.read(&[], &second.refs).unwrap().deliveries.is_empty());
    assert!(second.refs.keys().all(|name| !name.starts_with(UNREAD)));
}

#[test]
fn a_missing_commit_is_a_warning_and_is_read_when_it_comes() {
    let repository = Repository::new();
    let row = repository.row(3, None);
    repository.point("refs/heads/main", row[2]);
    let sha = row[1].to_string();
    let (folder, file) = sha.split_at(2);
    let object = repository.path().join(".git/objects").join(folder).join(file);
    let aside = repository.folder.join("aside");
    std::fs::rename(&object, &aside).unwrap();
    let first = repository.read(&[], &KnownRefs::new()).unwrap();
    assert_eq!(outline(&first), [("refs/heads/main".to_owned(), sorted(&row[2..]))]);
    assert_eq!(first.warnings.len(), 1);
    std::fs::rename(&aside, &object).unwrap();
    let second = repository.read(&[], &first.refs).unwrap();
    assert_eq!(outline(&second), [("refs/heads/main".to_owned(), sorted(&row[..2]))]);
}

#[test]
fn many_commits_make_several_deliveries() {
    let repository = Repository::new();
    let row = repository.row(5_001, None);
    repository.point("refs/heads/main", row[5_000]);
    let reading = repository.read(&[], &KnownRefs::new()).unwrap();
    let counts: Vec<usize> = reading.deliveries.iter().map(|delivery| lines(delivery).len() - 1).collect();
    assert_eq!(counts, [5_000, 1]);
    assert_eq!(lines(&reading.deliveries[0])[0], lines(&reading.deliveries[1])[0]);
}

#[test]
fn odd_objects_do_not_stop_the_reading() {
    let repository = Repository::new();
    let tree = repository.inner.empty_tree().id;
    let first = repository.row(1, None)[0];
    let mut bytes = format!("tree {tree}\nparent {first}\n").into_bytes();
    bytes.extend(b"author J\xf6rg <j@example.org> 1774000000 +9999\ncommitter nobody\nencoding ISO-8859-1\n\nge\xe4ndert (#7)");
    let odd = repository.raw_commit(&bytes);
    repository.point("refs/heads/main", odd);
    repository.point("refs/tags/tree", repository.inner.write_object(gix::objs::Tree::empty()).unwrap().detach());
    repository.point("refs/tags/t1", odd);
    let reading = repository.read(&["t*"], &KnownRefs::new()).unwrap();
    assert_eq!(reading.commits, 2);
    assert_eq!(reading.warnings, ["the tag `tree` is skipped: it points at a tree, not at a commit"]);
    let line = lines(&reading.deliveries[0]).into_iter().find(|line| line["sha"] == odd.to_string()).unwrap();
    assert_eq!(line["author"]["name"], "J\u{fffd}rg");
    assert_eq!(line["pull_request_hint"], 7);
    assert_eq!(line["committed_at"], "1970-01-01T00:00:00+00:00");
}

#[test]
fn the_address_of_the_remote_is_the_key() {
    let repository = Repository::new();
    repository.point("refs/heads/main", repository.row(1, None)[0]);
    let config = repository.path().join(".git/config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\n[remote \"origin\"]\n\turl = git@git.example.org:Shop/Checkout.git\n")).unwrap();
    let reading = repository.read(&[], &KnownRefs::new()).unwrap();
    assert_eq!(reading.repository, "git.example.org/shop/checkout");
    assert_eq!(reading.deliveries[0].instance, "git.example.org");
}

#[test]
fn errors_say_what_is_there() {
    let repository = Repository::new();
    let nothing = repository.read(&[], &KnownRefs::new()).unwrap_err();
    assert!(nothing.to_string().ends_with("has no commits yet"), "{nothing}");
    let row = repository.row(1, None);
    repository.point("refs/heads/main", row[0]);
    let tagless = repository.read(&["v*"], &KnownRefs::new()).unwrap_err();
    assert_eq!(tagless.to_string(), "no tag matches `v*`: the repository has no tags");
    repository.point("refs/tags/release-1", row[0]);
    let unmatched = repository.read(&["v*", "prod/*"], &KnownRefs::new()).unwrap_err();
    assert_eq!(unmatched.to_string(), "no tag matches `v*` or `prod/*`: the repository has the tag `release-1`");
    let request = GitRequest { branch: Some("develop".to_owned()), ..GitRequest::default() };
    let read = |path: &Path, request| read_repository(path, request, &KnownRefs::new(), Instant::from_seconds(0), &|_| ());
    let branchless = read(&repository.path(), &request).unwrap_err();
    assert_eq!(branchless.to_string(), "there is no branch `develop`: the repository has the branch `main`");
    let no_clone = read(&repository.folder, &request).unwrap_err();
    assert!(no_clone.to_string().contains("is not a git repository"), "{no_clone}");
    let no_folder = read(&repository.folder.join("gone"), &request).unwrap_err();
    assert!(no_folder.to_string().starts_with("there is no folder"), "{no_folder}");
}

#[test]
fn a_fetch_that_was_not_merged_counts() {
    let repository = Repository::new();
    let row = repository.row(3, None);
    repository.point("refs/heads/main", row[1]);
    repository.point("refs/remotes/origin/main", row[2]);
    repository.point("refs/heads/feature", row[0]);
    let git = repository.path().join(".git");
    std::fs::write(git.join("refs/remotes/origin/HEAD"), "ref: refs/remotes/origin/main\n").unwrap();
    std::fs::write(git.join("HEAD"), "ref: refs/heads/feature\n").unwrap();
    let reading = repository.read(&[], &KnownRefs::new()).unwrap();
    assert_eq!(outline(&reading), [("refs/heads/main".to_owned(), sorted(&row))]);
}
