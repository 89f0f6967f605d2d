//! Where things are, relative to the working directory.

use std::path::PathBuf;

/// The directory for everything that can be made again.
pub fn target() -> PathBuf {
    PathBuf::from("target/scalegate")
}

/// Where generated models are kept.
pub fn models() -> PathBuf {
    target().join("models")
}

/// The default run record.
pub fn run() -> PathBuf {
    target().join("run.json")
}

/// The default directory of baselines.
pub fn baselines() -> PathBuf {
    PathBuf::from("baselines")
}
