//! Proof of origin over raw bytes, in constant time, with several secrets during a rotation.
//!
//! Which header holds the proof is said by the source; the secrets belong to the connection.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// A shorter secret is refused.
pub(crate) const SECRET_BYTES_MIN: usize = 16;

/// How a sender proves its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofScheme {
    /// `<prefix><hexadecimal HMAC-SHA-256 of the body>` in this header.
    HmacSha256 {
        /// Name of the header, in lower case.
        header: &'static str,
        /// What stands before the digits.
        prefix: &'static str,
    },
    /// `Bearer <secret>` in the authorization header.
    Bearer,
}

/// One secret of a connection; it cannot be printed.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Name of the secret, counted when it proves something, so that an old one can be retired.
    pub id: String,
    value: String,
}

impl Secret {
    /// Whether it could be guessed, or is none at all.
    pub(crate) fn is_short(&self) -> bool {
        self.value.trim().len() < SECRET_BYTES_MIN
    }

    /// A secret and its name.
    pub fn new(id: &str, value: &str) -> Self {
        Self { id: id.to_owned(), value: value.to_owned() }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The id of the secret that proves this message, if one does.
pub fn proven_by<'secret>(
    scheme: ProofScheme,
    secrets: &'secret [Secret],
    header: impl Fn(&str) -> Option<String>,
    body: &[u8],
) -> Option<&'secret str> {
    let is_proof = |secret: &&Secret| match scheme {
        ProofScheme::HmacSha256 { header: name, prefix } => {
            header(name).is_some_and(|value| hmac_matches(secret, value.strip_prefix(prefix), body))
        }
        ProofScheme::Bearer => header("authorization").is_some_and(|value| {
            let token = value.strip_prefix("Bearer ");
            token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(secret.value.as_bytes())))
        }),
    };
    secrets.iter().find(is_proof).map(|secret| secret.id.as_str())
}

fn hmac_matches(secret: &Secret, digits: Option<&str>, body: &[u8]) -> bool {
    let Some(Ok(claimed)) = digits.map(|digits| data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes())) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.value.as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(&claimed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: ProofScheme = ProofScheme::HmacSha256 { header: "x-hub-signature-256", prefix: "sha256=" };
    const DIGITS: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn proof(value: &str, body: &[u8]) -> Option<String> {
        let secrets = [Secret::new("old", "something else"), Secret::new("new", "It's a Secret to Everybody")];
        proven_by(SCHEME, &secrets, |_| Some(value.to_owned()), body).map(ToOwned::to_owned)
    }

    #[test]
    fn the_published_vector_is_proven_by_the_second_secret() {
        assert_eq!(proof(&format!("sha256={DIGITS}"), b"Hello, World!").as_deref(), Some("new"));
    }

    #[test]
    fn a_flipped_bit_another_algorithm_and_a_cut_header_prove_nothing() {
        assert_eq!(proof(&format!("sha256={DIGITS}"), b"Hello, World?"), None);
        assert_eq!(proof(&format!("sha1={DIGITS}"), b"Hello, World!"), None);
        assert_eq!(proof("sha256=757107ea", b"Hello, World!"), None);
        assert_eq!(proof("", b"Hello, World!"), None);
    }

    #[test]
    fn a_token_is_told_as_a_bearer_of_its_very_text() {
        let secrets = [Secret::new("only", "a token that nobody guesses")];
        let proof = |value: &str| proven_by(ProofScheme::Bearer, &secrets, |_| Some(value.to_owned()), b"").is_some();
        assert!(proof("Bearer a token that nobody guesses"));
        assert!(!proof("a token that nobody guesses") && !proof("Bearer ") && !proof("Basic x"));
    }
}
