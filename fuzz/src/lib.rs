//! What the targets share: scalegate's readers take paths, and a fuzzer gives bytes.

use std::fs;

use tempfile::TempDir;

/// A directory with these files, which goes away with the value. Each input has one of its own, so that inputs run in any
/// order find the same.
pub fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let directory = tempfile::tempdir().expect("a writable TMPDIR");
    for (name, bytes) in files {
        fs::write(directory.path().join(name), bytes).expect("room in TMPDIR");
    }
    directory
}
