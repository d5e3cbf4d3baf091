//! `chain`: an error with its causes as one text. Where the text goes is for others to decide.

use std::error::Error;

/// An error with all its causes, the outermost first.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to keep")]
    struct Keep(#[source] std::fmt::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("failed to answer")]
    struct Answer(#[source] Keep);

    #[test]
    fn every_cause_is_said_from_the_outermost_on() {
        let innermost = std::fmt::Error;
        let expected = format!("failed to answer: failed to keep: {innermost}");
        assert_eq!(chain(&Answer(Keep(innermost))), expected);
        assert_eq!(chain(&innermost), innermost.to_string());
    }
}
