//! The canonical key of a repository: one text for all the ways to write its address.

/// `host/path` in lower case, without scheme, user, port, trailing slash and `.git`.
///
/// Returns nothing for a text that names no host and path.
pub fn canonical_repository(address: &str) -> Option<String> {
    let address = address.trim();
    let (had_scheme, rest) = match address.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, address),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = if had_scheme || has_port(rest) { rest.to_owned() } else { rest.replacen(':', "/", 1) };
    let (host, path) = rest.split_once('/')?;
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    let path = path.trim_matches('/').to_lowercase();
    let path = path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/');
    let path = path.strip_prefix("scm/").unwrap_or(path);
    let (host, path) = unify_azure(host, path);
    if host.is_empty() || path.is_empty() {
        return None;
    }
    Some(format!("{host}/{path}"))
}

/// Whether digits alone stand between the host and the path, which are a port and no folder.
fn has_port(rest: &str) -> bool {
    let port = rest.split_once('/').and_then(|(host, _)| host.split_once(':'));
    port.is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Azure writes one repository as `_git` (HTTPS) and as `v3` (SSH).
fn unify_azure(host: String, path: &str) -> (String, String) {
    match host.as_str() {
        "vs-ssh.visualstudio.com" | "ssh.dev.azure.com" => {
            ("dev.azure.com".to_owned(), path.strip_prefix("v3/").unwrap_or(path).to_owned())
        }
        "dev.azure.com" => (host, path.replace("/_git/", "/")),
        _ => (host, path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address_gives_one_key() {
        for (address, key) in [
            ("git@github.com:O/R.git", "github.com/o/r"),
            ("https://user:x@github.com/O/R/", "github.com/o/r"),
            ("ssh://git@host:7999/proj/repo.git", "host/proj/repo"),
            ("ghe.example.com:8443/O/R", "ghe.example.com/o/r"),
            ("git@host:2024team/repo.git", "host/2024team/repo"),
            ("https://host/scm/proj/repo.git", "host/proj/repo"),
            ("https://dev.azure.com/org/proj/_git/r", "dev.azure.com/org/proj/r"),
            ("org@vs-ssh.visualstudio.com:v3/org/proj/r", "dev.azure.com/org/proj/r"),
        ] {
            assert_eq!(canonical_repository(address).as_deref(), Some(key), "{address}");
        }
        assert_eq!(canonical_repository("nothing"), None);
    }
}
