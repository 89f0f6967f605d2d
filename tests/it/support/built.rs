//! The commands and bench targets of this workspace, built once for all tests: none is older than the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// What is built, with one choice of features, so that no library is compiled twice.
const BUILD: [&str; 8] = [
    "build",
    "--locked",
    "--offline",
    "--package=scalegate",
    "--package=scalegate-compress",
    "--package=scalegate-suite",
    "--bins",
    "--benches",
];

/// The command or the bench target `name`.
pub(crate) fn executable(name: &str) -> &'static Path {
    static EXECUTABLES: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    &EXECUTABLES.get_or_init(build)[name]
}

/// Cargo tells where everything is, and builds what was not built for this test.
fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(BUILD).arg("--message-format=json-render-diagnostics");
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let name = message["target"]["name"].as_str()?;
        Some((name.to_owned(), PathBuf::from(message["executable"].as_str()?)))
    };
    String::from_utf8(output.stdout).unwrap().lines().filter_map(executable).collect()
}
