//! Licences, sources, bans and advisories of all dependencies.

use clap::Args;
use scalegate::Result;

use crate::process::{self, command};
use crate::sources::{Sources, cargo};

const VERSION: &str = "0.20.2";

/// Check licences, sources, bans and advisories of all dependencies
///
/// Installs cargo-deny where it is not there. Needs the network: advisories are a list that changes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    let output = process::output(&mut command(cargo(), ["deny", "--version"]))?;
    if String::from_utf8_lossy(&output.stdout).trim() != format!("cargo-deny {VERSION}") {
        let package = format!("cargo-deny@{VERSION}");
        process::run(&mut command(cargo(), ["install", "--locked", &package]))?;
    }
    process::run(command(cargo(), ["deny", "--locked", "check"]).current_dir(sources.root()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The packages that benches and tests are built from, each with its features.
    fn packages(selection: &[&str]) -> BTreeSet<String> {
        let words = ["tree", "--locked", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p} [{f}]"];
        let mut tree = command(cargo(), words);
        let output = process::output(tree.args(selection).current_dir(Sources::here().unwrap().root())).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && !text.is_empty());
        text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    }

    /// Or else `scalegate ab` compiles parts of tract once more.
    #[test]
    fn the_suite_alone_is_built_from_the_packages_that_the_workspace_is_built_from() {
        let (all, suite) = (packages(&[]), packages(&["--package", "scalegate-suite"]));
        let others: Vec<&String> = suite.difference(&all).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}
