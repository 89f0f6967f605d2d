//! A measuring session: one driver, and a process for each job.
//!
//! ```text
//! cargo bench ─▶ target ──┐                      ┌─▶ target, one job: a round, a case below callgrind, …
//!                         ├─▶ driver ─▶ record   │
//! scalegate run ──────────┘      └──────────────▶┘
//! ```
//!
//! A target that `cargo bench` starts drives itself; `scalegate run` builds all targets and drives them together. A job is one JSON
//! document, whose path is in `SCALEGATE_JOB`, and its answer is another one beside it. A process ends with its driver.

#[cfg(feature = "cli")]
mod ab;
#[cfg(feature = "cli")]
mod attach;
#[cfg(feature = "cli")]
mod build;
mod counts;
mod driver;
mod job;
mod package;
mod program_counts;
mod record;
mod request;
mod resources;
mod rounds;
mod runs;
mod sampled_case;
mod sampled_series;
mod slices;
mod time_budget;
#[cfg(feature = "cli")]
mod tree;
mod worker;

#[cfg(feature = "cli")]
pub(crate) use ab::{AbOutcome, AbRequest, ab, why};
#[cfg(feature = "cli")]
pub(crate) use attach::{Attached, attach_energy, loads};
pub use job::{Described, Description, Instrument, TargetKind};
#[cfg(feature = "cli")]
pub(crate) use job::{Places, VARIABLE as JOB_VARIABLE};
#[cfg(feature = "cli")]
pub(crate) use package::Workspace;
pub use request::Request;
#[cfg(feature = "cli")]
pub(crate) use tree::{Tree, described, run};
pub(crate) use worker::guarded;

use std::process::ExitCode;
use std::time::Duration;

use crate::bench::Bench;
use crate::config::Config;
use crate::workload::Workload;
use crate::{Error, Result, measure};
use driver::Session;
use job::Job;
use record::{Recorder, Target};

/// The exit code after Ctrl-C, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

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

/// Takes what a first verdict needs. Criterion has an option of this name, which takes fewer samples than a record says.
const QUICK: &str = "--quick";

/// Limits the time of the session, which plans its rounds for that.
const BUDGET: &str = "--budget";

/// Takes all rounds, also where a baseline decides with fewer.
const ALL_ROUNDS: &str = "--all-rounds";

/// Prints all that is known of what was measured.
const VERBOSE: &str = "--verbose";

/// Samples resources at the rate of the reference method.
const PAPER: &str = "--paper";

/// The body of a bench target's `main`.
pub(crate) fn main(bench: &Bench) -> ExitCode {
    match Job::of_this_process() {
        Ok(Some((job, answer))) => worker::run(bench, job, &answer),
        Ok(None) => finish(drive_itself(bench), &crate::paths::run()),
        Err(error) => finish(Err(error), &crate::paths::run()),
    }
}

/// Does the job of this process, if it is the command and was started for one: then it runs programs or asks a server.
#[cfg(feature = "cli")]
pub(crate) fn of_programs() -> Option<ExitCode> {
    let fail = |error| Some(finish(Err(error), &crate::paths::run()));
    let (mut job, answer) = match Job::of_this_process() {
        Ok(None) => return None,
        Ok(Some(job)) => job,
        Err(error) => return fail(error),
    };
    if let Some(name) = job.server.take() {
        measure::adopt_orphans();
        return Some(worker::run(&crate::server::bench(&name, job.places.take()), job, &answer));
    }
    let Some(mut places) = job.places.take() else {
        return fail(Error::new("this job", "it is one of a bench target", measure::OTHER_VERSION));
    };
    if let job::Work::CountProgram { out, .. } = &job.work {
        places.callgrind = Some(out.clone());
    }
    measure::adopt_orphans();
    Some(worker::run(&crate::program::bench(places), job, &answer))
}

/// Measures `targets` and shows what came out. False if all that was to be measured is unavailable.
///
/// # Errors
/// As [`Session::measure`].
fn measure_and_show(config: &Config, request: &Request, targets: &[Target]) -> Result<bool> {
    let mut recorder = Recorder::open(config, request, targets)?;
    let outcome = Session::new(config, request, targets)?.measure(&mut recorder);
    outcome?;
    recorder.show(request)
}

/// The exit code of a session, with its error on standard error.
pub(crate) fn finish(outcome: Result<()>, out: &std::path::Path) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if measure::interrupted() => {
            let kept = if out.exists() {
                format!("{} keeps the rounds that were complete; `scalegate run --resume` resumes it", out.display())
            } else {
                "no round was complete".to_owned()
            };
            eprintln!("interrupted: {kept}");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What `cargo bench` starts.
fn drive_itself(bench: &Bench) -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let config = Config::load_here()?;
    if is_for_criterion(&arguments) {
        let measures = bench.measured(&config)?;
        let workloads: Vec<&dyn Workload> = measures.by(Instrument::Clock).collect();
        return if workloads.is_empty() {
            Ok(())
        } else {
            measure::criterion_pass(&workloads, &config.measure, None).map(|_| ())
        };
    }
    let (arguments, budget) = without_budget(arguments)?;
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let request = Request {
        filter: arguments.iter().find(|argument| !argument.starts_with('-')).cloned(),
        budget,
        // Without baselines nothing is looked at on the way, and the record is compared once.
        stops_early: !has(ALL_ROUNDS) && crate::paths::baselines().is_dir(),
        paper: has(PAPER),
        quick: has(QUICK),
        verbose: has(VERBOSE),
        ..Request::default()
    };
    let says_rounds = [QUICK, ALL_ROUNDS].into_iter().filter(|option| has(option));
    let says_rounds: Vec<&str> = says_rounds.chain(request.budget.map(|_| BUDGET)).collect();
    if let [one, other, ..] = says_rounds[..] {
        return Err(Error::new(other, format!("{one} says how many rounds there are"), "give one of the two"));
    }
    let fail = |error: std::io::Error| Error::new("this program", error, "start it by its path");
    let is_own = |argument: &String| ["--bench", ALL_ROUNDS, PAPER, QUICK, VERBOSE].contains(&&**argument);
    let arguments = arguments.into_iter().filter(|argument| !is_own(argument)).collect();
    let description = worker::describe(bench, &config, false)?;
    if !description.workloads.iter().any(|it| request.chooses(it)) {
        return Ok(());
    }
    crate::record::check_place(&request.out)?;
    let target = Target {
        executable: std::env::current_exe().map_err(fail)?,
        directory: std::env::current_dir().map_err(fail)?,
        arguments,
        description: worker::describe(bench, &config, true)?,
        programs: std::collections::BTreeMap::new(),
    };
    // Cargo would leave out the other targets after one that fails, and the verdict is of `scalegate check`.
    measure_and_show(&config, &request, &[target]).map(drop)
}

/// The arguments beside `--budget` and its value, and that value.
///
/// # Errors
/// It is no time.
fn without_budget(arguments: Vec<String>) -> Result<(Vec<String>, Option<Duration>)> {
    let (mut others, mut budget) = (Vec::new(), None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix(BUDGET) {
            Some("") => arguments.next().unwrap_or_default(),
            Some(value) if value.starts_with('=') => value[1..].to_owned(),
            _ => {
                others.push(argument);
                continue;
            }
        };
        let fail = |cause| Error::new(format!("{BUDGET} {value}"), cause, "give a time such as 5m or 90s");
        budget = Some(crate::time::budget(&value).map_err(fail)?);
    }
    Ok((others, budget))
}

fn is_for_criterion(arguments: &[String]) -> bool {
    let asks_for_more = arguments.iter().any(|argument| {
        let option = argument.split('=').next().unwrap_or_default();
        CRITERION_ONLY.contains(&option)
    });
    let is_benchmark = arguments.iter().any(|argument| argument == "--bench");
    asks_for_more || !is_benchmark || std::env::var_os("CARGO_CRITERION_PORT").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> std::result::Result<(String, Option<Duration>), String> {
        let arguments = line.split_whitespace().map(str::to_owned).collect();
        without_budget(arguments).map(|(others, budget)| (others.join(" "), budget)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_budget_is_no_filter_and_criterion_is_not_given_it() {
        let five = Some(Duration::from_mins(5));
        assert_eq!(parsed("--bench --budget 5m decode"), Ok(("--bench decode".to_owned(), five)));
        assert_eq!(parsed("--budget=5m --bench"), Ok(("--bench".to_owned(), five)));
        assert_eq!(parsed("--bench --budgets"), Ok(("--bench --budgets".to_owned(), None)));
        insta::assert_snapshot!(parsed("--bench --budget").unwrap_err(), @"
        --budget : value was empty
          help: give a time such as 5m or 90s
        ");
        insta::assert_snapshot!(parsed("--budget decode").unwrap_err(), @"
        --budget decode: expected number at 0
          help: give a time such as 5m or 90s
        ");
    }
}
