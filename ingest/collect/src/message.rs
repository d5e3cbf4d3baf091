//! What a commit message declares about other commits, people and pull requests.
//!
//! Reads fixed phrases and trailers that git itself writes; free text is not interpreted, and the
//! message itself is not kept. Arrivals and dialects that see messages read them here.

/// Names in `Co-authored-by` past this number are left out.
const CO_AUTHORS_MAX: usize = 50;

/// The declarations of one message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) co_authors: Vec<String>,
    pub(crate) revert_of: Option<String>,
    pub(crate) picked_from: Option<String>,
    pub(crate) pull_request_hint: Option<u64>,
}

/// Reads the declarations of `message`.
pub(crate) fn read(message: &str) -> Declared {
    Declared {
        co_authors: message.lines().filter_map(co_author).take(CO_AUTHORS_MAX).collect(),
        revert_of: sha_after(message, "This reverts commit "),
        // A commit that was picked twice names its origin first.
        picked_from: sha_after(message, "(cherry picked from commit "),
        pull_request_hint: message.lines().find(|line| !line.trim().is_empty()).and_then(pull_request),
    }
}

impl Declared {
    /// The assistant that helped, if one signed.
    pub(crate) fn agent(&self) -> Option<String> {
        self.co_authors.iter().find_map(|trailer| agent(trailer))
    }
}

/// Co-author trailers by which assistants sign; the name is kept, a person's never is.
pub(crate) fn agent(trailer: &str) -> Option<String> {
    let name = trailer.split('<').next().unwrap_or_default().trim();
    let known = ["Claude", "Copilot", "Cursor", "Devin", "Codex", "Gemini"];
    known.iter().find(|agent| name.starts_with(*agent)).map(|agent| (*agent).to_owned())
}

fn co_author(line: &str) -> Option<String> {
    let (key, value) = line.trim().split_once(':')?;
    let value = value.trim();
    (key.eq_ignore_ascii_case("co-authored-by") && !value.is_empty()).then(|| value.to_owned())
}

/// The first full sha that follows `phrase`; a shortened one could mean another commit.
fn sha_after(message: &str, phrase: &str) -> Option<String> {
    message.split(phrase).skip(1).find_map(|rest| {
        let sha: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        matches!(sha.len(), 40 | 64).then(|| sha.to_lowercase())
    })
}

/// The number of a subject that ends in `(#123)`; inside a quoted subject it is another one's.
fn pull_request(subject: &str) -> Option<u64> {
    let (_, number) = subject.trim_end().strip_suffix(')')?.rsplit_once("(#")?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "9fceb02d0ae598e95dc970b74767f19372d61af8";

    #[test]
    fn a_revert_and_a_pick_name_the_other_commit() {
        let revert = read(&format!("Revert \"Add tax (#12)\"\n\nThis reverts commit {SHA}.\n"));
        assert_eq!(revert.revert_of.as_deref(), Some(SHA));
        assert_eq!(revert.pull_request_hint, None, "the number belongs to the reverted one");
        let pick = read(&format!("Add tax\n\n(cherry picked from commit {SHA})\n"));
        assert_eq!(pick.picked_from.as_deref(), Some(SHA));
    }

    #[test]
    fn a_shortened_sha_is_not_trusted() {
        assert_eq!(read("Revert\n\nThis reverts commit 9fceb02.").revert_of, None);
    }

    #[test]
    fn the_number_at_the_end_of_the_subject_is_the_pull_request() {
        assert_eq!(read("Revert \"Add tax (#12)\" (#34)\n").pull_request_hint, Some(34));
        assert_eq!(read("Add tax (#12) at last").pull_request_hint, None);
        assert_eq!(read("Add tax\n\nfixes (#12)").pull_request_hint, None);
        assert_eq!(read("").pull_request_hint, None);
    }

    #[test]
    fn co_authors_are_read_in_any_case() {
        let declared =
            read("Add tax\n\nCo-Authored-By: Ada <ada@example.org>\nco-authored-by:\nSigned-off-by: B <b@example.org>");
        assert_eq!(declared.co_authors, ["Ada <ada@example.org>"]);
        assert_eq!(declared.agent(), None);
        assert_eq!(read("Add tax\n\nCo-authored-by: Copilot <c@example.org>").agent().as_deref(), Some("Copilot"));
    }
}
