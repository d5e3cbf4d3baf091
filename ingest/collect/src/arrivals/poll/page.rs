//! A page of items, each kept as the bytes that were listed.
//!
//! Some interfaces answer with a list, others wrap it under a name of their own and add a total:
//! both are read without knowing the name, and no item is parsed, so no odd item loses the page.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The items of a page.
#[derive(Debug, Default)]
pub(crate) struct Listing<'a> {
    /// How many items the whole list holds; null when the page does not say.
    pub(crate) total_count: Option<u64>,
    /// The items, verbatim.
    pub(crate) items: Vec<&'a RawValue>,
}

/// Cuts a page into its items.
pub(crate) fn listing(body: &str) -> Result<Listing<'_>, serde_json::Error> {
    if body.trim_start().starts_with('[') {
        return Ok(Listing { total_count: None, items: serde_json::from_str(body)? });
    }
    let envelope: Envelope<'_> = serde_json::from_str(body)?;
    let mut listing = Listing::default();
    for (name, value) in envelope.0 {
        if name == "total_count" {
            listing.total_count = serde_json::from_str(value.get()).ok();
        } else if value.get().starts_with('[') {
            listing.items = serde_json::from_str(value.get())?;
        }
    }
    Ok(listing)
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Envelope<'a>(#[serde(borrow)] BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_list_name_is_found() {
        let page = listing(r#"{"total_count": 2, "things_of_tomorrow": [{"id": 1.0},  {"id":"x"}]}"#).unwrap();
        assert_eq!(page.total_count, Some(2));
        let items: Vec<&str> = page.items.iter().map(|item| item.get()).collect();
        assert_eq!(items, [r#"{"id": 1.0}"#, r#"{"id":"x"}"#], "the bytes are not written again");
    }

    #[test]
    fn a_bare_list_is_a_page() {
        assert_eq!(listing(" [1, null]").unwrap().items.len(), 2);
        assert!(listing("{}").unwrap().items.is_empty());
        assert!(listing("<html>").is_err());
    }
}
