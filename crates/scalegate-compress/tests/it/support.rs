//! The command, a working directory for it, and models.

use std::path::{Path, PathBuf};

pub(crate) use scalegate_testing::{Place, stderr, stdout};

/// The command under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_scalegate-compress");

/// An empty working directory for the command.
pub(crate) fn empty() -> Place {
    Place::new(PROGRAM)
}

/// A message without the place of the repository.
pub(crate) fn lasting(message: &str) -> String {
    message.replace(&repository("").display().to_string(), "[repository]")
}

/// A file or directory of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

/// The trained model of this repository.
pub(crate) fn reference() -> PathBuf {
    repository("models/reference")
}

/// An export with random weights, as the suite's tests have it.
pub(crate) fn family(name: &str) -> PathBuf {
    repository("tests/fixtures/families").join(name)
}
