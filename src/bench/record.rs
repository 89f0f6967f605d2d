//! What every bench target does with its series: keep them in the record, fit them, and say what came out.

use std::path::Path;
use std::process::ExitCode;

use crate::baseline::Store;
use crate::measure;
use crate::record::{self, Absorbed, Provenance, Run, Series};
use crate::suite::Suite;
use crate::workload::subject;
use crate::{Result, analysis, cli, paths, report};

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
            for series in kept {
                let when = series.measured.as_deref().unwrap_or("an unknown time");
                eprintln!("kept {} {} of {when}: same host, build and models", series.workload, series.metric);
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
fn show(suite: &Suite, run: Run) -> Result<()> {
    let measured: Vec<String> = run.series.iter().map(|series| series.workload.clone()).collect();
    cli::print(&format!("\n{}\n", report::fits_text(&analysis::fit_run(&run))))?;
    let check = analysis::check(&[run], &Store::new(paths::baselines()), &suite.gate, &[])?;
    cli::print(&report::matches_text(&check, &measured))
}
