//! Credentials from the profile files that the command line tools of S3 write; the environment wins.

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The builder with the keys of the profile that is asked for, where the environment names none.
pub(crate) fn from_profile(builder: AmazonS3Builder) -> AmazonS3Builder {
    if builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_some() {
        return builder;
    }
    let profile = environment("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    let file = |variable: &str, name: &str| {
        let home = environment("HOME").map(|home| Path::new(&home).join(".aws").join(name));
        environment(variable).map(PathBuf::from).or(home).and_then(|path| std::fs::read_to_string(path).ok())
    };
    let mut values = BTreeMap::new();
    if let Some(text) = file("AWS_CONFIG_FILE", "config") {
        // The configuration says `profile NAME`, the credentials say `NAME`.
        values.extend(section(&text, &format!("profile {profile}")));
        values.extend(section(&text, &profile));
    }
    if let Some(text) = file("AWS_SHARED_CREDENTIALS_FILE", "credentials") {
        values.extend(section(&text, &profile));
    }
    let known = [
        ("aws_access_key_id", AmazonS3ConfigKey::AccessKeyId),
        ("aws_secret_access_key", AmazonS3ConfigKey::SecretAccessKey),
        ("aws_session_token", AmazonS3ConfigKey::Token),
        ("region", AmazonS3ConfigKey::Region),
        ("endpoint_url", AmazonS3ConfigKey::Endpoint),
    ];
    known.into_iter().fold(builder, |builder, (name, key)| match values.remove(name) {
        Some(value) if builder.get_config_value(&key).is_none() => builder.with_config(key, value),
        _ => builder,
    })
}

#[expect(clippy::disallowed_methods, reason = "providers' tools are configured by their usual environment, as is `from_env`")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The `name = value` lines below `[section]`.
fn section(text: &str, wanted: &str) -> BTreeMap<String, String> {
    let mut is_inside = false;
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_inside = name.trim() == wanted;
        } else if is_inside
            && !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            values.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "[default]\naws_access_key_id = a\n# b = c\n[profile other]\nregion=eu-west-1\n";
        assert_eq!(section(text, "default").get("aws_access_key_id").map(String::as_str), Some("a"));
        assert_eq!(section(text, "default").len(), 1);
        assert_eq!(section(text, "profile other").get("region").map(String::as_str), Some("eu-west-1"));
    }
}
