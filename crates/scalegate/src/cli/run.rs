//! `scalegate run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::metric::Metric;
use crate::session::{self, Request};

/// Measure: build the package's bench targets, drive them, and write a record
///
/// Wall time is taken round by round, and no longer than it takes to decide every gated quantity; all rounds where there is no baseline.
/// `cargo bench -- --all-rounds` takes all in any case, as a new baseline wants them.
///
/// Exit codes: 0 when it measured, whether or not that matches its baseline (`scalegate check` gates), 2 wrong usage or a failure, 3 when all
/// that was asked for is unavailable here, 130 after Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Workloads to run, as names or globs such as `llm/*`; all of the package by default
    #[arg(long = "workload", value_name = "GLOB")]
    workloads: Vec<String>,
    /// Metrics to take; all by default
    #[arg(long = "metric", value_name = "METRIC")]
    metrics: Vec<Metric>,
    /// Rounds at most, instead of those of the configuration
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    rounds: Option<u32>,
    /// How long all may take, such as `5m`, builds not included: rounds go where a verdict is undecided
    #[arg(long, value_name = "TIME", value_parser = crate::time::budget, conflicts_with_all = ["rounds", "quick", "resume"])]
    budget: Option<Duration>,
    /// Where to write the record
    #[arg(long, value_name = "RUN", default_value_os_t = crate::paths::run())]
    out: PathBuf,
    /// Take what a first verdict needs: counts, heap, the quality of models and five rounds of wall time
    #[arg(long)]
    quick: bool,
    /// Print all laws with their intervals, and whether each matches its baseline
    #[arg(long)]
    verbose: bool,
    /// Resume the record of a run that was interrupted
    #[arg(long)]
    resume: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let request = Request {
        metrics: arguments.metrics.clone(),
        rounds: arguments.rounds,
        budget: arguments.budget,
        out: arguments.out.clone(),
        resume: arguments.resume,
        stops_early: true,
        quick: arguments.quick,
        verbose: arguments.verbose,
        ..Request::default()
    };
    match session::run(&arguments.workloads, request) {
        Ok(false) => ExitCode::from(3),
        outcome => session::finish(outcome.map(drop), &arguments.out),
    }
}
