//! Commands for those who change scalegate; `cargo xtask help` lists them.
//!
//! What CI does is one of these too, so that it does the same on a laptop. They drive git, cargo and the command line that the
//! sources build, and read its documents by the types of the library.
#![expect(clippy::print_stdout, reason = "what a command prints is its result")]

mod ab;
mod baselines;
mod build_time;
mod causes;
mod chromium;
mod comment;
mod counts;
mod dependencies;
mod engine;
mod evidence;
mod findings;
mod host;
mod images;
mod links;
mod man;
mod mutants;
mod pairs;
mod process;
mod pull_request;
mod python;
mod repeatability;
#[cfg(test)]
mod scripts;
mod smoke;
mod sources;
mod suite;
mod user_model;
mod verdict;
mod workflows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands for those who change scalegate
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Mutants(mutants::Arguments),
    PullRequest(pull_request::Arguments),
    Repeatability(repeatability::Arguments),
    BuildTime(build_time::Arguments),
    Pairs(pairs::Arguments),
    Evidence(evidence::Arguments),
    Picture(chromium::PictureArguments),
    Browser(chromium::BrowserArguments),
    Smoke(smoke::Arguments),
    Images(images::Arguments),
    Engine(engine::Arguments),
    Workflows(workflows::Arguments),
    Links(links::Arguments),
    Man(man::Arguments),
    Dependencies(dependencies::Arguments),
    Counts(counts::Arguments),
    Ab(ab::Arguments),
    Host(host::Arguments),
    Verdict(verdict::Arguments),
    Comment(comment::Arguments),
    Baselines(baselines::Arguments),
}

fn main() -> ExitCode {
    let done = |result: scalegate::Result<()>| result.map(|()| ExitCode::SUCCESS);
    let ended = match Cli::parse().command {
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::PullRequest(arguments) => pull_request::run(&arguments),
        Command::Repeatability(arguments) => done(repeatability::run(&arguments)),
        Command::BuildTime(arguments) => build_time::run(&arguments),
        Command::Pairs(arguments) => done(pairs::run(&arguments)),
        Command::Evidence(arguments) => done(evidence::run(&arguments)),
        Command::Picture(arguments) => done(chromium::draw(&arguments)),
        Command::Browser(arguments) => done(chromium::look(&arguments)),
        Command::Smoke(arguments) => done(smoke::run(&arguments)),
        Command::Images(arguments) => images::run(&arguments),
        Command::Engine(arguments) => done(engine::run(&arguments)),
        Command::Workflows(arguments) => workflows::run(&arguments),
        Command::Man(arguments) => done(man::run(&arguments)),
        Command::Links(arguments) => done(links::run(&arguments)),
        Command::Dependencies(arguments) => done(dependencies::run(&arguments)),
        Command::Counts(arguments) => done(counts::run(&arguments)),
        Command::Ab(arguments) => done(ab::run(&arguments)),
        Command::Host(arguments) => host::run(&arguments),
        Command::Verdict(arguments) => verdict::run(&arguments),
        Command::Comment(arguments) => done(comment::run(&arguments)),
        Command::Baselines(arguments) => done(baselines::run(&arguments)),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
