//! The command line: reads files, calls the pure stages, and prints.
//!
//! Results go to standard output and messages to standard error. Exit codes: 0 pass or improved, 1 regressed or mixed,
//! 2 wrong usage or unreadable input, 3 inconclusive or not comparable.

mod ab;
mod accept;
mod check;
mod ci;
mod ci_ab;
mod compare;
mod doctor;
mod export;
mod external;
mod fit;
mod import;
mod init;
mod join;
mod predict;
mod report;
mod run;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::{Result, session};

/// Performance regression tests for how cost scales with the size of the input.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Run(run::Arguments),
    Ab(ab::Arguments),
    Why(why::Arguments),
    Fit(fit::Arguments),
    Predict(predict::Arguments),
    Check(check::Arguments),
    Accept(accept::Arguments),
    Join(join::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
    Compare(compare::Arguments),
    /// Make a language model smaller (by `scalegate-compress`)
    #[command(disable_help_flag = true)]
    Compress(external::Arguments),
    /// Compare what a compressed language model predicts and writes with its reference (by `scalegate-compress`)
    #[command(disable_help_flag = true)]
    Accuracy(external::Arguments),
    Report(report::Arguments),
    Doctor(doctor::Arguments),
    Ci(ci::Arguments),
}

/// Where the record of a run is.
#[derive(Debug, Args)]
struct RunPath {
    /// Record of a run
    #[arg(value_name = "RUN", default_value_os_t = crate::paths::run())]
    run: PathBuf,
}

/// Where the baselines are.
#[derive(Debug, Args)]
struct BaselinePath {
    /// Directory of accepted runs
    #[arg(long = "baseline", value_name = "DIR", default_value_os_t = crate::paths::baselines())]
    root: PathBuf,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    if let Some(code) = session::of_programs() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    match dispatch(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Help, or a wrong usage. A search must not take that for a verdict on the commit that is checked out.
fn unparsed(error: &clap::Error) -> ExitCode {
    // If it cannot be written, nobody is there to read it.
    let _ = error.print();
    let is_bisect = error.use_stderr() && std::env::args().any(|argument| argument == "--bisect");
    let code = if is_bisect { check::BISECT_SKIP } else { u8::try_from(error.exit_code()).unwrap_or(2) };
    ExitCode::from(code)
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Run(arguments) => Ok(run::run(&arguments)),
        Command::Ab(arguments) => ab::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Accept(arguments) => accept::run(&arguments),
        Command::Join(arguments) => join::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Compress(arguments) => external::run("compress", &arguments),
        Command::Accuracy(arguments) => external::run("accuracy", &arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
    }
}
