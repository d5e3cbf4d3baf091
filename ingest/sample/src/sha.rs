//! Commit hashes and other long numbers: made from what they name, not drawn, so that every part
//! of the sample that speaks of one commit names it alike.
//!
//! They only look like hashes; nothing depends on their strength.

/// What a made-up hash is for.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// A commit of the default branch.
    Main = 1,
    /// A commit of a branch.
    Branch = 2,
    /// What a provider makes to try a merge.
    TestMerge = 3,
    /// A state of the shared workflows.
    SharedWorkflow = 4,
}

/// The 40 hexadecimal digits of number `number` and part `part` of a service.
pub(crate) fn sha(seed: u64, service: usize, of: Of, number: i64, part: usize) -> String {
    let start = [service as u64, of as u64, number.unsigned_abs(), part as u64]
        .into_iter()
        .fold(mix(seed), |state, value| mix(state ^ value.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    format!("{:016x}{:016x}{:08x}", mix(start ^ 1), mix(start ^ 2), mix(start ^ 3) >> 32)
}

/// Spreads the bits of a number over all of its bits (the last step of `SplitMix64`).
pub(crate) fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// A number made from a text, for orders that must look arbitrary and never change.
pub(crate) fn number_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| mix(state ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_forty_digits_and_differ() {
        let hash = sha(1, 2, Of::Main, 3, 0);
        assert_eq!(hash.len(), 40);
        assert_ne!(hash, sha(1, 2, Of::Branch, 3, 0));
        assert_ne!(hash, sha(2, 2, Of::Main, 3, 0));
    }
}
