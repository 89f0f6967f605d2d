//! A change and its base, measured in pairs by a job.

use std::path::PathBuf;

use clap::Args;
use scalegate::{Error, Result};

use crate::process;
use crate::sources::Sources;

/// Measure a change and its base in pairs
///
/// OUT gets ab.json. What it comes to is said by `cargo xtask verdict`, so that this ends well unless there is no record.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory to write to
    out: PathBuf,
    /// Commit that the change is compared with
    base: String,
    /// Commit of the change
    #[arg(default_value = "HEAD")]
    change: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    sources.build_scalegate()?;
    process::make_directory(&arguments.out)?;
    let record = process::absolute(&arguments.out)?.join("ab.json");
    process::remove(&record)?;
    let mut ab = sources.scalegate(["ab", &arguments.base, &arguments.change, "--out"]);
    match process::status(ab.arg(&record))?.code() {
        Some(0 | 1 | 3) => Ok(()),
        _ => Err(Error::new("scalegate ab", "it made no record of pairs", "see what it said above")),
    }
}
