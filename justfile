# The six commands of a working day. `.ci/run` does the same and looks at the running product too.

# What must be clean before a review: format, lints, documentation.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The whole gate, or the tests whose name contains WORD: `just test change_lead_time`.
test *WORD:
    cargo test {{WORD}}

# Rewrite goldens, snapshots and generated documents; then read the diff.
bless *WORD:
    WAYMARK_BLESS=1 cargo test {{WORD}}

# Format all code.
fmt:
    cargo fmt --all

# Build the sample organisation in `./waymark-demo` and serve it on 127.0.0.1:8080.
demo *OPTIONS:
    cargo run -- demo {{OPTIONS}}

# The binary for production: `target/release/waymark`.
release:
    cargo build --release --locked --bin waymark
