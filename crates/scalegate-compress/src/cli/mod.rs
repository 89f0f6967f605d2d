//! The command line, which `scalegate compress` and `scalegate accuracy` pass on.

mod accuracy;
mod compress;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Smaller language models, and what that costs in their predictions.
#[derive(Debug, Parser)]
#[command(name = "scalegate", bin_name = "scalegate", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compress(compress::Arguments),
    Accuracy(accuracy::Arguments),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Compress(arguments) => compress::run(&arguments),
        Command::Accuracy(arguments) => accuracy::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
