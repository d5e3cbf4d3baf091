//! Pseudonyms: names, logins and addresses stop here and leave as opaque, stable texts.
//!
//! A survey uses another key per wave, so that answers cannot be joined to commits or to the
//! answers of another wave. Who is a bot is decided before this, from the raw account.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// The secret key of all pseudonyms of one installation; it cannot be printed.
#[derive(Clone)]
pub struct PeopleKey([u8; 32]);

impl PeopleKey {
    /// A key from its 32 secret bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The pseudonym of a person known by e-mail address, or by a native id of one source instance.
    ///
    /// Addresses are compared in lower case. The result is `p_` and 20 characters of base 32.
    pub fn person(&self, subject: &str) -> String {
        self.pseudonym("person", &subject.trim().to_lowercase())
    }

    /// The pseudonym of a survey respondent, valid for one wave only.
    pub fn respondent(&self, survey: &str, wave: &str, respondent: &str) -> String {
        self.pseudonym(&format!("wave\0{survey}\0{wave}"), respondent.trim())
    }

    fn pseudonym(&self, purpose: &str, subject: &str) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(subject.as_bytes());
        let code = data_encoding::BASE32_NOPAD.encode(&mac.finalize().into_bytes()).to_lowercase();
        format!("p_{}", code.chars().take(20).collect::<String>())
    }
}

impl fmt::Debug for PeopleKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PeopleKey(…)")
    }
}

/// Whether an account name is one of a machine, by the marks that vendors document.
pub fn is_bot_account(login: &str) -> bool {
    let login = login.to_lowercase();
    login.ends_with("[bot]")
        || ["dependabot", "renovate", "github-actions", "web-flow", "semantic-release-bot"].contains(&login.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_stable_and_a_respondent_differs_by_wave() {
        let key = PeopleKey::new([7; 32]);
        assert_eq!(key.person("Ada@Example.org"), key.person(" ada@example.org"));
        assert_eq!(key.person("ada@example.org").len(), 22);
        assert_ne!(key.respondent("dx", "2026-q1", "r1"), key.respondent("dx", "2026-q2", "r1"));
    }
}
