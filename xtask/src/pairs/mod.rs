//! What `scalegate ab` finds and what it is silent on, on this machine.

mod layout;
mod load;
mod package;
mod power;
mod proof;
mod silence;
mod simulate;

use clap::{Args, Subcommand};
use scalegate::Result;

/// Try `scalegate ab` on this machine: what it finds, what it is silent on, what the layout of code does
///
/// Measures a small package of three functions, which is built below target/pairs. Let the machine do nothing else meanwhile.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Power(power::Arguments),
    Silence(silence::Arguments),
    Simulate(simulate::Arguments),
    Layout(layout::Arguments),
    Proof(proof::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Power(arguments) => power::run(arguments),
        Command::Silence(arguments) => silence::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Layout(arguments) => layout::run(arguments),
        Command::Proof(arguments) => proof::run(arguments),
    }
}
