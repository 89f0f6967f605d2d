//! The measurements that the documents quote.

mod allocator;
mod compression;
mod estimator;
mod preprocessing;

use clap::{Args, Subcommand};
use scalegate::Result;

use crate::process::{self, command};
use crate::sources::{Sources, cargo};

/// Measure what the documents quote
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    record: Record,
}

#[derive(Debug, Subcommand)]
enum Record {
    /// How often the gate is wrong, by simulation: writes docs/evidence/simulations.md
    Gate,
    /// How often predictions hold, by sizes that were held out: writes docs/evidence/predictions.md
    Predictions,
    /// How often steps are found, and how often wrongly, by simulation: writes docs/evidence/staircases.md
    Staircases,
    Estimator(estimator::Arguments),
    Preprocessing(preprocessing::Arguments),
    Compression(compression::Arguments),
    Allocator(allocator::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    match &arguments.record {
        Record::Gate => example(&sources, "evidence"),
        Record::Predictions => example(&sources, "predictions"),
        Record::Staircases => example(&sources, "staircases"),
        Record::Estimator(arguments) => estimator::run(arguments, &sources),
        Record::Preprocessing(arguments) => preprocessing::run(arguments, &sources),
        Record::Compression(arguments) => compression::run(arguments, &sources),
        Record::Allocator(arguments) => allocator::run(arguments, &sources),
    }
}

/// Runs an example of the repository.
fn example(sources: &Sources, name: &str) -> Result<()> {
    let run = ["run", "--release", "--locked", "--example", name];
    process::run(command(cargo(), run).current_dir(sources.root()))
}
