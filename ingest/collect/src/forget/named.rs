//! Who is named in a message, whether or not a dialect looks there.
//!
//! Forgotten people are known by pseudonyms only, so every text that may be a name becomes one and is compared.

use std::borrow::Cow;
use std::collections::BTreeSet;
use waymark_event::{Delivery, PeopleKey};

/// Longer texts are no names of accounts.
const NAME_BYTES_MAX: usize = 100;

/// Whether a message names one of these people, as an address anywhere or as a quoted text.
pub(super) fn is_named(delivery: &Delivery, people: &PeopleKey, pseudonyms: &BTreeSet<String>) -> bool {
    let body = readable(delivery);
    let text = String::from_utf8_lossy(&body);
    let home = format!("{}:{}:", delivery.source, delivery.instance);
    names(&text).into_iter().any(|name| is_one_of(name, &home, people, pseudonyms))
}

/// Whether a name stands for one of these people, anywhere or at this home, which is `source:instance:`.
pub(super) fn is_one_of(name: &str, home: &str, people: &PeopleKey, pseudonyms: &BTreeSet<String>) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && (pseudonyms.contains(&people.person(name)) || pseudonyms.contains(&people.person(&format!("{home}{name}"))))
}

/// The body as its sender means it: a form holds it with its letters written by number.
pub(super) fn readable(delivery: &Delivery) -> Cow<'_, [u8]> {
    if !delivery.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Cow::Borrowed(&delivery.body);
    }
    let values: Vec<String> = url::form_urlencoded::parse(&delivery.body).map(|(_, value)| value.into_owned()).collect();
    Cow::Owned(values.join("\n").into_bytes())
}

/// The texts that may be names.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_alphanumeric() || "._-+@".contains(letter);
    let quoted = text.split('"').filter(|name| name.chars().all(is_part));
    let addresses = text.split(|letter| !is_part(letter)).filter(|name| name.contains('@')).map(|name| name.trim_matches('.'));
    quoted.chain(addresses).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use waymark_event::{Channel, DeliveryId, Instant, Proof};

    fn delivery(content_type: &str, body: &str) -> Delivery {
        Delivery {
            id: DeliveryId::stored("d"),
            source: "hub".to_owned(),
            instance: "hub.example.org".to_owned(),
            connection: "hub".to_owned(),
            channel: Channel::Webhook,
            event_type: None,
            vendor_delivery_id: None,
            headers: BTreeMap::new(),
            content_type: Some(content_type.to_owned()),
            body: body.as_bytes().to_vec(),
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at: Instant::from_seconds(0),
        }
    }

    #[test]
    fn a_person_is_found_in_fields_that_nobody_reads() {
        let people = PeopleKey::new([7; 32]);
        let ada = BTreeSet::from([people.person("ada@example.org"), people.person("hub:hub.example.org:ada")]);
        let finds = |kind: &str, body: &str| is_named(&delivery(kind, body), &people, &ada);
        let json = "application/json";
        assert!(finds(json, r#"{"sender":{"login":"Ada"}}"#));
        assert!(finds(json, r#"{"message":"fix\n\nCo-authored-by: Ada <ADA@example.org>."}"#));
        assert!(finds("application/x-www-form-urlencoded", "payload=%7B%22login%22%3A%22ada%22%7D"));
        assert!(finds("text/csv", "name,mail\nx,ada@example.org"));
        for other in [r#"{"login":"adam"}"#, r#"{"mail":"canada@example.org"}"#, r#"{"text":"ada wrote it"}"#, ""] {
            assert!(!finds(json, other), "{other}");
        }
    }
}
