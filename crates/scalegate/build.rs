//! Tells the library which compiler it was built by and how, for the fingerprint of a run.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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
