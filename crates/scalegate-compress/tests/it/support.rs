//! A working directory with the files that a test needs, and the command run in it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

/// The command under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_scalegate-compress");

/// An empty working directory.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs the command here with the words of `line`.
    pub(crate) fn scalegate(&self, line: &str) -> Assert {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.directory.path()).env("NO_COLOR", "1").args(line.split_whitespace()).assert()
    }
}

/// Standard output of a finished command.
pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// Standard error of a finished command.
pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
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
