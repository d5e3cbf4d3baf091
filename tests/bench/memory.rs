//! `Peak`: the most memory that the process had resident during one step.
//!
//! Linux counts it and lets it be counted anew; what an earlier step still holds is part of it, so a
//! part that is run alone shows less.

use crate::rows::row;

/// A step that has begun.
#[derive(Debug)]
pub(crate) struct Peak {
    is_of_this_step: bool,
}

impl Peak {
    /// Counts anew from here, where the system allows it.
    pub(crate) fn begin() -> Self {
        Self { is_of_this_step: std::fs::write("/proc/self/clear_refs", "5").is_ok() }
    }

    /// Prints what was seen since.
    pub(crate) fn end(&self, step: &str, aim: &str) {
        let step = if self.is_of_this_step { step } else { "everything so far" };
        let seen = peak_kib().map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib / 1_024));
        row(&format!("most resident memory: {step}"), &seen, aim);
    }
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
