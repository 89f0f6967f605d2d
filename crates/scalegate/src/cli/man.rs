//! `scalegate man`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::help;
use crate::{Error, Result};

/// Write the man pages, one for each command, as `man -l DIR/scalegate.1` shows them
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory for the pages
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let directory = &arguments.directory;
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(help::command(), directory))
        .map_err(|error| Error::new(directory.display(), error, "name a directory that is writable"))?;
    eprintln!("the pages are in {}", directory.display());
    Ok(ExitCode::SUCCESS)
}
