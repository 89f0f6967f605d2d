//! A real run of the cheapest workload.

use std::path::Path;

use clap::Args;
use scalegate::{Error, Result};

use crate::process;
use crate::sources::Sources;

/// Measure the cheapest workload for real, fit it, and ask for the verdict
///
/// Whether noise leaves each series a law, and which verdict comes out, is a matter of the machine: any is right here, and an
/// error is not.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    sources.build_all()?;
    let work = process::temporary_directory()?;
    let record = work.path().join("run.json");
    step(&sources, &["run", "--workload", "llm/decode", "--rounds", "5", "--out"], &record, &[0])?;
    step(&sources, &["fit"], &record, &[0, 3])?;
    step(&sources, &["check"], &record, &[0, 1, 3])
}

/// Runs `scalegate` on the record, which has to end with one of these codes.
fn step(sources: &Sources, words: &[&str], record: &Path, right: &[i32]) -> Result<()> {
    let status = process::status(sources.scalegate(words).arg(record))?;
    println!("{} ended with {status}", words[0]);
    if status.code().is_some_and(|code| right.contains(&code)) {
        return Ok(());
    }
    Err(Error::new(format!("scalegate {}", words[0]), format!("it ended with {status}"), "fix what it printed above"))
}
