//! Resource use: every case in a process of its own, sampled from outside.

use std::collections::BTreeSet;
use std::time::Duration;

use super::driver::{Chosen, Session};
use super::job::{TargetKind, Work};
use super::record::Recorder;
use super::sampled_series::{METRICS, Measurement, Meter, OF_ENERGY, rate_of, series};
use crate::config::ResourceSettings;
use crate::gate::{self, Outcome};
use crate::measure::disturbance::{Conditions, Limits, Sensors, Surroundings, judge};
use crate::measure::energy::{self, EnergySource, Load, Metered};
use crate::measure::resources::{Observer, Watched, idle_cores, take_windows};
use crate::measure::shuffle;
use crate::metric::Metric;
use crate::progress::Progress;
use crate::workload::WorkloadName;
use crate::{Result, paths};

/// Samples all cases of all rounds, in an order of its own for each; where rounds are compared while they are taken, those of a
/// workload end when nothing that is required of it is undecided. Every round is in the record as soon as it is there, but for
/// energy, which a meter tells when all is over.
///
/// # Errors
/// A case that failed, or Ctrl-C; the rounds before are in the record.
pub(super) fn sample(session: &Session<'_>, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
    let Some(settings) = &session.config.resources else { return Ok(()) };
    if chosen.is_empty() {
        return Ok(());
    }
    let settings = settings_of(settings.clone(), session);
    let plan = Plan { session, settings: &settings, cases: cases(chosen, session.request.filter.as_deref()) };
    if let Some(left) = session.time_left()
        && plan.at_least() > left
    {
        let minutes = (plan.at_least().as_secs_f64() / 60.0).ceil();
        eprintln!(
            "note: CPU time, memory and energy are not sampled: that takes {minutes} min, and the budget has less left"
        );
        return Ok(());
    }
    let mut meter = energy::choose(settings.energy_log.as_ref());
    if let Err(reason) = &meter
        && session.request.wants(Metric::Energy)
        && session.request.verbose
    {
        eprintln!("note: no energy is measured: {reason}");
    }
    // What a meter read is known when all rounds are over, so that nothing is decided before.
    let looks = if session.request.has_looks() && meter.is_err() { gate::looks(settings.rounds) } else { Vec::new() };
    let mut taken: Vec<Measurement> = Vec::new();
    let mut decided = if session.request.resume { plan.decided(recorder, chosen)? } else { BTreeSet::new() };
    for workload in &decided {
        recorder.list(workload, &METRICS);
    }
    let progress = Progress::new();
    for round in 0..settings.rounds {
        let cases = plan.of_all_but(&decided);
        if cases.is_empty() {
            break;
        }
        taken.extend(plan.round(round, &cases, meter.as_deref_mut().ok(), &progress)?);
        if round + 1 < settings.rounds {
            // A series without looks has all rounds at its end, and one that has fewer was interrupted.
            let unfinished = if looks.is_empty() { vec![settings.rounds] } else { looks.clone() };
            plan.keep(recorder, chosen, &taken, None, &unfinished)?;
        }
        if looks.contains(&(round + 1)) {
            decided = plan.decided(recorder, chosen)?;
        }
    }
    drop(progress);
    let readings = meter.and_then(|meter| {
        let end_s = taken.iter().filter_map(Measurement::window).map(|window| window.after.to_s).fold(0.0, f64::max);
        meter.settle(end_s);
        let (description, readings) = (meter.describe(), meter.readings()?);
        if settings.energy_log.as_ref().is_some_and(|log| log.align) {
            let loads: Vec<Load> = taken.iter().filter_map(Measurement::load).collect();
            return Metered::aligned(description, &readings, &loads);
        }
        Ok(Metered::new(description, readings))
    });
    plan.keep(recorder, chosen, &taken, Some(&readings), &looks)
}

fn settings_of(settings: ResourceSettings, session: &Session<'_>) -> ResourceSettings {
    let settings = if session.request.paper { settings.paper() } else { settings };
    ResourceSettings { rounds: session.request.rounds.unwrap_or(settings.rounds), ..settings }
}

/// A workload and a size.
type Case<'a> = (Chosen<'a>, u64);

/// All cases whose name, as `llm/decode/16`, contains the filter.
fn cases<'a>(chosen: &[Chosen<'a>], filter: Option<&str>) -> Vec<Case<'a>> {
    let all = chosen.iter().flat_map(|chosen| chosen.1.sizes.iter().map(|size| (*chosen, *size)));
    all.filter(|((_, it), size)| filter.is_none_or(|filter| format!("{}/{size}", it.name).contains(filter))).collect()
}

struct Plan<'a> {
    session: &'a Session<'a>,
    settings: &'a ResourceSettings,
    cases: Vec<Case<'a>>,
}

impl Plan<'_> {
    /// How long the windows of all cases take, if none is disturbed.
    fn at_least(&self) -> Duration {
        let ResourceSettings { idle_ms, window_ms, rounds, .. } = *self.settings;
        Duration::from_millis(2 * idle_ms + window_ms) * rounds * self.cases.len() as u32
    }

    /// The cases of the workloads that are not `decided`.
    fn of_all_but(&self, decided: &BTreeSet<WorkloadName>) -> Vec<Case<'_>> {
        self.cases.iter().filter(|((_, it), _)| !decided.contains(&it.name)).copied().collect()
    }

    /// The workloads that have been compared and of which nothing that is required is undecided. What is not required is a note in the
    /// end, and what cannot be compared at all has all rounds, for a baseline.
    fn decided(&self, recorder: &Recorder, chosen: &[Chosen<'_>]) -> Result<BTreeSet<WorkloadName>> {
        let run = if paths::baselines().is_dir() { recorder.read()? } else { None };
        let Some(run) = run else { return Ok(BTreeSet::new()) };
        let findings = self.session.check(&run)?.findings;
        let required = self.session.config.gate.required(&run.provenance.host.class);
        let is_at_look = |name: &WorkloadName| {
            let own = METRICS.iter().filter_map(|metric| run.series(name, *metric));
            own.filter(|it| it.unavailable.is_none()).all(|it| it.looks.contains(&it.n_rounds()))
        };
        let is_decided = |name: &WorkloadName| {
            let is_own = |it: &&gate::Finding| it.workload == *name && METRICS.contains(&it.metric);
            let mut own = findings.iter().filter(is_own).filter(|it| !it.quantity.is_limit()).peekable();
            own.peek().is_some() && own.all(|it| it.outcome != Outcome::Inconclusive || !required.contains(&it.metric))
        };
        let names = chosen.iter().map(|(_, it)| it.name.clone());
        Ok(names.filter(|name| is_at_look(name) && is_decided(name)).collect())
    }

    fn round(
        &self,
        round: u32,
        cases: &[Case<'_>],
        meter: Option<&mut (dyn EnergySource + 'static)>,
        progress: &Progress,
    ) -> Result<Vec<Measurement>> {
        let mut observer = Surrounding { sensors: Sensors::here(), meter, before: None, after: None };
        let mut order: Vec<u64> = (0..cases.len() as u64).collect();
        shuffle(&mut order, self.session.config.seed.wrapping_add(u64::from(round)));
        let mut taken = Vec::with_capacity(order.len());
        for (number, index) in order.into_iter().enumerate() {
            let (chosen, size) = cases[index as usize];
            let done = round as usize * cases.len() + number;
            let all = self.settings.rounds as usize * cases.len();
            progress.show(done, all, &format!("{}/{size}", chosen.1.name));
            taken.push(self.case(chosen, size, round, &mut observer)?);
        }
        Ok(taken)
    }

    /// One case in one round. It is measured again while it is disturbed, and what disturbed it the last time is kept.
    fn case(
        &self,
        (target, workload): Chosen<'_>,
        size: u64,
        round: u32,
        observer: &mut Surrounding<'_>,
    ) -> Result<Measurement> {
        let ResourceSettings { idle_ms, window_ms, inferences, others_cores, attempts, .. } = *self.settings;
        let place = format!("{} at size {size}", workload.name);
        let rest = Duration::from_millis(idle_ms);
        let mut disturbances = Vec::new();
        loop {
            let work = Work::Sample { workload: workload.name.clone(), size, window_ms, inferences };
            let command = self.session.command(target, work, &self.session.job_path(&place))?;
            let watched = match target.description.kind {
                TargetKind::Functions => Watched::Process,
                TargetKind::Programs | TargetKind::Server => Watched::Below,
            };
            let windows = take_windows(&place, command, watched, rate_of(self.settings), rest, observer)?;
            let surroundings = observer.take(windows.busy.duration_s(), windows.busy.cpu_s());
            let limits = Limits { others_cores };
            let idle_cores =
                judge(&surroundings, limits).and_then(|()| idle_cores(&windows.before, &windows.busy, &windows.after));
            if let Err(reason) = &idle_cores {
                disturbances.push(reason.clone());
            }
            if idle_cores.is_ok() || disturbances.len() >= attempts as usize {
                let workload = workload.name.clone();
                return Ok(Measurement { workload, size, round, windows, surroundings, idle_cores, disturbances });
            }
        }
    }

    /// Puts what was taken so far into the record; energy is part of it once the meter has been read.
    fn keep(
        &self,
        recorder: &mut Recorder,
        chosen: &[Chosen<'_>],
        taken: &[Measurement],
        meter: Option<&Meter>,
        looks: &[u32],
    ) -> Result<()> {
        let later = Err("the meter is read when all rounds are over".to_owned());
        let of_one = |(target, workload): &Chosen<'_>| {
            let allocator = &target.description.allocator;
            series(workload, self.settings, allocator, taken, meter.unwrap_or(&later))
        };
        let mut all: Vec<_> = chosen.iter().flat_map(of_one).collect();
        all.retain(|it| self.session.request.wants(it.metric) && (meter.is_some() || !OF_ENERGY.contains(&it.metric)));
        for series in &mut all {
            series.looks = looks.to_vec();
        }
        recorder.keep(all)
    }
}

/// What is read of the machine while a process is sampled.
struct Surrounding<'a> {
    sensors: Sensors,
    meter: Option<&'a mut (dyn EnergySource + 'static)>,
    before: Option<Conditions>,
    after: Option<Conditions>,
}

impl Surrounding<'_> {
    /// The conditions around the window that has just ended.
    fn take(&mut self, duration_s: f64, own_cpu_s: f64) -> Surroundings {
        let (before, after) = (self.before.take().unwrap_or_default(), self.after.take().unwrap_or_default());
        Surroundings { before, after, duration_s, own_cpu_s }
    }
}

impl Observer for Surrounding<'_> {
    fn sample(&mut self, pid: u32, unix_s: f64) {
        if let Some(meter) = &mut self.meter {
            meter.sample(pid, unix_s);
        }
    }

    fn begin(&mut self) {
        self.before = Some(self.sensors.read());
    }

    fn finish(&mut self) {
        self.after = Some(self.sensors.read());
    }
}
