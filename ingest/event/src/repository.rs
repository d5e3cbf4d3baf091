//! The canonical key of a repository: one text for all the ways to write its address.

/// `host/path` in lower case, without scheme, user, port, trailing slash and `.git`.
///
/// Returns nothing for a text that names no host and path, or whose path has an empty, `.` or `..` part.
pub fn canonical_repository(address: &str) -> Option<String> {
    let address = address.trim();
    let (had_scheme, rest) = match address.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, address),
    };
    let (has_user, rest) = rest.rsplit_once('@').map_or((false, rest), |(_, rest)| (true, rest));
    // A user without a scheme is how `scp` writes it, where a colon always begins the path.
    let is_url = had_scheme || (!has_user && has_port(rest));
    let rest = match rest.split_once(':') {
        Some((host, path)) if !is_url => format!("{host}/{}", path.trim_start_matches('/')),
        _ => rest.to_owned(),
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    // A path that begins with a slash is an absolute one of a server, or lacks its owner.
    let is_ownerless = path.starts_with('/') && !path.trim_matches('/').contains('/');
    let path = path.trim_matches('/').to_lowercase();
    let path = path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/');
    let path = path.strip_prefix("scm/").unwrap_or(path);
    let (host, path) = unify_azure(host, path);
    if host.is_empty() || is_ownerless || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
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
            ("git@host:123/name.git", "host/123/name"),
            ("git@host:/srv/git/name.git", "host/srv/git/name"),
            ("ssh://git@host//srv/git/name.git", "host/srv/git/name"),
            ("local/checkout", "local/checkout"),
            ("https://host/scm/proj/repo.git", "host/proj/repo"),
            ("https://dev.azure.com/org/proj/_git/r", "dev.azure.com/org/proj/r"),
            ("org@vs-ssh.visualstudio.com:v3/org/proj/r", "dev.azure.com/org/proj/r"),
        ] {
            assert_eq!(canonical_repository(address).as_deref(), Some(key), "{address}");
        }
    }

    #[test]
    fn what_names_no_repository_has_no_key() {
        for address in [
            "",
            "nothing",
            "nothing.git",
            "/acme/checkout",
            "github.com/",
            "github.com//checkout",
            "https://github.com//checkout.git",
            "github.com/acme//checkout",
            "github.com/acme/..",
            "github.com/acme/../",
            "github.com/./checkout",
        ] {
            assert_eq!(canonical_repository(address), None, "{address}");
        }
    }
}
