//! Man pages of the command line.

use std::path::PathBuf;

use clap::Args;
use scalegate::{Error, Result, cli};

use crate::process;

/// Write the man pages of `scalegate`, one for each command; `man -l DIR/scalegate.1` shows them
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory for the pages
    directory: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let directory = &arguments.directory;
    process::make_directory(directory)?;
    clap_mangen::generate_to(cli::command(), directory)
        .map_err(|error| Error::new(directory.display(), error, "name a directory that is writable"))?;
    println!("the pages are in {}", directory.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    #[test]
    fn every_command_has_a_page() {
        let place = process::temporary_directory().unwrap();
        run(&Arguments { directory: place.path().to_owned() }).unwrap();
        let page = |name: &str| process::read(&place.path().join(name)).unwrap();
        assert!(page("scalegate.1").contains("scalegate\\-check"));
        assert!(page("scalegate-check.1").contains("bisect"));
    }
}
