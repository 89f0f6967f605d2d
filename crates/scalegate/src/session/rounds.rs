//! The rounds of wall time, in turns over all targets, and the looks at them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::driver::{Chosen, Session, ended};
use super::job::{self, RoundAnswer, TargetKind, Work};
use super::record::{Recorder, Target};
use super::time_budget::{self, Open};
use crate::gate::Finding;
use crate::measure::disturbance::{Sensors, Surroundings, throttling};
use crate::measure::placement::Placement;
use crate::measure::{self, Ended};
use crate::metric::Metric;
use crate::progress::Progress;
use crate::record::{Run, Sample, Series};
use crate::workload::WorkloadName;
use crate::{Error, Result, gate, paths};

/// The rounds of wall time: one after the other over all targets; until every gated quantity is decided, if that is asked for.
pub(super) struct Rounds<'a> {
    session: &'a Session<'a>,
    chosen: Vec<Chosen<'a>>,
    /// The most rounds that a workload takes.
    most: u32,
    /// The numbers of rounds after which the record is compared with its baseline.
    looks: Vec<u32>,
    /// How long the samples of a size may take in a round.
    size_limit: Duration,
    /// Workloads whose series in the record belong to this session; that of an earlier run is taken anew.
    begun: BTreeSet<WorkloadName>,
    /// Workloads of which every gated quantity is decided.
    decided: BTreeSet<WorkloadName>,
    /// What the last look left undecided.
    open: Vec<Finding>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(session: &'a Session<'a>, chosen: Vec<Chosen<'a>>) -> Self {
        let most = session.rounds();
        // One look at the end: a series that has fewer rounds was interrupted.
        let looks = if session.request.has_looks() { gate::looks(most) } else { vec![most] };
        let (begun, decided, open) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let size_limit = session.request.size_limit(&session.config.measure);
        Self { session, chosen, most, looks, size_limit, begun, decided, open }
    }

    /// Fails if the record that is resumed was measured in another way.
    pub(super) fn check(&self, recorder: &Recorder) -> Result<()> {
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
        environment.insert("measurement_ms".to_owned(), settings.measurement_ms.to_string());
        if chosen.0.description.kind == TargetKind::Functions {
            environment.insert("warm_up_ms".to_owned(), settings.warm_up_ms.to_string());
            environment.insert("samples".to_owned(), settings.samples.to_string());
        }
        Series { looks: self.looks.clone(), ..Session::series(chosen, Metric::WallTime, &environment) }
    }

    /// Takes rounds until there is nothing to decide any more, or none are left.
    pub(super) fn take(&mut self, recorder: &mut Recorder) -> Result<()> {
        if self.chosen.is_empty() {
            return Ok(());
        }
        self.resume(recorder)?;
        let progress = Progress::new();
        let pilot = self.session.time_left().map(|left| self.plan(left, &progress)).transpose()?;
        let rounds = self.most;
        let has_looks = self.session.request.has_looks();
        // Without baselines nothing is undecided, and all rounds are taken.
        let compares = has_looks && paths::baselines().is_dir();
        // What a round of one workload took the last time.
        let mut each = pilot.map(|pilot| pilot / self.chosen.len() as u32);
        loop {
            let taken = self.rounds_taken(recorder)?;
            let open: BTreeMap<&WorkloadName, u32> =
                taken.into_iter().filter(|(name, n)| *n < rounds && !self.decided.contains(*name)).collect();
            let Some(&round) = open.values().min() else { break };
            // After an interruption, or after being decided for a time, a workload may be behind: it catches up first.
            let due: Vec<WorkloadName> =
                open.iter().filter(|(_, n)| **n == round).map(|(name, _)| (*name).clone()).collect();
            let expected = each.map(|each| each * due.len() as u32);
            if let (Some(left), Some(expected)) = (self.session.time_left(), expected)
                && self.looks.contains(&round)
                && !time_budget::has_time(left, expected, round, &self.looks)
            {
                break;
            }
            let undecided: Vec<&str> = open.into_keys().map(|name| &**name).collect();
            progress.say(words(round, rounds, &undecided, expected, compares));
            let start = Instant::now();
            self.take_round(recorder, round, &due, &progress)?;
            each = Some(start.elapsed() / due.len() as u32);
            if has_looks {
                let run =
                    recorder.read()?.ok_or_else(|| Error::new(recorder.path().display(), "it is gone", "run again"))?;
                if due.iter().any(|name| is_at_look(run.series(name, Metric::WallTime))) {
                    self.look(&run)?;
                }
            }
        }
        drop(progress);
        if !has_looks {
            return self.forget_looks(recorder);
        }
        let run = recorder.read()?;
        if let Some(run) = &run {
            self.say_rounds(run);
        }
        if let (Some(run), Some(pilot)) = (&run, pilot) {
            self.say_open(run, pilot / self.chosen.len() as u32);
        }
        Ok(())
    }

    /// Fits the rounds into what is left of the budget, by a pilot round that no record has; gives its duration.
    fn plan(&mut self, left: Duration, progress: &Progress) -> Result<Duration> {
        let sizes = self.chosen.iter().map(|(_, it)| it.sizes.len()).sum();
        self.size_limit = time_budget::size_limit(left, sizes, &self.session.config.measure);
        let all: Vec<WorkloadName> = self.chosen.iter().map(|(_, it)| it.name.clone()).collect();
        progress.say(format!("a pilot round of {sizes} sizes"));
        let start = Instant::now();
        for target in self.session.targets {
            let own = self.own(target, &all);
            if !own.is_empty() {
                self.of_target(target, &own, None, progress)?;
            }
        }
        let pilot = start.elapsed();
        let left = left.saturating_sub(pilot);
        let share = time_budget::share_after_first_look(all.len(), paths::baselines().is_dir());
        self.most = time_budget::rounds_within(left, pilot, share, self.session.rounds());
        self.looks = gate::looks(self.most);
        if pilot * self.looks[0] > left {
            eprintln!("note: {} rounds take longer than the budget, and fewer decide nothing", self.looks[0]);
        }
        Ok(pilot)
    }

    /// Resumes the series of the record. Whoever was interrupted may have checked it, so that this counts as a look.
    fn resume(&mut self, recorder: &mut Recorder) -> Result<()> {
        let is_earlier = |(_, it): &&Chosen<'_>| recorder.earlier(&it.name, Metric::WallTime).is_some();
        self.begun = self.chosen.iter().filter(is_earlier).map(|(_, it)| it.name.clone()).collect();
        if self.begun.is_empty() {
            return Ok(());
        }
        let begun = &self.begun;
        for workload in begun {
            recorder.list(workload, &[Metric::WallTime]);
        }
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
        if self.session.request.has_looks() { self.look(&run) } else { Ok(()) }
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
    fn rounds_taken(&self, recorder: &Recorder) -> Result<BTreeMap<&'a WorkloadName, u32>> {
        // Before its first round there is only that of an earlier run, damaged or not.
        let run = if self.begun.is_empty() { None } else { recorder.read()? };
        let of = |name: &str| -> u32 {
            let series = run.as_ref().and_then(|run| run.series(name, Metric::WallTime));
            let rounds = |series: &Series| if series.unavailable.is_some() { u32::MAX } else { series.n_rounds() };
            series.filter(|_| self.begun.contains(name)).map_or(0, rounds)
        };
        Ok(self.chosen.iter().map(|(_, it)| (&it.name, of(&it.name))).collect())
    }

    /// One round of what is due, in the record as soon as a target has taken it.
    fn take_round(
        &mut self,
        recorder: &mut Recorder,
        round: u32,
        due: &[WorkloadName],
        progress: &Progress,
    ) -> Result<()> {
        for target in self.session.targets {
            let own = self.own(target, due);
            if own.is_empty() {
                continue;
            }
            let series = self.of_target(target, &own, Some(round), progress)?;
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

    /// What is due of a target.
    fn own(&self, target: &Target, due: &[WorkloadName]) -> Vec<Chosen<'a>> {
        let is_own = |(its, it): &&Chosen<'a>| std::ptr::eq(*its, target) && due.contains(&it.name);
        self.chosen.iter().filter(is_own).copied().collect()
    }

    /// A round of a target, or without a number the pilot.
    fn of_target(
        &self,
        target: &Target,
        own: &[Chosen<'_>],
        round: Option<u32>,
        progress: &Progress,
    ) -> Result<Vec<Series>> {
        let place = round.map_or_else(|| "pilot round".to_owned(), |round| format!("round {}", round + 1));
        let round = round.unwrap_or_default();
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
            size_limit_ms: self.size_limit.as_millis() as u64,
            directory: std::path::absolute(&directory).map_err(fail)?,
        };
        let job = self.session.job_path(&place);
        let mut command = self.session.command(target, work, &job)?;
        command.args(&target.arguments).args(["--bench", "--noplot", "--quiet"]);
        if target.description.kind == TargetKind::Functions {
            let (files, sizes) = (directory.clone(), own.iter().map(|(_, it)| it.sizes.len()).sum::<usize>());
            progress.detail(move || format!("{} of {sizes} sizes", measure::count_criterion(&files)));
        }
        let sensors = Sensors::here();
        let (before, start) = (sensors.read(), Instant::now());
        let Ended { status, errors } = measure::run_child(&place, command, |_| ())?;
        if !status.success() {
            return Err(ended(&place, &job, status, &errors));
        }
        let duration_s = start.elapsed().as_secs_f64();
        // What others used can't be separated from the rounds' own use; the rounds show it as their spread.
        let surroundings = Surroundings { before, after: sensors.read(), duration_s, own_cpu_s: 0.0 };
        let throttled = throttling(&surroundings).err();
        if let Some(cause) = &throttled {
            eprintln!("wall_time: nothing is kept: {cause}");
        }
        let answer = job::read_answer(&job).unwrap_or_else(|| Err(ended(&place, &job, status, &errors)));
        let RoundAnswer { samples } = answer?;
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
        let check = self.session.check(run)?;
        let is_decided =
            |series: &&Series| is_at_look(Some(*series)) && gate::is_decided(&check.findings, &series.key());
        let series = run.series.iter().filter(|series| series.metric == Metric::WallTime);
        self.decided = series.filter(is_decided).map(|series| series.workload.clone()).collect();
        let is_open = |finding: &Finding| {
            let is_own = |(_, it): &Chosen<'_>| it.name == finding.workload && finding.metric == Metric::WallTime;
            self.chosen.iter().any(is_own) && time_budget::is_open(finding)
        };
        self.open = check.findings.into_iter().filter(is_open).collect();
        Ok(())
    }

    fn say_rounds(&self, run: &Run) {
        let mut by_rounds: BTreeMap<(u32, u32, bool), Vec<&str>> = BTreeMap::new();
        let own = run.series.iter().filter(|series| {
            series.metric == Metric::WallTime && series.unavailable.is_none() && self.begun.contains(&series.workload)
        });
        for series in own {
            let is_decided = self.decided.contains(&series.workload);
            by_rounds.entry((series.n_rounds(), series.max_rounds(), is_decided)).or_default().push(&series.workload);
        }
        for ((taken, most, is_decided), workloads) in by_rounds {
            let stopped = match is_decided {
                _ if taken == most => String::new(),
                true => ": every quantity is decided".to_owned(),
                false => format!(
                    ": the budget has no time for the next look; `scalegate run --resume --rounds {most}` goes on"
                ),
            };
            eprintln!("{taken} of at most {most} rounds of {}{stopped}", workloads.join(", "));
        }
    }

    /// Says what the budget left undecided, and what that would take, if a round of a workload takes that long.
    fn say_open(&self, run: &Run, each: Duration) {
        let mut by_workload: BTreeMap<&WorkloadName, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.open {
            by_workload.entry(&finding.workload).or_default().push(finding);
        }
        let open = by_workload.into_iter().map(|(workload, findings)| {
            let taken = run.series(workload, Metric::WallTime).map_or(0, Series::n_rounds);
            Open { workload, taken, findings }
        });
        let open: Vec<Open<'_>> = open.collect();
        let budget = self.session.request.budget.unwrap_or_default();
        for line in time_budget::words(&open, budget, each) {
            eprintln!("{line}");
        }
    }
}

/// A host that was throttled has times, and none that mean anything.
fn unless_throttled(series: Series, throttled: Option<&str>) -> Series {
    match throttled {
        None => series,
        Some(cause) => Series { samples: Vec::new(), unavailable: Some(cause.to_owned()), ..series },
    }
}

fn is_at_look(series: Option<&Series>) -> bool {
    series.is_some_and(|series| series.looks.contains(&series.n_rounds()))
}

fn words(round: u32, rounds: u32, undecided: &[&str], last_round: Option<Duration>, compares: bool) -> String {
    let left = last_round.map_or_else(String::new, |last| {
        let seconds = (last * rounds.saturating_sub(round)).as_secs_f64().ceil();
        let most = if compares { " at most" } else { "" };
        if seconds < 90.0 {
            format!(", {seconds} s left{most}")
        } else {
            format!(", {} min left{most}", (seconds / 60.0).ceil())
        }
    });
    let list = undecided.join(" ");
    match compares {
        true => format!("round {} of at most {rounds}{left}, undecided: {list}", round + 1),
        false => format!("round {} of {rounds}{left}: {list}", round + 1),
    }
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
