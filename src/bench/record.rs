//! What every bench target does with its series: keep them in the record, fit them, and say what came out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::measure;
use crate::metric::Metric;
use crate::record::{self, Absorbed, Provenance, Run, Series};
use crate::suite::{GateSettings, Suite};
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

/// Where a target's series go, and who measures them. What is wrong with either is told before anything is measured.
pub(super) struct Destination {
    path: PathBuf,
    gate: GateSettings,
    provenance: Provenance,
}

impl Destination {
    /// The record at `path`, for series of `suite`.
    pub(super) fn open(suite: &Suite, path: &Path) -> Result<Self> {
        record::check_place(path)?;
        let provenance = Provenance { host: measure::host()?, build: measure::build(), subject: subject::of(suite)? };
        Ok(Self { path: path.to_path_buf(), gate: suite.gate.clone(), provenance })
    }

    /// Puts the series into the record, and prints their laws and how they compare with their baselines.
    pub(super) fn keep(self, mut series: Vec<Series>) -> Result<()> {
        if series.is_empty() {
            return Ok(());
        }
        series.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut part = Run::new(self.provenance);
        part.series = series;
        store(&self.path, part.clone())?;
        show(&self.gate, part)
    }
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
            for (workloads, metrics) in by_workloads(&kept) {
                eprintln!("kept {} of {}: same host, build and models", metrics.join(", "), workloads.join(", "));
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

/// The metrics of `series`, together where they are of the same workloads.
fn by_workloads(series: &[Series]) -> Vec<(Vec<&str>, Vec<&'static str>)> {
    let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for metric in Metric::ALL {
        let workloads: Vec<&str> =
            series.iter().filter(|series| series.metric == metric).map(|series| &*series.workload).collect();
        match groups.iter_mut().find(|(others, _)| *others == workloads) {
            _ if workloads.is_empty() => {}
            Some((_, metrics)) => metrics.push(metric.name()),
            None => groups.push((workloads, vec![metric.name()])),
        }
    }
    groups
}

/// Prints the laws of what was just measured, and for each whether it still matches its baseline.
fn show(gate: &GateSettings, mut run: Run) -> Result<()> {
    // What only explains other metrics is shown by `scalegate fit`.
    run.series.retain(|series| series.metric.is_gated());
    let measured: Vec<(String, Metric)> =
        run.series.iter().map(|series| (series.workload.clone(), series.metric)).collect();
    cli::print(&format!("\n{}\n", report::fits_text(&analysis::fit_run(&run))))?;
    let check = analysis::check(&[run], &Store::new(paths::baselines()), gate, &Expected::default())?;
    cli::print(&report::matches_text(&check, &measured))
}
