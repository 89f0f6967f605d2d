//! A working directory with the files that a test needs, and the commands run in it.

pub(crate) mod bench;
mod built;
pub(crate) mod towers;

use std::ops::Deref;
use std::path::Path;

pub(crate) use scalegate_testing::{TOKENS, line, rows, stderr, stdout};

/// An empty working directory for the commands. There is no package in it, so that records are judged as they are.
pub(crate) struct Place(scalegate_testing::Place);

impl Deref for Place {
    type Target = scalegate_testing::Place;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(scalegate_testing::Place::new(built::executable("scalegate")))
    }
}

/// A message without what differs from run to run: hashes, times of day, and the place of a temporary directory.
pub(crate) fn lasting(message: &str) -> String {
    let words = message.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-/_.".contains(c)));
    words.map(lasting_word).collect()
}

fn lasting_word(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-/_.".contains(c);
    let (bare, end) = word.split_at(word.find(|c| !is_part(c)).unwrap_or(word.len()));
    let temporary = std::env::temp_dir();
    let bare = match bare.strip_prefix(&format!("{}/", temporary.display())).and_then(|rest| rest.split_once('/')) {
        Some((_, file)) => format!("[place]/{file}"),
        None if bare.len() >= 12 && bare.chars().all(|c| c.is_ascii_hexdigit()) => "[hash]".to_owned(),
        None => match bare.split_once("run.20") {
            Some((before, _)) if bare.ends_with("Z.json") => format!("{before}run.[time].json"),
            _ => bare.to_owned(),
        },
    };
    format!("{bare}{end}")
}

/// The suite file of this repository.
pub(crate) fn suite() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("suite.toml")).unwrap()
}
