//! The record of a session: opened before anything is measured, and whole on disk after every step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Description, Request, TargetKind, package};
use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::config::{Config, GateSettings};
use crate::measure;
use crate::metric::Metric;
use crate::record::{self, Absorbed, Build, Provenance, Run, Series, SeriesKey, UNKNOWN};
use crate::terminal::Style;
use crate::workload::WorkloadName;
use crate::{Error, Result, output, paths, report};

/// A target with the executable that measures it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The executable.
    pub(crate) executable: PathBuf,
    /// Where it runs.
    pub(crate) directory: PathBuf,
    /// Arguments for Criterion.
    pub(crate) arguments: Vec<String>,
    /// What it measures.
    pub(crate) description: Description,
    /// SHA-256 of the files of each program that it runs, by its name.
    pub(crate) programs: BTreeMap<String, String>,
}

/// Where a session's series go. What is wrong with it is said before anything is measured.
pub(super) struct Recorder {
    path: PathBuf,
    gate: GateSettings,
    provenance: Provenance,
    /// The record that is resumed.
    earlier: Option<Run>,
    /// What the session has measured so far.
    measured: Vec<SeriesKey>,
    /// What it will measure, so that nothing is said to be reused that is replaced a moment later.
    planned: Vec<SeriesKey>,
    has_stored: bool,
    verbose: bool,
}

impl Recorder {
    /// The record that `request` names, for series of `targets`.
    ///
    /// # Errors
    /// A place that cannot be written to; sources that were edited since the build; or an earlier record to resume that another
    /// host or build made.
    pub(super) fn open(config: &Config, request: &Request, targets: &[Target]) -> Result<Self> {
        let path = request.out.clone();
        record::check_place(&path)?;
        let provenance = provenance(config, targets)?;
        let earlier = match request.resume && path.exists() {
            true => Some(record::read_json::<Run>(&path)?),
            false => None,
        };
        let differences = earlier.as_ref().map(|run| run.provenance.differences(&provenance)).unwrap_or_default();
        refuse(&path, differences.iter().map(ToString::to_string).collect())?;
        let gate = config.gate.clone();
        let (measured, planned) = (Vec::new(), Vec::new());
        let verbose = request.verbose;
        Ok(Self { path, gate, provenance, earlier, measured, planned, has_stored: false, verbose })
    }

    /// Says what will be measured.
    pub(super) fn plan(&mut self, key: SeriesKey) {
        self.planned.push(key);
    }

    /// Whether the record that is resumed holds all of `metrics` of a workload, each with all its rounds; those that only explain
    /// others may be missing, as some are where they have no meaning. What is held is shown at the end as what is measured is.
    pub(super) fn holds(&mut self, workload: &WorkloadName, metrics: &[Metric]) -> bool {
        let is_whole = |series: &Series| series.unavailable.is_some() || series.n_rounds() == series.max_rounds();
        let has_all = |run: &Run| {
            metrics.iter().any(|metric| run.series(workload, *metric).is_some())
                && metrics
                    .iter()
                    .all(|metric| !metric.is_gated() || run.series(workload, *metric).is_some_and(is_whole))
        };
        let is_held = self.earlier.iter().any(has_all);
        if is_held {
            self.list(workload, metrics);
        }
        is_held
    }

    /// Lists what the record that is resumed holds, to be shown at the end as if it were measured now.
    pub(super) fn list(&mut self, workload: &WorkloadName, metrics: &[Metric]) {
        self.measured.extend(metrics.iter().map(|metric| SeriesKey::new(workload.clone(), *metric)));
    }

    /// The series of the record that is resumed.
    pub(super) fn earlier(&self, workload: &str, metric: Metric) -> Option<&Series> {
        self.earlier.as_ref().and_then(|run| run.series(workload, metric))
    }

    /// Fails if the series of the record that is resumed differ from `planned`, which has no samples yet.
    pub(super) fn check_settings(&self, planned: &Series, sizes: &[u64]) -> Result<()> {
        let Some(earlier) = self.earlier(&planned.workload, planned.metric) else { return Ok(()) };
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

    /// Puts whole series into the record.
    pub(super) fn keep(&mut self, series: Vec<Series>) -> Result<()> {
        let Some(part) = self.part(series) else { return Ok(()) };
        self.store(part)
    }

    /// Adds a later round to series of the record.
    pub(super) fn extend(&mut self, series: Vec<Series>) -> Result<()> {
        let Some(part) = self.part(series) else { return Ok(()) };
        let earlier: Run = record::read_json(&self.path)?;
        let run = record::extend(earlier, part).map_err(|cause| {
            Error::new(self.path.display(), cause, "measure anew with `scalegate run`; the record is as it was")
        })?;
        record::write_json(&self.path, &run)
    }

    /// Replaces the record by what `change` makes of it.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Run)) -> Result<Run> {
        let mut run: Run = record::read_json(&self.path)?;
        change(&mut run);
        record::write_json(&self.path, &run)?;
        Ok(run)
    }

    /// The record, which is not there before the first series.
    pub(super) fn read(&self) -> Result<Option<Run>> {
        if self.path.exists() { record::read_json(&self.path).map(Some) } else { Ok(None) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Prints the laws of what was measured, whether they still match their baselines, and what to do next. False if there was something to
    /// measure, and all of it is unavailable.
    pub(super) fn show(&self, request: &Request) -> Result<bool> {
        let Some(mut run) = self.read()?.filter(|_| !self.measured.is_empty()) else { return Ok(true) };
        // What only explains other metrics is shown by `scalegate fit`.
        run.series.retain(|series| series.metric.is_gated() && self.measured.contains(&series.key()));
        if run.series.is_empty() {
            return Ok(true);
        }
        let fits = analysis::fit_run(&run);
        let store = Store::new(paths::baselines());
        let check = analysis::check(std::slice::from_ref(&run), &store, &self.gate, &Expected::default())?;
        if request.verbose {
            output::print(&format!(
                "{}\n{}\n",
                report::fits_text(&fits),
                report::matches_text(&check, &self.measured)
            ))?;
        }
        let measured = report::Measured { run: &run, fits: &fits, check: &check, by_command: request.stops_early };
        output::print(&report::summary_text(&measured, Style::of_stdout()))?;
        Ok(!measured.is_empty())
    }

    fn part(&mut self, mut series: Vec<Series>) -> Option<Run> {
        if series.is_empty() {
            return None;
        }
        Series::sort(&mut series);
        for key in series.iter().map(Series::key) {
            if !self.measured.contains(&key) {
                self.measured.push(key);
            }
        }
        let mut part = Run::new(self.provenance.clone());
        part.series = series;
        Some(part)
    }

    /// Puts the part into the record, and says what became of the record that was there.
    fn store(&mut self, part: Run) -> Result<()> {
        let earlier = if self.path.exists() { Some(record::read_json::<Run>(&self.path)) } else { None };
        let run = match earlier {
            None => part,
            Some(Err(error)) => {
                let kept = set_aside(&self.path)?;
                eprintln!("note: the earlier record is kept as {}: {error}", kept.display());
                part
            }
            Some(Ok(earlier)) => match record::absorb(earlier, part) {
                (run, Absorbed::Reused(reused)) => {
                    self.say_reused(&reused);
                    run
                }
                (run, Absorbed::Replaced(differences)) => {
                    let kept = set_aside(&self.path)?;
                    eprintln!("a new record is started; the earlier one is kept as {}: it has other", kept.display());
                    for difference in differences {
                        eprintln!("  {difference}");
                    }
                    run
                }
            },
        };
        self.has_stored = true;
        record::write_json(&self.path, &run)
    }

    fn say_reused(&self, reused: &[Series]) {
        if self.has_stored || !self.verbose {
            return;
        }
        let is_left = |series: &&Series| !self.planned.contains(&series.key());
        let reused: Vec<&Series> = reused.iter().filter(is_left).collect();
        for (workloads, metrics) in by_workloads(&reused) {
            eprintln!("reused {} of {}: same host, program and models", metrics.join(", "), workloads.join(", "));
        }
    }
}

fn provenance(config: &Config, targets: &[Target]) -> Result<Provenance> {
    let mut identity: Option<(String, crate::record::Program)> = None;
    let mut subject = BTreeMap::new();
    for target in targets {
        let (source, program) = package::identify(target, &config.sha256)?;
        subject.extend(target.description.subject.clone());
        match &mut identity {
            None => identity = Some((source, program)),
            Some((_, first)) => first.executables.extend(program.executables),
        }
    }
    let (source, program) = identity.ok_or_else(nothing_to_measure)?;
    let is_program = |target: &Target| target.description.kind != TargetKind::Functions;
    let build = match targets.iter().all(is_program) {
        // Who compiled these, and how, is not known.
        true => Build { rustc: UNKNOWN.to_owned(), optimisation: UNKNOWN.to_owned(), ..measure::build(source) },
        false => measure::build(source),
    };
    Ok(Provenance { host: measure::host()?, build, program: Some(program), subject })
}

/// The error of a package without bench targets.
pub(crate) fn nothing_to_measure() -> Error {
    Error::new(
        "this package",
        "none of its bench targets is made with scalegate",
        "add one, as docs/tutorial.md shows: a `[[bench]]` entry with `harness = false`, and `scalegate::bench!` in its `main`; or a \
         `[[program]]` or a `[[server]]`, as docs/programs.md shows",
    )
}

/// Gives the record at `path` another name beside it.
fn set_aside(path: &Path) -> Result<PathBuf> {
    let time = crate::time::now().replace(':', "-");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = |count: u32| path.with_file_name(format!("{stem}.{time}{}.json", ".".repeat(count as usize)));
    let free = (0..u32::MAX).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(0));
    std::fs::rename(path, &free)
        .map_err(|error| Error::new(path.display(), error, "make its directory writable; the record is as it was"))?;
    Ok(free)
}

/// Fails if an earlier record differs in `fields`.
fn refuse(path: &Path, fields: Vec<String>) -> Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let cause = format!("it was measured with other {}", fields.join("; "));
    Err(Error::new(path.display(), cause, "restore these, or measure anew without `--resume`; the record is as it was"))
}

/// The metrics of `series`, together where they are of the same workloads.
fn by_workloads<'a>(series: &[&'a Series]) -> Vec<(Vec<&'a str>, Vec<&'static str>)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;
    use crate::record::Sample;

    fn provenance(source: &str) -> Provenance {
        let mut provenance = Provenance::imported();
        provenance.build.source = source.to_owned();
        provenance
    }

    fn series(workload: &str) -> Series {
        Series {
            samples: vec![Sample { size: 1, round: 0, values: vec![1.0] }],
            ..Series::new(workload, Axis::new("items"), Metric::WallTime)
        }
    }

    /// Measures `workload` of `source` in a session of its own.
    fn measure(path: &Path, source: &str, workload: &str) {
        let mut recorder = Recorder {
            path: path.to_owned(),
            gate: GateSettings::default(),
            provenance: provenance(source),
            earlier: None,
            measured: Vec::new(),
            planned: Vec::new(),
            has_stored: false,
            verbose: false,
        };
        recorder.keep(vec![series(workload)]).unwrap();
    }

    fn workloads(path: &Path) -> Vec<WorkloadName> {
        let run: Run = record::read_json(path).unwrap();
        run.series.into_iter().map(|series| series.workload).collect()
    }

    /// The records beside the one at `path`, in the order of their names.
    fn others(path: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        let mut others: Vec<PathBuf> = entries.filter(|other| other != path).collect();
        others.sort();
        others
    }

    #[test]
    fn series_of_one_program_are_put_into_one_record() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.json");
        measure(&path, "sources", "sort");
        measure(&path, "sources", "hash");
        assert_eq!(workloads(&path), ["hash", "sort"]);
        assert_eq!(others(&path), [] as [PathBuf; 0]);
    }

    #[test]
    fn a_record_of_other_sources_is_kept_beside_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.json");
        // The second and the third replacement fall into one second, mostly.
        for (source, workload) in [("first", "sort"), ("second", "hash"), ("third", "scan")] {
            measure(&path, source, workload);
        }
        assert_eq!(workloads(&path), ["scan"]);
        let others = others(&path);
        let mut kept: Vec<WorkloadName> = others.iter().flat_map(|other| workloads(other)).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["hash", "sort"]);
        for other in &others {
            let name = other.file_name().unwrap().to_str().unwrap();
            let time = name.strip_prefix("run.").and_then(|name| name.strip_suffix(".json")).unwrap();
            assert!(time.starts_with("20") && !time.contains(':'), "{name}");
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_kept_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.json");
        std::fs::write(&path, "{\"schema\":4,\"prov").unwrap();
        measure(&path, "sources", "sort");
        assert_eq!(workloads(&path), ["sort"]);
        let kept: Vec<String> = others(&path).iter().map(|other| std::fs::read_to_string(other).unwrap()).collect();
        assert_eq!(kept, ["{\"schema\":4,\"prov"]);
    }
}
