//! `scalegate init`.

use std::process::ExitCode;

use clap::Args;

use crate::init::{self, Done, File};
use crate::output::print;
use crate::{Error, Result};

/// Set this directory up: what a first verdict needs
///
/// In a Cargo package: a bench target with its entries in `Cargo.toml`, a configuration and a workflow. Elsewhere a configuration with a
/// program, and a workflow. Nothing is asked, and no file that is there is replaced.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A program to measure, as `python3 count.py {size}`: `{size}` stands for each size. There is no shell
    #[arg(long, value_name = "CMD")]
    program: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let here =
        std::env::current_dir().map_err(|error| Error::new("this directory", error, "run it in one that is there"))?;
    let setup = init::set_up(&here, arguments.program.as_deref())?;
    let mut text = String::new();
    for File { path, done } in &setup.files {
        let done = match done {
            Done::Written => "wrote",
            Done::Extended => "added to",
            Done::Kept => "kept, since it is there already:",
        };
        text.push_str(&format!("{done} {}\n", path.display()));
    }
    for note in &setup.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text.push_str("\nNext:\n\n");
    for command in &setup.next {
        text.push_str(&format!("    {command}\n"));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
