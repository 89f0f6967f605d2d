//! `scalegate ab`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::check::BISECT_SKIP;
use crate::metric::Metric;
use crate::output::print;
use crate::session::{self, AbOutcome, AbRequest};
use crate::{Result, measure, paths, report};

/// Compare two revisions by measuring both in the same minutes, alternating
///
/// Builds both, runs a process of each in lock-step, and compares their laws by pairs of slices: what the machine does to both
/// sides cancels. Stops as soon as every quantity is decided. Exits with 0 for pass or improved, 1 for regressed or mixed, 2 for a
/// fault, 3 for inconclusive, 130 after Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What is compared with [default: the merge base with the default branch]
    #[arg(value_name = "BASE")]
    base: Option<String>,
    /// What is compared [default: the working tree]
    #[arg(value_name = "HEAD")]
    head: Option<String>,
    /// Compare the base with itself, and show which changes this machine can tell; the base is then the working tree by default
    #[arg(long, conflicts_with = "head")]
    aa: bool,
    /// Workloads to measure, as names or globs such as `llm/*`; all of the package by default
    #[arg(long = "workload", value_name = "GLOB")]
    workloads: Vec<String>,
    /// Metrics to compare
    #[arg(long = "metric", value_name = "METRIC", default_values_t = [Metric::WallTime], value_parser = metric)]
    metrics: Vec<Metric>,
    /// How long to measure at most, all workloads together, such as `5m` [default: a minute for each]
    #[arg(long, value_name = "TIME", value_parser = budget)]
    budget: Option<Duration>,
    /// Where to write the record of slices
    #[arg(long, value_name = "FILE", default_value_os_t = paths::pairs())]
    out: PathBuf,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 125 instead of 2 and 3, for `git bisect run`
    #[arg(long)]
    bisect: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn metric(text: &str) -> Result<Metric, String> {
    let known = crate::analysis::PAIR_METRICS;
    known
        .into_iter()
        .find(|metric| metric.name() == text)
        .ok_or_else(|| format!("pairs are compared by {}", known.map(Metric::name).join(" and ")))
}

fn budget(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if parsed.is_zero() { Err("there is no time to measure in".to_owned()) } else { Ok(parsed) }
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let request = AbRequest {
        base: arguments.base.clone(),
        head: arguments.head.clone(),
        aa: arguments.aa,
        workloads: arguments.workloads.clone(),
        metrics: arguments.metrics.clone(),
        budget: arguments.budget,
        out: arguments.out.clone(),
    };
    let outcome = match session::ab(&request) {
        Ok(outcome) => outcome,
        Err(error) if measure::interrupted() => {
            eprintln!("{error}");
            return Ok(ExitCode::from(session::INTERRUPTED));
        }
        Err(error) if arguments.bisect => {
            eprintln!("error: {error}");
            return Ok(ExitCode::from(BISECT_SKIP));
        }
        Err(error) => return Err(error),
    };
    show(arguments, &outcome)?;
    Ok(match outcome.check.verdict.exit_code() {
        3 if arguments.bisect => ExitCode::from(BISECT_SKIP),
        code => ExitCode::from(code),
    })
}

fn show(arguments: &Arguments, outcome: &AbOutcome) -> Result<()> {
    let AbOutcome { record, check, measured, unpaired } = outcome;
    for note in unpaired {
        eprintln!("note: {note}: it is not compared");
    }
    match arguments.format {
        Format::Text => print(&report::pairs_text(record, check, *measured)),
        Format::Json => print(&report::pairs_json(record, check)),
    }
}
