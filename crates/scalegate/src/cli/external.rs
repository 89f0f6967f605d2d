//! Commands that another program of this project has, found beside this one or on `PATH`, as those of Cargo and git are.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::{Error, Result};

/// The program that has the commands of compression.
const PROGRAM: &str = "scalegate-compress";

/// Everything after the name of the command.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    all: Vec<OsString>,
}

pub(super) fn run(command: &str, arguments: &Arguments) -> Result<ExitCode> {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM)).filter(|path| path.exists());
    let program = beside.unwrap_or_else(|| PROGRAM.into());
    let status = Command::new(&program).arg(command).args(&arguments.all).status().map_err(|error| {
        Error::new(
            program.display(),
            format!("scalegate {command} is a command of this program: {error}"),
            "build it with `cargo build --release -p scalegate-compress`, or put it on PATH",
        )
    })?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
