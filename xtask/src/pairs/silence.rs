//! No change, over and over: how often there is an alarm.

use clap::Args;
use scalegate::Result;
use scalegate::gate::{Outcome, Verdict};

use super::load::beside;
use super::package::{Package, WORKLOADS, moved, percents};

/// Compare what does the same work, and see that there is no alarm
///
/// Every third run is of two builds: the head has a function more, which nothing calls and which moves the others. Every second one
/// is beside two threads that come and go.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How often
    #[arg(long, default_value_t = 60)]
    runs: u32,
    /// How long a run may measure, in seconds
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let package = Package::new()?;
    let is_moved = |run: u32| run.is_multiple_of(3);
    for run in (1..=arguments.runs).filter(|run| is_moved(*run)) {
        package.branch(&format!("moved{run}"), "src/lib.rs", &moved(run))?;
    }
    println!("| run | workload | head | load | verdict | slope |\n|---|---|---|---|---|---|");
    let (mut alarms, mut passes) = (0, 0);
    for run in 1..=arguments.runs {
        let workload = WORKLOADS[(run / 2 % 3) as usize];
        let head = if is_moved(run) { format!("moved{run}") } else { "main".to_owned() };
        let loaded = run.is_multiple_of(2);
        let answer = beside(loaded, || package.ab("main", &head, workload, arguments.seconds))?;
        package.keep("silence", run)?;
        let is_change = |outcome| matches!(outcome, Outcome::Regressed | Outcome::Improved);
        alarms += u32::from(answer.check.findings.iter().any(|finding| is_change(finding.outcome)));
        passes += u32::from(answer.check.verdict == Verdict::Pass);
        println!(
            "| {run} | {workload} | {} | {} | {} | {} |",
            if is_moved(run) { "moved" } else { "same" },
            if loaded { "coming and going" } else { "none" },
            answer.check.verdict,
            percents(answer.slope().and_then(|slope| slope.change))
        );
    }
    println!("\n{alarms} alarms and {passes} passes in {} runs", arguments.runs);
    Ok(())
}
