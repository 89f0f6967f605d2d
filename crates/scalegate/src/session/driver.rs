//! The one driver of `cargo bench` and of `scalegate run`: what is taken once first, then the rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::job::{self, ComputeAnswer, Described, HeapAnswer, Instrument, Job, ProcessorAnswer, Work};
use super::record::{Recorder, Target};
use super::worker::at;
use super::{Request, counts, resources};
use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::config::Config;
use crate::measure::disturbance::{Sensors, Surroundings, throttling};
use crate::measure::placement::Placement;
use crate::measure::{self, Ended, read_criterion};
use crate::metric::Metric;
use crate::progress::Progress;
use crate::record::{Run, Sample, Series};
use crate::{Error, Result, gate, paths, temporary, time};

/// The targets of a session and what is asked of them.
pub(crate) struct Session<'a> {
    pub(super) config: &'a Config,
    pub(super) request: &'a Request,
    pub(super) targets: &'a [Target],
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
        Ok(Self { config, request, targets, scratch })
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
                recorder.plan(&workload.name, *metric);
            }
        }
        let mut rounds = Rounds::new(self, chosen.remove(&Instrument::Clock).unwrap_or_default());
        self.compute(recorder, &own)?;
        counts::below_callgrind(self, recorder, &chosen[&Instrument::Callgrind])?;
        self.by_processor(recorder, &chosen[&Instrument::Processor])?;
        self.heap(recorder, &chosen[&Instrument::Heap])?;
        resources::sample(self, recorder, &sampled)?;
        rounds.take(recorder)
    }

    /// What an instrument is to measure: chosen by name and metric, and not in the record that is resumed.
    ///
    /// # Errors
    /// The record that is resumed was measured in another way.
    fn chosen(&self, instrument: Instrument, recorder: &mut Recorder) -> Result<Vec<Chosen<'a>>> {
        let wanted: Vec<Metric> =
            instrument.metrics().iter().copied().filter(|metric| self.request.wants(*metric)).collect();
        if wanted.is_empty() {
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
    pub(super) fn command(target: &Target, work: Work, path: &Path) -> Result<Command> {
        Job::new(work).write(path)?;
        let mut command = Command::new(&target.executable);
        let (variable, value) = Job::variable(path);
        let absolute = std::path::absolute(value).unwrap_or_else(|_| value.to_path_buf());
        command.current_dir(&target.directory).env(variable, absolute);
        Ok(command)
    }

    /// A new path for the document of a job.
    pub(super) fn job_path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(format!("{}.json", name.replace(['/', ' '], "-")))
    }

    /// Has a process of `target` do a job, and gives its answer.
    pub(super) fn ask<T: DeserializeOwned>(&self, target: &Target, place: &str, work: Work) -> Result<T> {
        let path = self.job_path(place);
        let command = Self::command(target, work, &path)?;
        let Ended { status, errors } = measure::run_child(place, command, |_| ())?;
        match job::read_answer(&path) {
            Some(answer) if status.success() || answer.is_err() => answer,
            _ => Err(ended(place, &path, status, &errors)),
        }
    }

    /// A series of one of the chosen, before it has samples.
    pub(super) fn series(
        &self,
        (target, workload): Chosen<'_>,
        metric: Metric,
        environment: &BTreeMap<String, String>,
    ) -> Series {
        let mut protocol = workload.protocol.clone();
        protocol.insert("allocator".to_owned(), target.description.allocator.clone());
        protocol.extend(environment.clone());
        Series {
            workload: workload.name.clone(),
            axis: workload.axis.clone(),
            metric,
            unit: metric.unit().to_owned(),
            measured: Some(time::now()),
            protocol,
            conditions: BTreeMap::new(),
            looks: Vec::new(),
            samples: Vec::new(),
            unavailable: None,
        }
    }

    fn compute(&self, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
        for (target, workload) in chosen {
            let progress = Progress::new();
            progress.say(workload.name.clone());
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
            let mut series = self.series((target, workload), Metric::InstructionsHw, &BTreeMap::new());
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
                let mut series = self.series((target, workload), metric, &environment);
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

    pub(super) fn rounds(&self) -> u32 {
        self.request.rounds.unwrap_or(self.config.measure.rounds)
    }
}

/// What a target is called whose allocator is not known.
pub(crate) const UNKNOWN_ALLOCATOR: &str = "of the program";

/// The error of a process that ended without an answer.
pub(super) fn ended(place: &str, job: &Path, status: std::process::ExitStatus, errors: &str) -> Error {
    job::read_error(job).unwrap_or_else(|| {
        let cause = format!("the measured process ended with {status} and said:\n{}", errors.trim_end());
        Error::new(place, cause, "fix the cause and rerun; earlier records are as they were")
    })
}

/// The rounds of wall time: one after the other over all targets; until every gated quantity is decided, if that is asked for.
struct Rounds<'a> {
    session: &'a Session<'a>,
    chosen: Vec<Chosen<'a>>,
    /// The numbers of rounds after which the record is compared with its baseline.
    looks: Vec<u32>,
    /// Workloads whose series in the record belong to this session; that of an earlier run is taken anew.
    begun: BTreeSet<String>,
    /// Workloads of which every gated quantity is decided.
    decided: BTreeSet<String>,
}

impl<'a> Rounds<'a> {
    fn new(session: &'a Session<'a>, chosen: Vec<Chosen<'a>>) -> Self {
        let rounds = session.rounds();
        // One look at the end: a series that has fewer rounds was interrupted.
        let looks = if session.request.stops_early { gate::looks(rounds) } else { vec![rounds] };
        Self { session, chosen, looks, begun: BTreeSet::new(), decided: BTreeSet::new() }
    }

    /// Fails if the record that is resumed was measured in another way.
    fn check(&self, recorder: &Recorder) -> Result<()> {
        for chosen in &self.chosen {
            recorder.check_settings(&self.empty(*chosen), &chosen.1.sizes)?;
        }
        Ok(())
    }

    /// A series before its first round.
    fn empty(&self, chosen: Chosen<'_>) -> Series {
        let settings = &self.session.config.measure;
        let mut environment: BTreeMap<String, String> =
            Placement::here().map(|placement| ("cores".to_owned(), placement.to_string())).into_iter().collect();
        environment.extend([
            ("warm_up_ms".to_owned(), settings.warm_up_ms.to_string()),
            ("measurement_ms".to_owned(), settings.measurement_ms.to_string()),
            ("samples".to_owned(), settings.samples.to_string()),
        ]);
        Series { looks: self.looks.clone(), ..self.session.series(chosen, Metric::WallTime, &environment) }
    }

    /// Takes rounds until there is nothing to decide any more, or none are left.
    fn take(&mut self, recorder: &mut Recorder) -> Result<()> {
        if self.chosen.is_empty() {
            return Ok(());
        }
        self.resume(recorder)?;
        let rounds = self.session.rounds();
        let progress = Progress::new();
        let mut last: Option<Duration> = None;
        loop {
            let taken = self.rounds_taken(recorder)?;
            let open: Vec<(&str, u32)> =
                taken.into_iter().filter(|(name, n)| *n < rounds && !self.decided.contains(*name)).collect();
            let Some(round) = open.iter().map(|(_, n)| *n).min() else { break };
            // After an interruption, or after being decided for a time, a workload may be behind: it catches up first.
            let due: Vec<String> =
                open.iter().filter(|(_, n)| *n == round).map(|(name, _)| (*name).to_owned()).collect();
            let undecided: Vec<&str> = open.into_iter().map(|(name, _)| name).collect();
            progress.say(words(round, rounds, &undecided, last, self.session.request.stops_early));
            let start = Instant::now();
            self.take_round(recorder, round, &due)?;
            last = Some(start.elapsed());
            if self.session.request.stops_early {
                let run =
                    recorder.read()?.ok_or_else(|| Error::new(recorder.path().display(), "it is gone", "run again"))?;
                if due.iter().any(|name| is_at_look(run.series(name, Metric::WallTime))) {
                    self.look(&run)?;
                }
            }
        }
        drop(progress);
        if !self.session.request.stops_early {
            self.forget_looks(recorder)?;
        }
        self.say_rounds(recorder)
    }

    /// Resumes the series of the record. Whoever was interrupted may have checked it, so that this counts as a look.
    fn resume(&mut self, recorder: &mut Recorder) -> Result<()> {
        let is_earlier = |(_, it): &&Chosen<'_>| recorder.earlier(&it.name, Metric::WallTime).is_some();
        self.begun = self.chosen.iter().filter(is_earlier).map(|(_, it)| it.name.clone()).collect();
        if self.begun.is_empty() {
            return Ok(());
        }
        let begun = &self.begun;
        let run = recorder.change(|run| {
            let is_begun = |series: &&mut Series| series.metric == Metric::WallTime && begun.contains(&series.workload);
            for series in run.series.iter_mut().filter(is_begun) {
                let rounds = series.n_rounds();
                if let Err(place) = series.looks.binary_search(&rounds)
                    && place > 0
                {
                    series.looks.insert(place, rounds);
                }
            }
        })?;
        if self.session.request.stops_early { self.look(&run) } else { Ok(()) }
    }

    /// A record of all rounds was compared with nothing on the way.
    fn forget_looks(&self, recorder: &mut Recorder) -> Result<()> {
        let begun = &self.begun;
        recorder.change(|run| {
            for series in run.series.iter_mut().filter(|series| begun.contains(&series.workload)) {
                if series.looks.len() == 1 && series.looks[0] == series.n_rounds() {
                    series.looks.clear();
                }
            }
        })?;
        Ok(())
    }

    /// The rounds of every workload in this session; of one that a round spoilt no more are taken.
    fn rounds_taken(&self, recorder: &Recorder) -> Result<Vec<(&'a str, u32)>> {
        // Before its first round there is only that of an earlier run, damaged or not.
        let run = if self.begun.is_empty() { None } else { recorder.read()? };
        let of = |name: &str| -> u32 {
            let series = run.as_ref().and_then(|run| run.series(name, Metric::WallTime));
            let rounds = |series: &Series| if series.unavailable.is_some() { u32::MAX } else { series.n_rounds() };
            series.filter(|_| self.begun.contains(name)).map_or(0, rounds)
        };
        Ok(self.chosen.iter().map(|(_, it)| (it.name.as_str(), of(&it.name))).collect())
    }

    /// One round of what is due, in the record as soon as a target has taken it.
    fn take_round(&mut self, recorder: &mut Recorder, round: u32, due: &[String]) -> Result<()> {
        for target in self.session.targets {
            let own: Vec<Chosen<'a>> = self
                .chosen
                .iter()
                .filter(|(its, it)| std::ptr::eq(*its, target) && due.contains(&it.name))
                .copied()
                .collect();
            if own.is_empty() {
                continue;
            }
            let series = self.of_target(target, &own, round)?;
            if let Some((_, it)) = own.iter().find(|(_, it)| !series.iter().any(|series| series.workload == it.name)) {
                // Criterion's filter may leave out a size, but the driver chose the workload by the same filter.
                let cause = format!("round {} has no sample of it", round + 1);
                return Err(Error::new(&it.name, cause, "leave out the part of the filter that names a size"));
            }
            let (later, first) = series.into_iter().partition(|series| self.begun.contains(&series.workload));
            recorder.extend(later)?;
            recorder.keep(first)?;
            self.begun.extend(own.iter().map(|(_, it)| it.name.clone()));
        }
        Ok(())
    }

    fn of_target(&self, target: &Target, own: &[Chosen<'_>], round: u32) -> Result<Vec<Series>> {
        let place = format!("round {}", round + 1);
        let directory = self.session.job_path(&place).with_extension("criterion");
        let fail = |error: std::io::Error| Error::new(directory.display(), error, "make room for the files of a run");
        if directory.exists() {
            std::fs::remove_dir_all(&directory).map_err(fail)?;
        }
        std::fs::create_dir_all(&directory).map_err(fail)?;
        let work = Work::Round {
            workloads: own.iter().map(|(_, it)| it.name.clone()).collect(),
            seed: self.session.config.seed.wrapping_add(u64::from(round)),
            settings: self.session.config.measure.clone(),
            directory: std::path::absolute(&directory).map_err(fail)?,
        };
        let job = self.session.job_path(&place);
        let mut command = Session::command(target, work, &job)?;
        command.args(&target.arguments).args(["--bench", "--noplot", "--quiet"]);
        let sensors = Sensors::here();
        let (before, start) = (sensors.read(), Instant::now());
        let Ended { status, errors } = measure::run_child(&place, command, |_| ())?;
        if !status.success() {
            return Err(ended(&place, &job, status, &errors));
        }
        let duration_s = start.elapsed().as_secs_f64();
        // What others used can't be told from the rounds' own use; the rounds show it as their spread.
        let surroundings = Surroundings { before, after: sensors.read(), duration_s, own_cpu_s: 0.0 };
        let throttled = throttling(&surroundings).err();
        if let Some(cause) = &throttled {
            eprintln!("wall_time: nothing is kept: {cause}");
        }
        let samples = read_criterion(&directory)?;
        let series = own.iter().map(|chosen| {
            let mut series = self.empty(*chosen);
            let its = samples.iter().filter(|sample| sample.workload == series.workload);
            series.samples = its.map(|its| Sample { size: its.size, round, values: its.seconds.clone() }).collect();
            unless_throttled(series, throttled.as_deref())
        });
        Ok(series.filter(|series| !series.samples.is_empty() || series.unavailable.is_some()).collect())
    }

    /// Compares the record with the baselines as `scalegate check` does. What was decided may not be any more, since the
    /// number of quantities is known only now.
    fn look(&mut self, run: &Run) -> Result<()> {
        let store = Store::new(paths::baselines());
        let check = analysis::check(std::slice::from_ref(run), &store, &self.session.config.gate, &self.expected())?;
        let is_decided = |series: &&Series| {
            is_at_look(Some(*series)) && gate::is_decided(&check.findings, &series.workload, series.metric.name())
        };
        let series = run.series.iter().filter(|series| series.metric == Metric::WallTime);
        self.decided = series.filter(is_decided).map(|series| series.workload.clone()).collect();
        Ok(())
    }

    fn expected(&self) -> Expected {
        Expected::of(self.session.targets.iter().map(|target| &target.description))
    }

    fn say_rounds(&self, recorder: &Recorder) -> Result<()> {
        if !self.session.request.stops_early {
            return Ok(());
        }
        let Some(run) = recorder.read()? else { return Ok(()) };
        let mut by_rounds: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
        let own = run.series.iter().filter(|series| {
            series.metric == Metric::WallTime && series.unavailable.is_none() && self.begun.contains(&series.workload)
        });
        for series in own {
            by_rounds.entry((series.n_rounds(), series.max_rounds())).or_default().push(&series.workload);
        }
        for ((taken, most), workloads) in by_rounds {
            let stopped = if taken < most { ": every quantity is decided" } else { "" };
            eprintln!("{taken} of at most {most} rounds of {}{stopped}", workloads.join(", "));
        }
        Ok(())
    }
}

/// A host that was throttled has times, and none that mean anything.
fn unless_throttled(series: Series, throttled: Option<&str>) -> Series {
    match throttled {
        None => series,
        Some(cause) => {
            Series { samples: Vec::new(), unavailable: Some(format!("while it was measured, {cause}")), ..series }
        }
    }
}

fn is_at_look(series: Option<&Series>) -> bool {
    series.is_some_and(|series| series.looks.contains(&series.n_rounds()))
}

fn words(round: u32, rounds: u32, undecided: &[&str], last_round: Option<Duration>, stops_early: bool) -> String {
    let left = last_round.map_or_else(String::new, |last| {
        let seconds = (last * rounds.saturating_sub(round)).as_secs_f64().ceil();
        let most = if stops_early { " at most" } else { "" };
        if seconds < 90.0 {
            format!(", {seconds} s left{most}")
        } else {
            format!(", {} min left{most}", (seconds / 60.0).ceil())
        }
    });
    let list = undecided.join(" ");
    match stops_early {
        true => format!("round {} of at most {rounds}{left}, undecided: {list}", round + 1),
        false => format!("round {} of {rounds}{left}: {list}", round + 1),
    }
}

/// The error of a case, for those who run cases in threads.
pub(super) fn case_error(error: Error, workload: &Described, size: u64) -> Error {
    if error.place().starts_with(&workload.name) { error } else { at(error, &workload.name, size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_round_what_is_undecided_and_the_time_left() {
        let undecided = ["llm/decode", "vlm/encode"];
        let seven = Some(Duration::from_secs(7));
        insta::assert_snapshot!(
            [
                words(0, 10, &undecided, None, true),
                words(5, 10, &undecided[..1], seven, true),
                words(1, 20, &undecided[..1], seven, true),
                words(1, 20, &undecided[..1], seven, false),
            ]
            .join("\n"),
            @"
        round 1 of at most 10, undecided: llm/decode vlm/encode
        round 6 of at most 10, 35 s left at most, undecided: llm/decode
        round 2 of at most 20, 3 min left at most, undecided: llm/decode
        round 2 of 20, 3 min left: llm/decode
        "
        );
    }
}
