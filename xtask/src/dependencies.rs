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
