//! `scalegate accept`.

use std::process::ExitCode;

use clap::Args;

use super::{BaselinePath, RunPath, check};
use crate::analysis::{self, Expected, Unfitted};
use crate::baseline::Store;
use crate::gate::{Outcome, Scope};
use crate::metric::Metric;
use crate::record::{self, Run, Series};
use crate::{Error, Result};

/// Make a run the baseline of its host class, its shapes the portable ones, and its counts those of their key
///
/// Shapes are the same on every host. They are replaced if there are none yet, if this host class recorded them, or if
/// the run's shapes differ from them.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunPath,
    #[command(flatten)]
    baseline: BaselinePath,
    /// Metrics to accept; all that gate by default
    #[arg(long = "metric", value_name = "METRIC")]
    metrics: Vec<Metric>,
    /// Why the costs of this run are right; kept with the baseline
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.reason.trim().is_empty() {
        return Err(Error::new("--reason", "the reason is empty", "say why the new costs are right"));
    }
    let mut run: Run = record::read_json(&arguments.run.run)?;
    run.series.retain(|series| arguments.metrics.is_empty() || arguments.metrics.contains(&series.metric));
    for series in run.series.iter().filter(|series| series.unavailable.is_none()) {
        if let Err(Unfitted::Fault(reason)) = analysis::fit_series(series) {
            eprintln!(
                "note: {} {} has no law, and checks against it stay inconclusive: {reason}",
                series.workload, series.metric
            );
        }
        let (taken, most) = (series.n_rounds(), series.max_rounds());
        if series.looks.first().is_some_and(|first| taken < *first) {
            return Err(Error::new(
                arguments.run.run.display(),
                format!(
                    "{} has {taken} of {most} rounds: it was interrupted before its first verdict",
                    series.workload
                ),
                "resume it with `scalegate run --resume`, or measure anew with `cargo bench`",
            ));
        }
        if taken == most {
            continue;
        }
        eprintln!(
            "note: {} has {taken} of {most} rounds, as many as its verdict took; `cargo bench` takes all for a baseline",
            series.workload
        );
    }
    let store = Store::new(&arguments.baseline.root);
    let portable = store.portable()?;
    let settings = check::settings()?;
    let check = analysis::check(std::slice::from_ref(&run), &store, &settings, &Expected::default())?;
    let is_portable = |series: &Series| {
        let recorded = portable.iter().find(|baseline| baseline.series().key() == series.key());
        let by_this_class =
            recorded.is_none_or(|baseline| baseline.run.provenance.host.class == run.provenance.host.class);
        let mut shapes =
            check.findings.iter().filter(|finding| finding.scope == Scope::Shape && finding.key() == series.key());
        let differs = shapes.any(|finding| matches!(finding.outcome, Outcome::Regressed | Outcome::Improved));
        if let (false, Some(kept)) = (by_this_class || differs, recorded) {
            eprintln!(
                "kept the portable baseline of {} {}, which {} recorded: this run's shape is not shown to differ from it; \
                 delete the file to have it replaced",
                series.workload, series.metric, kept.run.provenance.host.class
            );
        }
        by_this_class || differs
    };
    let accepted = store.accept(&run, arguments.reason.trim(), is_portable)?;
    for file in &accepted.files {
        eprintln!("accepted {}", file.display());
    }
    eprintln!("note the reason in CHANGELOG.md, and commit the files");
    Ok(ExitCode::SUCCESS)
}
