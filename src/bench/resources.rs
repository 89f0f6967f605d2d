//! The bench target of resource use: every case in a process of its own, sampled from outside.

use std::process::{Command, ExitCode};
use std::time::Duration;

use super::part::progress_bar;
use super::record::{Destination, exit_code};
use super::request::{Request, Step};
use super::sampled::{Task, VARIABLE};
use super::sampled_series::{Taken, rate_of, series};
use super::wall_time::{is_for_criterion, place_this_process};
use crate::measure::disturbance::{Conditions, Limits, Sensors, Surroundings, judge};
use crate::measure::energy::{self, EnergySource};
use crate::measure::resources::{Beside, Idle, take_windows};
use crate::measure::{shuffle, watch_for_ctrl_c};
use crate::metric::Metric;
use crate::suite::{ResourceSettings, Suite};
use crate::workload::Workload;
use crate::{Error, Result};

/// Asks for the sampling rate of the reference method.
const PAPER: &str = "--paper";

/// What this target measures.
pub(super) const METRICS: [Metric; 8] = [
    Metric::CpuAuc,
    Metric::CpuTime,
    Metric::RssAuc,
    Metric::PeakRss,
    Metric::Utilisation,
    Metric::Energy,
    Metric::MeanPower,
    Metric::TokensPerJoule,
];

/// How a bench target's program handles memory.
#[derive(Debug, Clone, Copy)]
pub struct Allocator {
    /// The name of the global allocator.
    pub name: &'static str,
    /// Gives memory that is not in use back to the system.
    pub release: fn(),
}

/// The body of a bench target's `main`.
///
/// With `--bench`, as `cargo bench` gives it, the cases of `[resources]` are measured, at 5 Hz after `--paper`; a word
/// that is no option chooses among them, as Criterion's filter does. There is nothing to do without that section, and
/// for options that ask Criterion for something.
pub fn main(allocator: Allocator, workloads: impl FnOnce(&Suite) -> Result<Vec<Box<dyn Workload>>>) -> ExitCode {
    exit_code(run(allocator, workloads))
}

fn run(allocator: Allocator, workloads: impl FnOnce(&Suite) -> Result<Vec<Box<dyn Workload>>>) -> Result<()> {
    let suite = Suite::load_here()?;
    let (Some(sampled), Some(settings)) = (suite.sampled(), suite.resources.clone()) else { return Ok(()) };
    let mut workloads = workloads(&sampled)?;
    if let Some(task) = Task::of_this_process() {
        place_this_process()?;
        return task?.run(&sampled, &workloads, allocator.release);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let request = Request::of_this_process()?;
    let matcher = request.matcher()?;
    workloads.retain(|workload| matcher.is_match(workload.name()));
    let wanted: Vec<Metric> = METRICS.into_iter().filter(|metric| request.wants(*metric)).collect();
    let mut plan = Plan {
        cases: cases(&workloads, &arguments),
        settings: settings_of(settings, &request, &arguments),
        seed: suite.seed,
    };
    let is_round = matches!(request.step, Some(Step::Round(_)));
    if is_round || is_for_criterion(&arguments) || wanted.is_empty() || plan.cases.is_empty() {
        return Ok(());
    }
    let destination = Destination::open(&suite, &request)?;
    plan.cases.retain(|(workload, _)| !destination.holds(workload, &wanted));
    if plan.cases.is_empty() {
        return Ok(());
    }
    let mut meter = energy::choose(plan.settings.energy_log.as_ref());
    if let Err(reason) = &meter {
        eprintln!("note: no energy is measured: {reason}");
    }
    let taken = plan.measure(meter.as_deref_mut().ok())?;
    let readings = meter.and_then(|meter| Ok((meter.describe(), meter.readings()?)));
    let series = workloads
        .iter()
        .flat_map(|workload| series(workload.as_ref(), &plan.settings, allocator.name, &taken, &readings));
    destination.keep(series.filter(|series| request.wants(series.metric)).collect())
}

fn settings_of(settings: ResourceSettings, request: &Request, arguments: &[String]) -> ResourceSettings {
    let settings = if arguments.iter().any(|argument| argument == PAPER) { settings.paper() } else { settings };
    ResourceSettings { rounds: request.rounds.unwrap_or(settings.rounds), ..settings }
}

/// A workload and a size.
type Case = (String, u64);

/// All cases whose name, as `llm/decode/16`, contains the first word among the arguments.
fn cases(workloads: &[Box<dyn Workload>], arguments: &[String]) -> Vec<Case> {
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let sizes_of = |workload: &dyn Workload| -> Vec<Case> {
        workload.sizes().into_iter().map(|size| (workload.name().to_owned(), size)).collect()
    };
    let is_wanted =
        |(name, size): &Case| filter.is_none_or(|filter| format!("{name}/{size}").contains(filter.as_str()));
    workloads.iter().flat_map(|workload| sizes_of(workload.as_ref())).filter(is_wanted).collect()
}

struct Plan {
    cases: Vec<Case>,
    settings: ResourceSettings,
    seed: u64,
}

impl Plan {
    /// All cases of all rounds, in an order of its own for each.
    fn measure(&self, meter: Option<&mut (dyn EnergySource + 'static)>) -> Result<Vec<Taken>> {
        watch_for_ctrl_c();
        let mut surroundings = Around { sensors: Sensors::here(), meter, before: None, after: None };
        let bar = progress_bar(self.settings.rounds);
        let mut taken = Vec::new();
        for round in 0..self.settings.rounds {
            bar.set_position(u64::from(round));
            let mut order: Vec<u64> = (0..self.cases.len() as u64).collect();
            shuffle(&mut order, self.seed.wrapping_add(u64::from(round)));
            for (workload, size) in order.into_iter().map(|index| &self.cases[index as usize]) {
                bar.set_message(format!("{workload}/{size}"));
                taken.push(self.case(workload, *size, round, &mut surroundings)?);
            }
        }
        bar.finish_and_clear();
        Ok(taken)
    }

    /// One case in one round. It is measured again while it is disturbed, and what disturbed it the last time is kept.
    fn case(&self, workload: &str, size: u64, round: u32, around: &mut Around<'_>) -> Result<Taken> {
        let place = format!("{workload} at size {size}");
        let rest = Duration::from_millis(self.settings.idle_ms);
        let mut disturbances = Vec::new();
        loop {
            let command = self.command(workload, size)?;
            let windows = take_windows(&place, command, rate_of(&self.settings), rest, around)?;
            let surroundings = around.take(windows.busy.duration_s(), windows.busy.cpu_s());
            let limits = Limits { others_cores: self.settings.others_cores };
            let level = judge(&surroundings, limits).and_then(|()| Idle::between(&windows.before, &windows.after));
            let is_steady = level.as_ref().map_or_else(Err, |idle| idle.memory.as_ref().map(|_| ()));
            if let Err(reason) = is_steady {
                disturbances.push(reason.clone());
            }
            if is_steady.is_ok() || disturbances.len() >= self.settings.attempts as usize {
                let workload = workload.to_owned();
                return Ok(Taken { workload, size, round, windows, surroundings, level, disturbances });
            }
        }
    }

    fn command(&self, workload: &str, size: u64) -> Result<Command> {
        let fail = |error: std::io::Error| Error::new("this program", error, "start it by its path");
        let ResourceSettings { window_ms, inferences, .. } = self.settings;
        let task = Task { workload: workload.to_owned(), size, window_ms, inferences };
        let task = serde_json::to_string(&task).map_err(std::io::Error::from).map_err(fail)?;
        let mut command = Command::new(std::env::current_exe().map_err(fail)?);
        command.env(VARIABLE, task);
        Ok(command)
    }
}

/// What is read beside the samples of a process.
struct Around<'a> {
    sensors: Sensors,
    meter: Option<&'a mut (dyn EnergySource + 'static)>,
    before: Option<Conditions>,
    after: Option<Conditions>,
}

impl Around<'_> {
    /// The conditions around the window that has just ended.
    fn take(&mut self, duration_s: f64, own_cpu_s: f64) -> Surroundings {
        let (before, after) = (self.before.take().unwrap_or_default(), self.after.take().unwrap_or_default());
        Surroundings { before, after, duration_s, own_cpu_s }
    }
}

impl Beside for Around<'_> {
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
