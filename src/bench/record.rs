//! What every bench target does with its series: keep them in the record, fit them, and say what came out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::request::{self, Request, Step};
use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::measure;
use crate::metric::Metric;
use crate::record::{self, Absorbed, Provenance, Run, Series};
use crate::suite::{GateSettings, Suite};
use crate::workload::subject;
use crate::{Error, Result, cli, paths, report};

/// Shows the error, if there is one.
pub(super) fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `scalegate run` says itself what Ctrl-C left.
            if !(measure::interrupted() && request::is_driven()) {
                eprintln!("error: {error}");
            }
            ExitCode::from(if measure::interrupted() { 130 } else { 2 })
        }
    }
}

/// Where a target's series go, and who measures them. What is wrong with either is told before anything is measured.
pub(super) struct Destination {
    path: PathBuf,
    gate: GateSettings,
    provenance: Provenance,
    step: Option<Step>,
    /// The record that is gone on with.
    earlier: Option<Run>,
}

impl Destination {
    /// The record that `request` names, for series of `suite`.
    ///
    /// # Errors
    /// A place that cannot be written to; or an earlier record to go on with that another host or build made.
    pub(super) fn open(suite: &Suite, request: &Request) -> Result<Self> {
        let path = request.out.clone();
        record::check_place(&path)?;
        let provenance = Provenance { host: measure::host()?, build: measure::build(), subject: subject::of(suite)? };
        let earlier = match request.resumes() && path.exists() {
            true => Some(record::read_json::<Run>(&path)?),
            false => None,
        };
        let differences = earlier.as_ref().map(|run| run.provenance.differences(&provenance)).unwrap_or_default();
        refuse(&path, differences.iter().map(ToString::to_string).collect())?;
        Ok(Self { path, gate: suite.gate.clone(), provenance, step: request.step.clone(), earlier })
    }

    /// Whether the record that is gone on with holds all of `metrics` of a workload; those that only explain others may be
    /// missing, as some are where they have no meaning.
    pub(super) fn holds(&self, workload: &str, metrics: &[Metric]) -> bool {
        let has_all = |run: &Run| {
            metrics.iter().any(|metric| run.series(workload, *metric).is_some())
                && metrics.iter().all(|metric| !metric.is_gated() || run.series(workload, *metric).is_some())
        };
        self.earlier.iter().any(has_all)
    }

    /// Fails if the series of the record that is gone on with differ from `planned`, which has no samples yet.
    pub(super) fn check_settings(&self, planned: &Series, sizes: &[u64]) -> Result<()> {
        let Some(earlier) = self.earlier.as_ref().and_then(|run| run.series(&planned.workload, planned.metric)) else {
            return Ok(());
        };
        let name = &planned.workload;
        let mut fields: Vec<String> = planned
            .protocol_changes(earlier)
            .into_iter()
            .map(|(key, before, after)| format!("{name} {key}: {before} → {after}"))
            .collect();
        // A series that a round spoilt has neither rounds nor sizes.
        let has_samples = earlier.unavailable.is_none();
        if has_samples && earlier.max_rounds() != planned.max_rounds() {
            fields.push(format!("{name} rounds: {} → {}", earlier.max_rounds(), planned.max_rounds()));
        }
        let list = |sizes: Vec<u64>| sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        let (before, after) = (list(earlier.sizes().into_iter().collect()), list(sizes.to_vec()));
        if has_samples && before != after {
            fields.push(format!("{name} sizes: {before} → {after}"));
        }
        refuse(&self.path, fields)
    }

    /// Adds a round to the series of the record.
    pub(super) fn extend(self, series: Vec<Series>) -> Result<()> {
        let earlier: Run = record::read_json(&self.path)?;
        let mut part = Run::new(self.provenance);
        part.series = series;
        let run = record::extend(earlier, part).map_err(|cause| {
            Error::new(self.path.display(), cause, "measure anew with `scalegate run`; the record is as it was")
        })?;
        record::write_json(&self.path, &run)
    }

    /// Puts the series into the record, and prints their laws and how they compare with their baselines.
    pub(super) fn keep(self, mut series: Vec<Series>) -> Result<()> {
        if series.is_empty() {
            return Ok(());
        }
        series.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut part = Run::new(self.provenance);
        part.series = series;
        let is_round = matches!(self.step, Some(Step::Round(_)));
        store(&self.path, part.clone(), is_round)?;
        if is_round { Ok(()) } else { show(&self.gate, part) }
    }
}

/// Fails if an earlier record differs in `fields`.
fn refuse(path: &Path, fields: Vec<String>) -> Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let cause = format!("it was measured with other {}", fields.join("; "));
    Err(Error::new(path.display(), cause, "restore these, or measure anew without `--resume`; the record is as it was"))
}

/// Puts the part into the record at `path`, and says what became of the record that was there; that series were kept only if
/// the part is not one round of many.
fn store(path: &Path, part: Run, is_round: bool) -> Result<()> {
    let earlier = if path.exists() {
        record::read_json::<Run>(path).map_err(|error| eprintln!("note: the earlier record is replaced: {error}")).ok()
    } else {
        None
    };
    let run = match earlier.map(|earlier| record::absorb(earlier, part.clone())) {
        None => part,
        Some((run, Absorbed::Kept(_))) if is_round => run,
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
pub(crate) fn show(gate: &GateSettings, mut run: Run) -> Result<()> {
    // What only explains other metrics is shown by `scalegate fit`.
    run.series.retain(|series| series.metric.is_gated());
    let measured: Vec<(String, Metric)> =
        run.series.iter().map(|series| (series.workload.clone(), series.metric)).collect();
    cli::print(&format!("\n{}\n", report::fits_text(&analysis::fit_run(&run))))?;
    let check = analysis::check(&[run], &Store::new(paths::baselines()), gate, &Expected::default())?;
    cli::print(&report::matches_text(&check, &measured))
}
