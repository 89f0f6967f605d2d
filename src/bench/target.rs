//! One bench target: from its command line to a stored record and its laws.

use std::path::Path;
use std::process::ExitCode;

use super::part::measure_part;
use super::request::Request;
use crate::baseline::Store;
use crate::measure::{self, Round};
use crate::metric::Metric;
use crate::record::{self, Absorbed, Run};
use crate::suite::Suite;
use crate::workload::Workload;
use crate::{Result, analysis, cli, paths, report};

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
    match run(allocator, workloads) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if measure::interrupted() { 130 } else { 2 })
        }
    }
}

fn run(allocator: &str, workloads: impl FnOnce(&Suite) -> Result<Vec<Box<dyn Workload>>>) -> Result<()> {
    let mut suite = Suite::load_here()?;
    let request = Request::of_this_process()?;
    let matcher = request.matcher()?;
    let mut workloads = workloads(&suite)?;
    workloads.retain(|workload| matcher.is_match(workload.name()));
    suite.measure.rounds = request.rounds.unwrap_or(suite.measure.rounds);
    if let Some(round) = Round::of_this_process() {
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
    record::check_place(&request.out)?;
    let Some(part) = measure_part(&suite, &workloads, arguments, allocator)? else { return Ok(()) };
    let measured: Vec<String> = part.series.iter().map(|series| series.workload.clone()).collect();
    let run = store(&request.out, part)?;
    show(&suite, &run, &measured)
}

fn is_for_criterion(arguments: &[String]) -> bool {
    let asks_for_more = arguments.iter().any(|argument| {
        let option = argument.split('=').next().unwrap_or_default();
        CRITERION_ONLY.contains(&option)
    });
    let is_benchmark = arguments.iter().any(|argument| argument == "--bench");
    asks_for_more || !is_benchmark || std::env::var_os("CARGO_CRITERION_PORT").is_some()
}

/// Puts the part into the record at `path`, and says what became of the record that was there.
fn store(path: &Path, part: Run) -> Result<Run> {
    let earlier = if path.exists() {
        record::read_json::<Run>(path).map_err(|error| eprintln!("note: the earlier record is replaced: {error}")).ok()
    } else {
        None
    };
    let run = match earlier.map(|earlier| record::absorb(earlier, part.clone())) {
        None => part,
        Some((run, Absorbed::Kept(kept))) => {
            for series in kept {
                let when = series.measured.as_deref().unwrap_or("an unknown time");
                eprintln!("kept {} {} of {when}: same host, build and models", series.workload, series.metric);
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
    record::write_json(path, &run)?;
    Ok(run)
}

/// Prints the laws of what was just measured, and for each whether it still matches its baseline.
fn show(suite: &Suite, run: &Run, measured: &[String]) -> Result<()> {
    let mut run = run.clone();
    run.series.retain(|series| measured.contains(&series.workload));
    cli::print(&format!("\n{}\n", report::fits_text(&analysis::fit_run(&run))))?;
    let check = analysis::check(&[run], &Store::new(paths::baselines()), &suite.gate, &[])?;
    cli::print(&report::matches_text(&check, measured))
}
