//! One commit object as the line of `waymark-git/1`, whatever its bytes look like.
//!
//! Histories hold names that are not UTF-8, authors without an address and times that never were:
//! such a commit is written with what can be read, because its parents matter to all others.

use super::patch::patch_id;
use super::paths::Touched;
use crate::message;
use chrono::{DateTime, FixedOffset, SecondsFormat};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use serde::Serialize;

/// The last second of the year 9999, past which RFC 3339 has no form.
const SECONDS_MAX: i64 = 253_402_300_799;

/// The parts of a commit object, taken by their names; a strict reader would lose old commits.
#[derive(Debug, Default)]
pub(super) struct CommitParts<'a> {
    pub(super) tree: Option<ObjectId>,
    pub(super) parents: Vec<ObjectId>,
    author: &'a BStr,
    pub(super) committer: &'a BStr,
    message: &'a BStr,
}

impl<'a> CommitParts<'a> {
    /// Takes the object's bytes apart.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let (head, message) = bytes.split_once_str("\n\n").unwrap_or((bytes, b""));
        let mut parts = Self { message: message.as_bstr(), ..Self::default() };
        for line in head.lines() {
            match line.split_once_str(" ") {
                Some((b"tree", sha)) => parts.tree = ObjectId::from_hex(sha).ok(),
                Some((b"parent", sha)) => parts.parents.extend(ObjectId::from_hex(sha)),
                Some((b"author", signature)) => parts.author = signature.as_bstr(),
                Some((b"committer", signature)) => parts.committer = signature.as_bstr(),
                _ => {}
            }
        }
        parts
    }
}

/// A person as a commit names one.
#[derive(Debug, Serialize)]
pub(super) struct Person {
    name: String,
    email: String,
}

/// The line of one commit.
#[derive(Debug, Serialize)]
pub(super) struct CommitLine {
    sha: String,
    parents: Vec<String>,
    author: Person,
    authored_at: String,
    committer: Person,
    committed_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    co_authors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revert_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picked_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_request_hint: Option<u64>,
    /// Left out where the clone does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths_truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_id: Option<String>,
}

impl CommitLine {
    /// The line of the commit `sha`, and what it touches as far as that is known.
    pub(super) fn of(clone: &gix::Repository, sha: String, commit: &CommitParts<'_>, touched: Option<Touched>) -> Self {
        let authored_at = time(commit.author);
        let patch_id = touched.as_ref().and_then(|touched| patch_id(clone, &authored_at, commit.parents.len(), touched));
        let declared = message::read(&commit.message.to_str_lossy());
        Self {
            sha,
            parents: commit.parents.iter().map(ToString::to_string).collect(),
            author: person(commit.author),
            authored_at,
            committer: person(commit.committer),
            committed_at: time(commit.committer),
            co_authors: declared.co_authors,
            revert_of: declared.revert_of,
            picked_from: declared.picked_from,
            pull_request_hint: declared.pull_request_hint,
            paths_truncated: touched.as_ref().map(|touched| touched.is_truncated).filter(|is_truncated| *is_truncated),
            paths: touched.map(|touched| touched.paths),
            patch_id,
        }
    }
}

/// The person of a signature; one without an address keeps what stands before the time.
fn person(signature: &BStr) -> Person {
    let (name, email) = match gix::actor::IdentityRef::from_bytes(signature) {
        Ok(identity) => (identity.name.to_str_lossy().into_owned(), identity.email.to_str_lossy().into_owned()),
        Err(_) => (signature.to_str_lossy().trim_end_matches(|end: char| !end.is_alphabetic()).to_owned(), String::new()),
    };
    Person { name: name.trim().to_owned(), email: email.trim().to_owned() }
}

/// The time of a signature as RFC 3339 with its offset; git writes an unreadable time as the epoch.
fn time(signature: &BStr) -> String {
    instant(signature).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// The time of a signature with its offset; the epoch when it is unreadable.
pub(super) fn instant(signature: &BStr) -> DateTime<FixedOffset> {
    let text = signature.to_str_lossy();
    let after_address = text.rsplit_once('>').map_or(text.as_ref(), |(_, rest)| rest);
    let mut words = after_address.split_whitespace().rev();
    let last = words.next().unwrap_or_default();
    let has_zone = last.starts_with(['+', '-']);
    let (seconds, zone) = if has_zone { (words.next().unwrap_or_default(), last) } else { (last, "") };
    let seconds = seconds.parse().ok().filter(|seconds| (0..=SECONDS_MAX).contains(seconds)).unwrap_or_default();
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().with_timezone(&offset(zone))
}

/// `+0530` as an offset; an impossible one counts as UTC, as in git.
fn offset(zone: &str) -> FixedOffset {
    let utc = || FixedOffset::east_opt(0);
    let read = || {
        let digits = zone.get(1..)?;
        let number: i32 =
            digits.parse().ok().filter(|_| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let seconds = (number / 100) * 3_600 + (number % 100) * 60;
        FixedOffset::east_opt(if zone.starts_with('-') { -seconds } else { seconds })
    };
    read().or_else(utc).unwrap_or_else(|| DateTime::<FixedOffset>::default().timezone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_kept() {
        assert_eq!(time(b"A <a@example.org> 1774000000 +0530".as_bstr()), "2026-03-20T15:16:40+05:30");
        assert_eq!(time(b"A <a@example.org> 1774000000 -0800".as_bstr()), "2026-03-20T01:46:40-08:00");
    }

    #[test]
    fn impossible_times_do_not_fail() {
        assert_eq!(time(b"A <a@example.org> 1774000000 +9999".as_bstr()), "2026-03-20T09:46:40+00:00");
        assert_eq!(time(b"A <a@example.org> 99999999999999999999 +0000".as_bstr()), "1970-01-01T00:00:00+00:00");
        assert_eq!(time(b"A <a@example.org>".as_bstr()), "1970-01-01T00:00:00+00:00");
        assert_eq!(time(b"A <a@example.org> 1774000000".as_bstr()), "2026-03-20T09:46:40+00:00");
        assert_eq!(time(b"".as_bstr()), "1970-01-01T00:00:00+00:00");
    }

    #[test]
    fn odd_people_do_not_fail() {
        let read = |text: &'static [u8]| {
            let person = person(text.as_bstr());
            (person.name, person.email)
        };
        assert_eq!(read(b"J\xf6rg <j@example.org> 1 +0000"), ("J\u{fffd}rg".to_owned(), "j@example.org".to_owned()));
        assert_eq!(read(b"nobody 1774000000 +0000"), ("nobody".to_owned(), String::new()));
        assert_eq!(read(b" <> 1 +0000"), (String::new(), String::new()));
    }
}
