//! Rounds: one child process per pass over all sizes.
//!
//! A process draws its memory layout once, and some costs depend on the draw. With a process per round that is part of
//! the spread between rounds, where the statistics see it, and not an offset of the whole run, where nothing can.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::child::{Ended, run_child, watch_for_ctrl_c};
use super::{CriterionSample, read_criterion};
use crate::{Error, Result};

/// Tells a child which round it is and where Criterion's files go: `ROUND:DIRECTORY`.
const VARIABLE: &str = "SCALEGATE_ROUND";

/// Where a child leaves its error, in the directory of its round.
const ERROR_FILE: &str = "error.json";

/// What a child was told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// From 0.
    pub number: u32,
    /// Criterion's output directory.
    pub directory: PathBuf,
}

impl Round {
    /// The round that this process was started for, if it is such a child.
    pub fn of_this_process() -> Option<Self> {
        let value = std::env::var(VARIABLE).ok()?;
        let (number, directory) = value.split_once(':')?;
        Some(Self { number: number.parse().ok()?, directory: PathBuf::from(directory) })
    }

    /// Leaves the error that ends this process to its parent, which shows it as its own.
    pub fn hand_over(&self, error: &Error) {
        // If this fails, the parent shows what this process prints instead.
        if let Ok(text) = serde_json::to_vec(error) {
            let _ = std::fs::write(self.directory.join(ERROR_FILE), text);
        }
    }
}

/// How the rounds are run.
#[derive(Debug, Clone)]
pub struct RoundPlan {
    /// The numbers of the passes over all sizes.
    pub rounds: Range<u32>,
    /// A directory for Criterion's files, emptied after each round.
    pub scratch: PathBuf,
    /// Arguments for the children: those of this process and more.
    pub arguments: Vec<String>,
}

/// Runs this program once per round, and calls `progress` with the round and each line that Criterion prints.
///
/// # Errors
/// The error of a child, or what it printed if it ended without one; or Ctrl-C. Nothing is kept then.
pub fn run_rounds(plan: &RoundPlan, mut progress: impl FnMut(u32, &str)) -> Result<Vec<Vec<CriterionSample>>> {
    watch_for_ctrl_c();
    let program = std::env::current_exe().map_err(|error| Error::new("this program", error, "start it by its path"))?;
    plan.rounds.clone().map(|round| run_round(&program, plan, round, &mut progress)).collect()
}

fn run_round(
    program: &Path,
    plan: &RoundPlan,
    round: u32,
    progress: &mut impl FnMut(u32, &str),
) -> Result<Vec<CriterionSample>> {
    let place = format!("round {}", round + 1);
    let fail =
        |cause: String| Error::new(&place, cause, "mend the cause and measure again; earlier records are as they were");
    let directory = plan.scratch.join(format!("round-{round}"));
    std::fs::create_dir_all(&directory).map_err(|error| fail(format!("{}: {error}", directory.display())))?;
    let mut command = Command::new(program);
    command.args(&plan.arguments).env(VARIABLE, format!("{round}:{}", directory.display()));
    let Ended { status, errors } = run_child(&place, command, |line| progress(round, line))?;
    if !status.success() {
        let printed = || fail(format!("the measured process ended with {status} and said:\n{}", errors.trim_end()));
        return Err(handed_over(&directory).unwrap_or_else(printed));
    }
    let samples = read_criterion(&directory)?;
    std::fs::remove_dir_all(&directory).map_err(|error| fail(format!("{}: {error}", directory.display())))?;
    Ok(samples)
}

/// The error that the child of a round left behind.
fn handed_over(directory: &Path) -> Option<Error> {
    serde_json::from_slice(&std::fs::read(directory.join(ERROR_FILE)).ok()?).ok()
}
