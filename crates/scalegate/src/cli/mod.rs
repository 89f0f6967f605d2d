//! The command line: reads files, calls the pure stages, and prints.
//!
//! Results go to standard output and messages to standard error. Exit codes: 0 pass or improved, 1 regressed or mixed,
//! 2 wrong usage or unreadable input, 3 inconclusive or not comparable. `--bisect` turns 2 and 3 into 125.

mod ab;
mod accept;
mod attach_energy;
mod check;
mod ci;
mod ci_ab;
mod compare;
mod completions;
mod doctor;
mod export;
mod external;
mod fit;
mod help;
mod import;
mod init;
mod join;
mod predict;
mod report;
mod run;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::baseline::Store;
use crate::{Error, Result, session};

/// Performance regression tests for how cost scales with the size of the input.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Exit with 125 instead of 2 and 3, for `git bisect run`
    #[arg(long, global = true)]
    bisect: bool,
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
    AttachEnergy(attach_energy::Arguments),
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
    Completions(completions::Arguments),
}

/// What `git bisect run` reads as "this commit can't be tested"; it takes every other code below 128 for a bad commit.
const BISECT_SKIP: u8 = 125;

/// Where the record of a run is.
#[derive(Debug, Args)]
struct RunPath {
    /// Record of a run
    #[arg(value_name = "RUN", default_value_os_t = crate::paths::run())]
    run: PathBuf,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Where the baselines are.
#[derive(Debug, Args)]
struct BaselinePath {
    /// Directory of accepted runs [default: baselines/ of the workspace]
    #[arg(long = "baseline", value_name = "DIR")]
    root: Option<PathBuf>,
}

impl BaselinePath {
    /// The baselines to compare with. Without `--baseline` there may be none yet.
    ///
    /// # Errors
    /// The directory that was named is not there.
    fn store(&self) -> Result<Store> {
        match &self.root {
            Some(root) if !root.is_dir() => Err(Error::new(
                root.display(),
                "there is no such directory of baselines",
                "name one that `scalegate accept` wrote, or leave `--baseline` out",
            )),
            _ => Ok(self.store_to_be()),
        }
    }

    /// The baselines to write to.
    fn store_to_be(&self) -> Store {
        Store::new(self.root.clone().unwrap_or_else(crate::paths::baselines))
    }
}

/// The whole command line, for who makes pages of it.
pub fn command() -> clap::Command {
    help::command()
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    if let Some(code) = session::of_programs() {
        return code;
    }
    let parsed = help::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { command, bisect } = match parsed {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let code = command.map_or_else(help::first_words, |command| dispatch(command, bisect)).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    });
    // A search must not take what was not measured for a bad commit.
    if bisect && [2, 3].map(ExitCode::from).contains(&code) { ExitCode::from(BISECT_SKIP) } else { code }
}

/// Help, or a wrong usage. A search must not take that for a verdict on the commit that is checked out.
fn unparsed(error: &clap::Error) -> ExitCode {
    // If it cannot be written, nobody is there to read it.
    let _ = error.print();
    let is_bisect = error.use_stderr() && std::env::args().any(|argument| argument == "--bisect");
    let code = if is_bisect { BISECT_SKIP } else { u8::try_from(error.exit_code()).unwrap_or(2) };
    ExitCode::from(code)
}

fn dispatch(command: Command, is_search: bool) -> Result<ExitCode> {
    match command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Run(arguments) => Ok(run::run(&arguments)),
        Command::Ab(arguments) => ab::run(&arguments, is_search),
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
        Command::AttachEnergy(arguments) => attach_energy::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
