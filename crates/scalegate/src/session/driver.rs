//! The one driver of `cargo bench` and of `scalegate run`: what is taken once first, then the rounds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::job::{
    self, ComputeAnswer, Described, HeapAnswer, Instrument, Job, Places, ProcessorAnswer, TargetKind, Work,
};
use super::record::{Recorder, Target};
use super::rounds::Rounds;
use super::worker::at;
use super::{Request, counts, program_counts, resources};
use crate::analysis::{self, Check, Expected};
use crate::baseline::Store;
use crate::config::Config;
use crate::measure::{self, Ended};
use crate::metric::Metric;
use crate::progress::Progress;
use crate::record::{Run, Series, SeriesKey};
use crate::{Error, Result, paths, temporary, time};

/// The targets of a session and what is asked of them.
pub(crate) struct Session<'a> {
    pub(super) config: &'a Config,
    pub(super) request: &'a Request,
    pub(super) targets: &'a [Target],
    /// When it began, for a budget.
    begin: Instant,
    /// For the files of the run; it goes away with the session.
    scratch: temporary::Directory,
}

/// A workload of a target, measured in one way.
pub(super) type Chosen<'a> = (&'a Target, &'a Described);

impl<'a> Session<'a> {
    /// # Errors
    /// There is no room for the files of a run.
    pub(crate) fn new(config: &'a Config, request: &'a Request, targets: &'a [Target]) -> Result<Self> {
        let target = paths::target();
        let made = std::fs::create_dir_all(&target).and_then(|()| temporary::Directory::within(&target));
        let scratch = made.map_err(|error| {
            Error::new(target.display(), error, "make the directory writable; it takes the run's files")
        })?;
        Ok(Self { config, request, targets, begin: Instant::now(), scratch })
    }

    /// Measures all that is asked for. Every series, and every round, is in the record as soon as it is there.
    ///
    /// # Errors
    /// The first workload that could not be measured, or Ctrl-C; what was measured before is in the record.
    pub(super) fn measure(&self, recorder: &mut Recorder) -> Result<()> {
        measure::watch_for_ctrl_c();
        let mut chosen = BTreeMap::new();
        for instrument in [Instrument::Callgrind, Instrument::Processor, Instrument::Heap, Instrument::Clock] {
            chosen.insert(instrument, self.chosen(instrument, recorder)?);
        }
        let own = self.chosen(Instrument::Own(Metric::Perplexity), recorder)?;
        let sampled = self.chosen(Instrument::Sampler, recorder)?;
        for (_, workload) in chosen.values().flatten().chain(&own).chain(&sampled) {
            for metric in workload.instrument.metrics().iter().filter(|metric| self.request.wants(**metric)) {
                recorder.plan(SeriesKey::new(workload.name.clone(), *metric));
            }
        }
        let mut rounds = Rounds::new(self, chosen.remove(&Instrument::Clock).unwrap_or_default());
        self.compute(recorder, &own)?;
        let (programs, functions): (Vec<Chosen<'_>>, _) = chosen[&Instrument::Callgrind]
            .iter()
            .partition(|(target, _)| target.description.kind == TargetKind::Programs);
        counts::below_callgrind(self, recorder, &functions)?;
        program_counts::below_callgrind(self, recorder, &programs)?;
        self.by_processor(recorder, &chosen[&Instrument::Processor])?;
        self.heap(recorder, &chosen[&Instrument::Heap])?;
        // With a budget, what is undecided comes first, and resources have what it leaves.
        if self.request.budget.is_some() {
            rounds.take(recorder)?;
            return resources::sample(self, recorder, &sampled);
        }
        resources::sample(self, recorder, &sampled)?;
        rounds.take(recorder)
    }

    /// What is left of the budget, if there is one.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.request.budget.map(|budget| budget.saturating_sub(self.begin.elapsed()))
    }

    /// What an instrument is to measure: chosen by name and metric, and not in the record that is resumed.
    ///
    /// # Errors
    /// The record that is resumed was measured in another way.
    fn chosen(&self, instrument: Instrument, recorder: &mut Recorder) -> Result<Vec<Chosen<'a>>> {
        let wanted: Vec<Metric> =
            instrument.metrics().iter().copied().filter(|metric| self.request.wants(*metric)).collect();
        if wanted.is_empty() || !self.request.takes(instrument) {
            return Ok(Vec::new());
        }
        let all =
            self.targets.iter().flat_map(|target| target.description.workloads.iter().map(move |it| (target, it)));
        let mut chosen: Vec<Chosen<'a>> =
            all.filter(|(_, it)| it.instrument == instrument && self.request.chooses(it)).collect();
        if instrument == Instrument::Clock {
            Rounds::new(self, chosen.clone()).check(recorder)?;
        }
        chosen.retain(|(_, it)| !recorder.holds(&it.name, &wanted));
        Ok(chosen)
    }

    /// A process of `target` for one job, whose document lies at `path`.
    pub(super) fn command(&self, target: &Target, work: Work, path: &Path) -> Result<Command> {
        Job::new(work).at(self.places(target)).of_server(server(target)).write(path)?;
        let mut command = Command::new(&target.executable);
        let (variable, value) = Job::variable(path);
        let absolute = std::path::absolute(value).unwrap_or_else(|_| value.to_path_buf());
        command.current_dir(&target.directory).env(variable, absolute);
        if target.description.kind != TargetKind::Functions {
            measure::end_with_this_process(&mut command);
        }
        Ok(command)
    }

    /// Where programs run, of a target that they are.
    fn places(&self, target: &Target) -> Option<Places> {
        let work = std::path::absolute(self.scratch.path().join("cases")).ok()?;
        let directory = target.directory.clone();
        (target.description.kind == TargetKind::Programs).then(|| Places::new(directory, work))
    }

    /// A new path for the document of a job.
    pub(super) fn job_path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(format!("{}.json", name.replace(['/', ' '], "-")))
    }

    /// Has a process of `target` do a job, and gives its answer.
    pub(super) fn ask<T: DeserializeOwned>(&self, target: &Target, place: &str, work: Work) -> Result<T> {
        self.ask_at(target, place, work, &self.job_path(place))
    }

    /// The same with a document at a place of its own.
    pub(super) fn ask_at<T: DeserializeOwned>(
        &self,
        target: &Target,
        place: &str,
        work: Work,
        path: &Path,
    ) -> Result<T> {
        let command = self.command(target, work, path)?;
        let Ended { status, errors } = measure::run_child(place, command, |_| ())?;
        match job::read_answer(path) {
            Some(answer) if status.success() || answer.is_err() => answer,
            _ => Err(ended(place, path, status, &errors)),
        }
    }

    /// A series of one of the chosen, before it has samples.
    pub(super) fn series(
        (target, workload): Chosen<'_>,
        metric: Metric,
        environment: &BTreeMap<String, String>,
    ) -> Series {
        let mut protocol = workload.protocol.clone();
        protocol.insert("allocator".to_owned(), target.description.allocator.clone());
        protocol.extend(environment.clone());
        Series {
            measured: Some(time::now()),
            protocol,
            tokens: workload.tokens_by_size(),
            expected_units: workload.expected_units_of(metric),
            ..Series::new(workload.name.clone(), workload.axis.clone(), metric)
        }
    }

    fn compute(&self, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
        for (target, workload) in chosen {
            let progress = Progress::new();
            progress.say(workload.name.to_string());
            let work = Work::Compute { workload: workload.name.clone() };
            let answer: ComputeAnswer = self.ask(target, &workload.name, work)?;
            recorder.keep(answer.series)?;
        }
        Ok(())
    }

    fn by_processor(&self, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
        for &(target, workload) in chosen {
            let work = Work::CountByProcessor {
                workload: workload.name.clone(),
                seed: self.config.seed,
                rounds: self.rounds(),
            };
            let answer: ProcessorAnswer = self.ask(target, &workload.name, work)?;
            let mut series = Session::series((target, workload), Metric::InstructionsHw, &BTreeMap::new());
            match answer.samples {
                Ok(samples) => series.samples = samples,
                Err(reason) => series.unavailable = Some(reason),
            }
            recorder.keep(vec![series])?;
        }
        Ok(())
    }

    fn heap(&self, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
        for &(target, workload) in chosen {
            let work = Work::Heap { workload: workload.name.clone() };
            let place = workload.name.clone();
            let uses = match self.ask::<HeapAnswer>(target, &place, work) {
                Ok(answer) => Ok(answer.uses),
                Err(error) if target.description.allocator == UNKNOWN_ALLOCATOR => Err(error.to_string()),
                Err(error) => return Err(error),
            };
            let environment = self.ask(target, &format!("{place} environment"), Work::Environment)?;
            let environment = measure::heap_environment(environment);
            let mut all = Vec::new();
            for metric in [Metric::HeapBytes, Metric::HeapBlocks] {
                let mut series = Session::series((target, workload), metric, &environment);
                series.protocol.remove("allocator");
                match &uses {
                    Ok(uses) => series.samples.extend(uses.iter().map(|(size, bytes, blocks)| {
                        counts::sample(*size, if metric == Metric::HeapBytes { *bytes } else { *blocks })
                    })),
                    Err(reason) => series.unavailable = Some(reason.clone()),
                }
                all.push(series);
            }
            all.retain(|series| self.request.wants(series.metric));
            recorder.keep(all)?;
        }
        Ok(())
    }

    /// Compares a record with the baselines, as `scalegate check` does.
    pub(super) fn check(&self, run: &Run) -> Result<Check> {
        let expected = Expected::of(self.targets.iter().map(|target| &target.description));
        let store = Store::new(paths::baselines());
        analysis::check(std::slice::from_ref(run), &store, &self.config.gate, &expected)
    }

    pub(super) fn rounds(&self) -> u32 {
        self.request.rounds_of(self.config.measure.rounds)
    }
}

/// The server that a target asks.
fn server(target: &Target) -> Option<String> {
    (target.description.kind == TargetKind::Server).then(|| target.description.target.clone())
}

/// What a target is called whose allocator is not known.
pub(crate) const UNKNOWN_ALLOCATOR: &str = "of the program";

/// The error of a process that ended without an answer.
pub(super) fn ended(place: &str, job: &Path, status: std::process::ExitStatus, errors: &str) -> Error {
    job::read_error(job).unwrap_or_else(|| {
        if status.success() {
            return Error::new(place, "the measured process ended without an answer", measure::OTHER_VERSION);
        }
        let cause = measure::how_it_ended(&format!("ended with {status}"), errors);
        Error::new(place, cause, "fix the cause and rerun; earlier records are as they were")
    })
}

/// The error of a case, for those who run cases in threads.
pub(super) fn case_error(error: Error, workload: &Described, size: u64) -> Error {
    if error.place().starts_with(&*workload.name) { error } else { at(error, &workload.name, size) }
}
