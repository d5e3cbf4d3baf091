//! A clone on disk: how it is opened, and by which key its repository is known.
//!
//! Only the clone's own configuration is read, never the user's or the machine's, so that the same
//! clone gives the same deliveries everywhere.

use super::{GitError, GitRequest};
use gix::bstr::ByteSlice;
use std::path::Path;
use waymark_event::canonical_repository;

/// Memory for decoded objects, which tags and commits share while a reading runs.
const OBJECT_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Opens a work tree, a linked work tree or a bare folder; never a parent folder, because that
/// would read another repository than the one that was named.
pub(super) fn open(path: &Path) -> Result<gix::Repository, GitError> {
    if !path.exists() {
        return Err(GitError::NoFolder { path: path.to_owned() });
    }
    let mut clone = gix::open_opts(path, gix::open::Options::isolated())
        .map_err(|cause| GitError::NotARepository { path: path.to_owned(), cause: Box::new(cause) })?;
    clone.object_cache_size_if_unset(OBJECT_CACHE_BYTES);
    Ok(clone)
}

/// Whether history was cut when the clone was made.
pub(super) fn is_shallow(clone: &gix::Repository) -> bool {
    clone.is_shallow().unwrap_or_default()
}

/// The canonical key: what was asked for, else the remote's address, else the folder's name.
pub(super) fn repository_key(clone: &gix::Repository, request: &GitRequest) -> Result<String, GitError> {
    if let Some(repository) = &request.repository {
        return named_key(repository);
    }
    let names = clone.remote_names();
    let origin_first = std::iter::once(b"origin".as_bstr()).chain(names.iter().map(|name| name.as_bstr()));
    let of_remote = origin_first
        .filter_map(|name| clone.config_snapshot().string(format!("remote.{name}.url").as_str()))
        .find_map(|address| remote_key(&address.to_str_lossy()));
    Ok(of_remote.unwrap_or_else(|| format!("local/{}", folder_name(clone))))
}

/// The key of a name that a person gave; events of other sources must be able to say the same.
fn named_key(name: &str) -> Result<String, GitError> {
    canonical_repository(name).ok_or_else(|| GitError::NoRepositoryName { name: name.to_owned() })
}

/// The key of an address that names a host; a path on this machine names none.
fn remote_key(address: &str) -> Option<String> {
    let url = gix::url::parse(address).ok()?;
    if url.scheme == gix::url::Scheme::File || url.host().is_none_or(str::is_empty) {
        return None;
    }
    canonical_repository(address)
}

/// The name of the main work tree's folder, so that linked work trees share one key.
fn folder_name(clone: &gix::Repository) -> String {
    let common = clone.common_dir().canonicalize().unwrap_or_else(|_| clone.common_dir().to_owned());
    let folder = if common.file_name().is_some_and(|name| name == ".git") { common.parent() } else { Some(common.as_path()) };
    let name = folder.and_then(Path::file_name).map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(&name);
    if name.is_empty() { "repository".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_on_this_machine_is_no_repository_key() {
        for address in ["/srv/git/checkout.git", "file:///srv/git/checkout.git", "../checkout", "./checkout"] {
            assert_eq!(remote_key(address), None, "{address}");
        }
        for address in ["git@git.example.org:Acme/Checkout.git", "https://user:x@git.example.org/acme/checkout"] {
            assert_eq!(remote_key(address).as_deref(), Some("git.example.org/acme/checkout"), "{address}");
        }
    }

    #[test]
    fn a_name_that_no_event_could_say_is_refused() {
        assert_eq!(named_key("https://git.example.org/Acme/Checkout.git").unwrap(), "git.example.org/acme/checkout");
        assert_eq!(named_key("local/checkout").unwrap(), "local/checkout");
        for name in ["", "checkout", "git.example.org//checkout", "git.example.org/acme/.."] {
            let error = named_key(name).unwrap_err().to_string();
            assert_eq!(error, format!("`{name}` names no repository: write it as `host/owner/name`"));
        }
    }
}
