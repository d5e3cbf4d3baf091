//! Clients of programming interfaces: which paths are asked, and in which order.
//!
//! A client turns what is listed into deliveries and knows nothing of what they mean: that is for
//! the dialect of the same name. Vendor libraries stay inside this folder.

mod github;

pub use github::{BackfillCount, ClientError, GithubClient, GithubConfig, Watermarks};
