//! Does the gate call changes of preprocessing by their names, and does it tell faults from what costs nothing?
//!
//! Replays changes that inference engines have shipped, in front of the vision graphs of `xtask/replays/`, which cost the same for
//! every patch. [`changes`] are measured before and after; [`faults`] are judged twice, by counts and by wall time in pairs.

mod changes;
mod faults;
mod judged;
mod settings;

use std::path::PathBuf;

use scalegate::{Error, Result};

use crate::process;
use crate::sources::Sources;

/// Replay changes of preprocessing that engines have shipped, and print the tables of docs/evidence/preprocessing.md
///
/// All of them take an hour of a quiet machine. Ends with an error if a fault is not caught or a benign change does not pass. Needs
/// Valgrind.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Replays to take; all by default
    names: Vec<String>,
    /// Directory for records; those that are there are not taken again
    #[arg(long, default_value = "target/replays")]
    work: PathBuf,
}

pub(super) fn run(arguments: &Arguments, sources: &Sources) -> Result<()> {
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    let known: Vec<&str> = changes::names().chain(faults::names()).collect();
    if let Some(unknown) = arguments.names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::new(unknown, "there is no such replay", format!("name one of {}", known.join(", "))));
    }
    let is_wanted = |name: &str| arguments.names.is_empty() || arguments.names.iter().any(|its| its == name);
    let work = process::absolute(&arguments.work)?;
    changes::replay(sources, &work, &is_wanted)?;
    faults::replay(sources, &work, &is_wanted)
}
