//! A bench target of wall time: Criterion in rounds.

use std::process::ExitCode;

use super::part::{empty_series, measure_part};
use super::program::Program;
use super::record::Destination;
use super::request::{Request, Step};
use crate::measure::placement::Placement;
use crate::measure::{self, Round};
use crate::metric::Metric;
use crate::record::Series;
use crate::suite::Suite;
use crate::workload::Workload;
use crate::{Error, Result, gate};

/// Criterion's options that ask for something else than a measurement for the record; Criterion then has its way.
const CRITERION_ONLY: [&str; 14] = [
    "--list",
    "--test",
    "--profile-time",
    "--baseline",
    "-b",
    "--baseline-lenient",
    "--load-baseline",
    "--save-baseline",
    "-s",
    "--ignored",
    "--help",
    "-h",
    "--version",
    "-V",
];

/// The body of a bench target's `main`.
///
/// With `--bench`, as `cargo bench` gives it, the workloads are measured in rounds and the record is written; with any
/// option that asks Criterion for something else, and below `cargo criterion`, Criterion runs once as in any bench
/// target. `allocator` names the program's global allocator.
pub fn main(allocator: &str, workloads: impl FnOnce(&Suite) -> Result<Vec<Box<dyn Workload>>>) -> ExitCode {
    super::record::exit_code(run(allocator, workloads))
}

fn run(allocator: &str, workloads: impl FnOnce(&Suite) -> Result<Vec<Box<dyn Workload>>>) -> Result<()> {
    let mut suite = Suite::load_here()?;
    let request = Request::of_this_process()?;
    let matcher = request.matcher()?;
    let mut workloads = workloads(&suite)?;
    workloads.retain(|workload| matcher.is_match(workload.name()));
    suite.measure.rounds = request.rounds.unwrap_or(suite.measure.rounds);
    if let Some(round) = Round::of_this_process() {
        place_this_process()?;
        let seed = suite.seed.wrapping_add(u64::from(round.number));
        return measure::criterion_pass(&workloads, &suite.measure, Some(seed), Some(&round.directory))
            .inspect_err(|error| round.hand_over(error));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if is_for_criterion(&arguments) {
        return measure::criterion_pass(&workloads, &suite.measure, None, None);
    }
    if workloads.is_empty() || !request.wants(Metric::WallTime) {
        return Ok(());
    }
    let destination = Destination::open(&suite, &request)?;
    let looks = gate::looks(suite.measure.rounds);
    match request.step {
        None => destination.keep(measure_part(&suite, &workloads, 0..suite.measure.rounds, arguments, allocator)?),
        Some(Step::Prepare { programs, .. }) => {
            for workload in &workloads {
                let planned = Series { looks: looks.clone(), ..empty_series(workload.as_ref(), &suite, allocator) };
                destination.check_settings(&planned, &workload.sizes())?;
            }
            Program::of_this_process(&workloads)?.leave_in(&programs)
        }
        Some(Step::Round(round)) => {
            let mut part = measure_part(&suite, &workloads, round..round + 1, arguments, allocator)?;
            if round > 0 {
                return destination.extend(part);
            }
            part.iter_mut().for_each(|series| series.looks.clone_from(&looks));
            destination.keep(part)
        }
    }
}

/// Puts a measured process on the fast cores of a machine that has others too.
pub(super) fn place_this_process() -> Result<()> {
    let Some(placement) = Placement::here() else { return Ok(()) };
    placement.apply().map_err(|cause| {
        Error::new(placement, cause, "allow this user to choose cores, or allow this process the fast cores alone")
    })
}

pub(super) fn is_for_criterion(arguments: &[String]) -> bool {
    let asks_for_more = arguments.iter().any(|argument| {
        let option = argument.split('=').next().unwrap_or_default();
        CRITERION_ONLY.contains(&option)
    });
    let is_benchmark = arguments.iter().any(|argument| argument == "--bench");
    asks_for_more || !is_benchmark || std::env::var_os("CARGO_CRITERION_PORT").is_some()
}
