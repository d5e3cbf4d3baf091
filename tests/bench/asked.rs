//! `Asked`: the words of the command line: which parts, how large an organisation, in which folder.

use crate::{Part, scratch};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use waymark_sample::Scale;

/// The seed of every organisation here, so that runs can be compared.
pub(crate) const SEED: u64 = 1;
const SCALE: f64 = 0.02;
const YEARS: u32 = 3;

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Asked {
    words: Vec<String>,
    scale: f64,
    years: u32,
    folder: Option<PathBuf>,
    /// Stands in for a folder that nobody named.
    temporary: TempDir,
}

impl Asked {
    /// Reads the arguments; flags that belong to the test runner are passed over.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut asked = Self { words: Vec::new(), scale: SCALE, years: YEARS, folder: None, temporary: scratch() };
        while let Some(argument) = arguments.next() {
            match (argument.as_str(), argument.split_once('=')) {
                ("--folder", _) => asked.folder = Some(PathBuf::from(arguments.next().unwrap())),
                ("--years", _) => asked.years = arguments.next().unwrap().parse().unwrap(),
                (flag, _) if flag.starts_with("--") => {}
                (_, Some((word, scale))) => {
                    asked.scale = scale.parse().unwrap();
                    asked.words.push(word.to_owned());
                }
                (word, None) => asked.words.push(word.to_owned()),
            }
        }
        asked
    }

    /// Whether a part is to run.
    pub(crate) fn wants(&self, part: &Part) -> bool {
        if self.words.is_empty() { part.is_quick } else { self.words.iter().any(|word| part.name.contains(word.as_str())) }
    }

    /// The organisation of `load`, `dora` and `answers`.
    pub(crate) fn organisation(&self) -> Scale {
        Scale::of(self.scale, self.years, SEED)
    }

    /// How large the organisation of `adoption` is; 1 is the whole one.
    pub(crate) const fn share(&self) -> f64 {
        self.scale
    }

    /// Where its data lie.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().unwrap_or_else(|| self.temporary.path())
    }
}
