//! `scalegate run`.

mod process;
mod progress;
mod rounds;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use self::process::Told;
use self::rounds::Rounds;
use crate::bench::{self, Program, Request, Step};
use crate::measure;
use crate::metric::Metric;
use crate::suite::Suite;
use crate::workload::Registry;
use crate::{Error, Result, record};

/// The exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Measure: drive the package's bench targets and write a record
///
/// Wall time is taken round by round, and no longer than it takes to decide every gated quantity. `cargo bench` takes all
/// rounds, as a baseline wants them.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Workloads to run, as names or globs such as `llm/*`; all of the suite by default
    #[arg(long = "workload", value_name = "GLOB")]
    workloads: Vec<String>,
    /// Metrics to take; all by default
    #[arg(long = "metric", value_name = "METRIC")]
    metrics: Vec<Metric>,
    /// Rounds at most, instead of those in `suite.toml`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    rounds: Option<u32>,
    /// Where to write the record
    #[arg(long, value_name = "RUN", default_value_os_t = crate::paths::run())]
    out: PathBuf,
    /// Go on with the record of a run that was interrupted
    #[arg(long)]
    resume: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let request = Request {
        workloads: arguments.workloads.clone(),
        metrics: arguments.metrics.clone(),
        rounds: arguments.rounds,
        out: arguments.out.clone(),
        step: None,
    };
    let suite = Suite::load_here()?;
    Registry::check(&suite)?;
    request.check(&suite)?;
    record::check_place(&request.out)?;
    if arguments.resume && !request.out.exists() {
        return Err(Error::new(
            request.out.display(),
            "there is no record to go on with",
            "start a run without `--resume`, or name the record with `--out`",
        ));
    }
    measure::watch_for_ctrl_c();
    match measure_all(&suite, &request, arguments.resume) {
        Err(_) if measure::interrupted() => {
            eprintln!(
                "interrupted: {} keeps the rounds that were complete; go on with `scalegate run --resume`",
                request.out.display()
            );
            Ok(ExitCode::from(INTERRUPTED))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// Everything without rounds of wall time first, by `cargo bench`; then the rounds.
fn measure_all(suite: &Suite, request: &Request, resume: bool) -> Result<()> {
    let names = tempfile::NamedTempFile::new()
        .map_err(|error| Error::new("a temporary file", error, "make room in the directory for temporary files"))?;
    let step = Step::Prepare { resume, programs: names.path().to_path_buf() };
    let preparation = Request { step: Some(step), ..request.clone() };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("bench").envs(preparation.environment()?);
    let status = process::run_to_end("cargo bench", cargo, Told::Group)?;
    if measure::interrupted() || !status.success() {
        let remedy = "mend what was said above, and run it again";
        return Err(Error::new("cargo bench", format!("it ended with {status}"), remedy));
    }
    let programs = Program::all_in(names.path())?;
    let mut rounds = Rounds::new(suite, request, &programs);
    if resume {
        rounds.resume()?;
    }
    rounds.take()?;
    conclude(suite, request, &programs)
}

/// Prints the laws of wall time, how they compare with their baselines, and after how many rounds.
fn conclude(suite: &Suite, request: &Request, programs: &[Program]) -> Result<()> {
    let Some(mut run) = rounds::read(&request.out)? else { return Ok(()) };
    let is_own = |name: &String| programs.iter().any(|program| program.workloads.contains(name));
    run.series.retain(|series| series.metric == Metric::WallTime && is_own(&series.workload));
    if run.series.is_empty() {
        return Ok(());
    }
    let mut by_rounds: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
    for series in run.series.iter().filter(|series| series.unavailable.is_none()) {
        by_rounds.entry((series.n_rounds(), series.max_rounds())).or_default().push(&series.workload);
    }
    for ((taken, most), workloads) in by_rounds {
        let stopped = if taken < most { ": every quantity is decided" } else { "" };
        eprintln!("{taken} of at most {most} rounds of {}{stopped}", workloads.join(", "));
    }
    bench::show(&suite.gate, run)
}
