//! Measures nothing. Cargo builds a package's binaries with its bench targets, so that `cargo bench` at the root leaves the command
//! `scalegate` in the target directory.

fn main() {}
