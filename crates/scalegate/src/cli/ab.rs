//! `scalegate ab`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Format;

use crate::gate::Outcome;
use crate::metric::Metric;
use crate::output::print;
use crate::session::{self, AbOutcome, AbRequest};
use crate::{Result, measure, paths, report};

/// Compare two revisions, measured in turns in the same minutes
///
/// Builds both below `target/scalegate/ab`, lets a process of each run in turns, and compares their laws by pairs of slices: what
/// the machine does to both sides cancels. Stops as soon as every quantity is decided. The checkout stays as it is.
///
/// Exit codes: 0 pass or improved, 1 regressed or mixed, 2 wrong usage or a failure, 3 inconclusive, 130 after Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Revision to compare with [default: the merge base of HEAD and the default branch]
    #[arg(value_name = "BASE")]
    base: Option<String>,
    /// Revision to compare [default: the working tree, committed or not]
    #[arg(value_name = "HEAD")]
    head: Option<String>,
    /// Compare BASE, by default the working tree, with itself: which changes can this machine tell?
    #[arg(long, conflicts_with = "head")]
    aa: bool,
    /// Workloads to measure, as names or globs such as `llm/*` [default: all]
    #[arg(long = "workload", value_name = "GLOB")]
    workloads: Vec<String>,
    /// Metrics to compare
    #[arg(long = "metric", value_name = "METRIC", default_values_t = [Metric::WallTime], value_parser = metric)]
    metrics: Vec<Metric>,
    /// How long to measure at most, such as `5m`, all workloads together [default: a minute for each]
    #[arg(long, value_name = "TIME", value_parser = crate::time::budget)]
    budget: Option<Duration>,
    /// Where to write the record of slices
    #[arg(long, value_name = "FILE", default_value_os_t = paths::pairs())]
    out: PathBuf,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

fn metric(text: &str) -> Result<Metric, String> {
    let known = crate::analysis::PAIR_METRICS;
    known
        .into_iter()
        .find(|metric| metric.name() == text)
        .ok_or_else(|| format!("pairs are compared by {}", known.map(Metric::name).join(" and ")))
}

pub(super) fn run(arguments: &Arguments, is_search: bool) -> Result<ExitCode> {
    let request = AbRequest {
        base: arguments.base.clone(),
        head: arguments.head.clone(),
        aa: arguments.aa,
        workloads: arguments.workloads.clone(),
        metrics: arguments.metrics.clone(),
        budget: arguments.budget,
        out: arguments.out.clone(),
        // A search wants a verdict, and nothing else.
        names_cause: !is_search,
    };
    let outcome = match session::ab(&request) {
        Ok(outcome) => outcome,
        Err(error) if measure::interrupted() => {
            eprintln!("{error}");
            return Ok(ExitCode::from(session::INTERRUPTED));
        }
        Err(error) => return Err(error),
    };
    show(arguments, &outcome)?;
    Ok(ExitCode::from(outcome.check.verdict.exit_code()))
}

fn show(arguments: &Arguments, outcome: &AbOutcome) -> Result<()> {
    let AbOutcome { record, check, measured, unpaired, why } = outcome;
    for note in unpaired {
        eprintln!("note: {note}: it is not compared");
    }
    if check.findings.iter().any(|finding| finding.outcome == Outcome::Inconclusive && finding.reason.is_none()) {
        eprintln!("note: inconclusive: measure for longer with `--budget`, or tolerate more in `[ab.tolerance]`");
    }
    match arguments.format {
        Format::Text => {
            print(&report::pairs_text(record, check, *measured))?;
            why.as_ref().map_or(Ok(()), |why| print(&format!("\n{}", report::why_text(why))))
        }
        Format::Json => print(&report::pairs_json(record, check, why.as_ref())),
    }
}
