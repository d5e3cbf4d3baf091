//! What ends a process that goes on until somebody stops it.

/// Waits for Ctrl-C, a termination signal or a hang-up; for ever where none can be heard.
pub(super) async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut hung_up = ends_with_its_terminal(&status).then(|| signal(SignalKind::hangup()).ok()).flatten();
        let hung_up = async {
            match &mut hung_up {
                Some(hung_up) => hung_up.recv().await,
                None => std::future::pending().await,
            }
        };
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
                _ = hung_up => {}
            }
            return;
        }
    }
    if interrupted.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether a hang-up is to end the process, by what the system says of it: `nohup` starts it so that it goes on, and to
/// hear the signal would undo that. Where the system says nothing, the signal keeps its usual effect.
#[cfg(unix)]
fn ends_with_its_terminal(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is the first signal, the hang-up.
    ignored.is_some_and(|mask| mask & 1 == 0)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_shall_outlive_its_terminal_does() {
        for (status, expected) in [
            ("Name:\twaymark\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000001\n", true),
            ("Name:\twaymark\nSigIgn:\t0000000000001000\n", true),
            ("Name:\twaymark\nSigIgn:\t0000000000001001\n", false),
            ("", false),
        ] {
            assert_eq!(ends_with_its_terminal(status), expected, "{status}");
        }
    }
}
