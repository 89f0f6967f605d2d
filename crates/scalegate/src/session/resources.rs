//! Resource use: every case in a process of its own, sampled from outside.

use std::time::Duration;

use super::driver::{Chosen, Session};
use super::job::{TargetKind, Work};
use super::record::Recorder;
use super::sampled_series::{Measurement, Meter, rate_of, series};
use crate::Result;
use crate::config::ResourceSettings;
use crate::measure::disturbance::{Conditions, Limits, Sensors, Surroundings, judge};
use crate::measure::energy::{self, EnergySource, Load, Metered};
use crate::measure::resources::{Observer, Watched, idle_cores, take_windows};
use crate::measure::shuffle;
use crate::metric::Metric;
use crate::progress::Progress;

/// Samples all cases of all rounds, in an order of its own for each. Every round is in the record as soon as it is there, but for
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
    let mut taken: Vec<Measurement> = Vec::new();
    let progress = Progress::new();
    for round in 0..settings.rounds {
        taken.extend(plan.round(round, meter.as_deref_mut().ok(), &progress)?);
        if round + 1 < settings.rounds {
            let later = Err("the meter is read when all rounds are over".to_owned());
            plan.keep(recorder, chosen, &taken, &later, &[settings.rounds])?;
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
    plan.keep(recorder, chosen, &taken, &readings, &[])
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

    fn round(
        &self,
        round: u32,
        meter: Option<&mut (dyn EnergySource + 'static)>,
        progress: &Progress,
    ) -> Result<Vec<Measurement>> {
        let mut observer = Surrounding { sensors: Sensors::here(), meter, before: None, after: None };
        let mut order: Vec<u64> = (0..self.cases.len() as u64).collect();
        shuffle(&mut order, self.session.config.seed.wrapping_add(u64::from(round)));
        let mut taken = Vec::with_capacity(order.len());
        for (number, index) in order.into_iter().enumerate() {
            let (chosen, size) = self.cases[index as usize];
            let done = round as usize * self.cases.len() + number;
            let all = self.settings.rounds as usize * self.cases.len();
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

    fn keep(
        &self,
        recorder: &mut Recorder,
        chosen: &[Chosen<'_>],
        taken: &[Measurement],
        meter: &Meter,
        looks: &[u32],
    ) -> Result<()> {
        let is_whole = looks.is_empty();
        let of_one = |(target, workload): &Chosen<'_>| {
            series(workload, self.settings, &target.description.allocator, taken, meter)
        };
        let mut all: Vec<_> = chosen.iter().flat_map(of_one).collect();
        let is_energy = |metric| matches!(metric, Metric::Energy | Metric::MeanPower | Metric::TokensPerJoule);
        all.retain(|series| self.session.request.wants(series.metric) && (is_whole || !is_energy(series.metric)));
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
