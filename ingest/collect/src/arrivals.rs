//! The ways by which messages arrive; none of them knows a vendor.

pub mod file;
pub mod git;
pub mod kafka;
pub mod poll;
pub mod webhook;
