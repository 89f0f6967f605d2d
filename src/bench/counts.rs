//! The bench target of instruction counts: Gungraun runs every case once below callgrind.
//!
//! One executable plays four parts: the target that `cargo bench` starts, Gungraun's harness, Gungraun's runner (so that
//! none has to be installed), and the measured process.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::cases::{Cases, sample};
use super::counted::{self, Case};
pub use super::counted::{Ready, cases, prepare};
use super::hardware;
use super::record::exit_code;
use crate::measure::{self, CaseCounts, Ended};
pub use crate::measure::{CAN_START, SizeClasses};
use crate::metric::Metric;
use crate::record::Series;
use crate::workload::Workload;
use crate::{Error, Result, inference, paths};

/// What callgrind counts.
const METRICS: [Metric; 4] = [Metric::Instructions, Metric::D1Misses, Metric::LlMisses, Metric::Branches];

/// Marks the process that is Gungraun's harness.
const HARNESS: &str = "SCALEGATE_HARNESS";

/// The name under which Gungraun's harness looks for its runner on `PATH`.
const RUNNER: &str = "gungraun-runner";

/// The first argument of a measured process.
const MEASURED: &str = "--gungraun-run";

/// Asks this program for the kernels that tract chose.
const KERNELS: &str = "--kernels";

/// The parts of a bench target that Gungraun's macros make.
#[derive(Debug, Clone, Copy)]
pub struct Harness {
    /// Gungraun's `main`: describes the cases to the runner, or measures one of them.
    pub start: fn(),
    /// Gungraun's runner.
    pub run: fn() -> std::result::Result<(), String>,
}

/// The body of the bench target's `main`. `allocator` names the program's global allocator, which should be
/// [`SizeClasses`]. Where Gungraun does not exist there is no `harness`, and the record says so.
pub fn main(allocator: &str, harness: Option<Harness>) -> ExitCode {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let first = std::env::args().nth(1).unwrap_or_default();
    match harness {
        Some(harness) if program.file_name().is_some_and(|name| name == RUNNER) => match (harness.run)() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Some(harness) if first == MEASURED || std::env::var_os(HARNESS).is_some() => {
            (harness.start)();
            ExitCode::SUCCESS
        }
        Some(_) if first == KERNELS => exit_code(crate::cli::print(&inference::kernel_family())),
        _ => exit_code(run(allocator, harness.is_some())),
    }
}

fn run(allocator: &str, has_harness: bool) -> Result<()> {
    let wanted: Vec<Metric> = METRICS.into_iter().chain([Metric::InstructionsHw]).collect();
    let Some(cases) = Cases::of_this_process(&wanted)? else { return Ok(()) };
    measure::watch_for_ctrl_c();
    let mut series = hardware::series(&cases, allocator)?;
    if METRICS.iter().any(|metric| cases.request.wants(*metric)) {
        series.extend(simulated(&cases, allocator, has_harness)?);
    }
    series.retain(|series| cases.request.wants(series.metric));
    cases.destination.keep(series)
}

/// Counts by callgrind, or the reason that there are none.
fn simulated(cases: &Cases, allocator: &str, has_harness: bool) -> Result<Vec<Series>> {
    let program = this_program()?;
    let valgrind = match has_harness {
        true => measure::find_valgrind(&program, KERNELS),
        false => Err("Gungraun and Valgrind run on Linux; elsewhere `instructions_hw` takes their place".to_owned()),
    };
    let valgrind = match valgrind {
        Ok(valgrind) => valgrind,
        Err(reason) => {
            eprintln!("instructions: unavailable: {reason}");
            let series = |workload: &dyn Workload| {
                Cases::series(workload, Metric::Instructions, &BTreeMap::new(), Err(reason.clone()))
            };
            return Ok(cases.workloads.iter().map(|workload| series(workload.as_ref())).collect());
        }
    };
    let list: Vec<Case> = cases
        .workloads
        .iter()
        .flat_map(|workload| workload.sizes().into_iter().map(|size| Case { workload: workload.name().into(), size }))
        .collect();
    generate_models(cases)?;
    let counts = below_gungraun(&program, &list)?;
    let mut environment = measure::count_environment(&valgrind);
    environment.insert("allocator".to_owned(), allocator.to_owned());
    by_workload(cases, &list, &counts, &environment)
}

/// Has the embedded models written now: a process that writes them first would not be measured as those that only read them.
fn generate_models(cases: &Cases) -> Result<()> {
    for workload in &cases.workloads {
        if let Some(size) = workload.sizes().into_iter().next() {
            let case = Case { workload: workload.name().to_owned(), size };
            workload.prepare(size).map_err(|error| case.blame(&error))?;
        }
    }
    Ok(())
}

/// Runs Gungraun over the cases. Its files stay where they are until the next run, for `callgrind_annotate`.
fn below_gungraun(program: &Path, list: &[Case]) -> Result<Vec<CaseCounts>> {
    let directory = paths::target().join("instructions");
    let fail = |error: std::io::Error| {
        Error::new(directory.display(), error, "make the directory writable; it takes the files of Gungraun")
    };
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(fail)?;
    }
    std::fs::create_dir_all(&directory).map_err(fail)?;
    link(program, &directory.join(RUNNER)).map_err(fail)?;
    counted::write_cases(&directory, list)?;
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let places =
        std::iter::once(std::path::absolute(&directory).map_err(fail)?).chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(places)
        .map_err(|error| Error::new("PATH", error, "move the package to a directory whose name has no colon"))?;
    // Otherwise Gungraun asks Cargo, which knows nothing of a directory that has a suite and no package.
    let root = std::env::current_dir().map_err(fail)?;
    let mut command = Command::new(program);
    command
        .env(HARNESS, "1")
        .env(counted::CASES, &directory)
        .env("PATH", path)
        .env("GUNGRAUN_WORKSPACE_ROOT", root)
        .arg(format!("--home={}", directory.display()))
        .arg(format!("--envs={}={}", counted::CASES, directory.display()))
        .args(["--save-summary=json", "--parallel=auto", "--bench"]);
    let bar = progress_bar(list.len());
    let Ended { status, errors } = measure::run_child("instructions", command, |line| {
        if let Some(case) = finished(line).and_then(|index| list.get(index)) {
            bar.inc(1);
            bar.set_message(format!("{} {}", case.workload, case.size));
        }
    })?;
    bar.finish_and_clear();
    if !status.success() {
        let cause = format!("Gungraun ended with {status} and said:\n{}", errors.trim_end());
        let printed =
            Error::new("instructions", cause, "mend the cause and measure again; earlier records are as they were");
        return Err(counted::handed_over(&directory).unwrap_or(printed));
    }
    measure::read_summaries(&directory)
}

/// Gungraun's line for a case: `instructions::harness::inference::count case_6:(…)`.
fn finished(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("::count case_")?;
    rest.split(':').next()?.parse().ok()
}

fn by_workload(
    cases: &Cases,
    list: &[Case],
    counts: &[CaseCounts],
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Series>> {
    let mut series = Vec::new();
    for workload in &cases.workloads {
        for metric in METRICS {
            let mut samples = Vec::new();
            for (index, case) in list.iter().enumerate().filter(|(_, case)| case.workload == workload.name()) {
                let counted = counts.iter().find(|counts| counts.index == index).ok_or_else(|| {
                    let cause = format!("{} at size {} was not counted", case.workload, case.size);
                    Error::new("instructions", cause, "measure again; if it stays, report it as a bug")
                })?;
                samples.push(sample(case.size, counted.counts[&metric]));
            }
            series.push(Cases::series(workload.as_ref(), metric, environment, Ok(samples)));
        }
    }
    Ok(series)
}

fn this_program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| Error::new("this program", error, "start it by its path"))
}

#[cfg(unix)]
fn link(program: &Path, name: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, name)
}

#[cfg(not(unix))]
fn link(program: &Path, name: &Path) -> std::io::Result<()> {
    std::fs::copy(program, name).map(drop)
}

fn progress_bar(cases: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} case {human_pos}/{human_len} {wide_msg} {elapsed}");
    let bar = ProgressBar::new(cases as u64);
    // The template is a constant; a fault in it costs the style and not the run.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_case_is_recognised_by_its_number() {
        let line = "instructions::harness::inference::count case_12:(counts :: prepare(nth of counts :: cases()))";
        assert_eq!(finished(line), Some(12));
        assert_eq!(finished("  Instructions:      1416789|N/A"), None);
    }
}
