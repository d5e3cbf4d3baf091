//! The binary `waymark`: its roles, and the one place where the stages are joined.

mod commands;
mod config;

use clap::Parser;
use commands::Cli;
use std::process::ExitCode;

/// Gives memory back soon after a batch (`.cargo/config.toml` says how soon), where the system's allocator keeps it
/// scattered over its arenas.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Plans of deeply nested statements are walked by recursion, which takes more than the usual two
/// megabytes where the program is not optimised.
const STACK_BYTES: usize = 16 * 1_024 * 1_024;

/// Threads for files and long computations. Each keeps memory for what it does next, so the usual
/// hundreds of them would hold a third more than the work needs.
const BLOCKING_THREADS_MIN: usize = 8;

fn main() -> ExitCode {
    let cli = Cli::parse();
    commands::log_to_terminal(&cli);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.thread_stack_size(STACK_BYTES).max_blocking_threads(BLOCKING_THREADS_MIN.max(2 * cores));
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return commands::failed(&anyhow::Error::new(error).context("failed to start the runtime")),
    };
    let outcome = runtime.block_on(commands::run(cli));
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => commands::failed(&error),
    }
}
