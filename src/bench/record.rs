//! What every bench target does with its series: keep them in the record, fit them, and say what came out.

use std::path::Path;
use std::process::ExitCode;

use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::measure;
use crate::metric::Metric;
use crate::record::{self, Absorbed, Provenance, Run, Series};
use crate::suite::Suite;
use crate::workload::subject;
use crate::{Result, cli, paths, report};

/// Shows the error, if there is one.
pub(super) fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if measure::interrupted() { 130 } else { 2 })
        }
    }
}

/// Puts the series into the record at `path`, and prints their laws and how they compare with their baselines.
pub(super) fn keep(suite: &Suite, path: &Path, mut series: Vec<Series>) -> Result<()> {
    if series.is_empty() {
        return Ok(());
    }
    series.sort_by(|a, b| a.key().cmp(&b.key()));
    let provenance = Provenance { host: measure::host()?, build: measure::build(), subject: subject::of(suite)? };
    let mut part = Run::new(provenance);
    part.series = series;
    store(path, part.clone())?;
    show(suite, part)
}

/// Puts the part into the record at `path`, and says what became of the record that was there.
fn store(path: &Path, part: Run) -> Result<()> {
    let earlier = if path.exists() {
        record::read_json::<Run>(path).map_err(|error| eprintln!("note: the earlier record is replaced: {error}")).ok()
    } else {
        None
    };
    let run = match earlier.map(|earlier| record::absorb(earlier, part.clone())) {
        None => part,
        Some((run, Absorbed::Kept(kept))) => {
            for metric in Metric::ALL {
                let workloads: Vec<&str> =
                    kept.iter().filter(|series| series.metric == metric).map(|series| &*series.workload).collect();
                if !workloads.is_empty() {
                    eprintln!("kept {metric} of {}: same host, build and models", workloads.join(", "));
                }
            }
            run
        }
        Some((run, Absorbed::Replaced(differences))) => {
            eprintln!("a new record is started, since the earlier one was made with other");
            for difference in differences {
                eprintln!("  {difference}");
            }
            run
        }
    };
    record::write_json(path, &run)
}

/// Prints the laws of what was just measured, and for each whether it still matches its baseline.
fn show(suite: &Suite, mut run: Run) -> Result<()> {
    // What only explains other metrics is shown by `scalegate fit`.
    run.series.retain(|series| series.metric.is_gated());
    let measured: Vec<(String, Metric)> =
        run.series.iter().map(|series| (series.workload.clone(), series.metric)).collect();
    cli::print(&format!("\n{}\n", report::fits_text(&analysis::fit_run(&run))))?;
    let check = analysis::check(&[run], &Store::new(paths::baselines()), &suite.gate, &Expected::default())?;
    cli::print(&report::matches_text(&check, &measured))
}
