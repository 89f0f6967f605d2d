//! Tells the library which sources and which compiler it was built from, for the fingerprint of a run.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

fn main() {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=lowrank/src");
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rustc-env=SCALEGATE_SOURCE={}", source_hash(&root));
    println!("cargo::rustc-env=SCALEGATE_RUSTC={}", rustc_version());
    println!("cargo::rustc-env=SCALEGATE_TARGET={}", variable("TARGET"));
    let flags = variable("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    println!(
        "cargo::rustc-env=SCALEGATE_OPTIMISATION={}",
        format!("opt-level {} {flags}", variable("OPT_LEVEL")).trim()
    );
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn rustc_version() -> String {
    let output = Command::new(variable("RUSTC")).arg("--version").output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// SHA-256 over the names and contents of the sources and the lock file, in the order of their names.
fn source_hash(root: &Path) -> String {
    let mut files = vec![root.join("Cargo.lock")];
    collect(&root.join("src"), &mut files);
    collect(&root.join("lowrank/src"), &mut files);
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        // A crate from the registry may come without a lock file; its sources still name it.
        let Ok(content) = std::fs::read(&file) else { continue };
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        hash.update(format!("{name}\0{}\0", content.len()));
        hash.update(&content);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
