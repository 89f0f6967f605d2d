//! `scalegate run`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::bench::Request;
use crate::metric::Metric;
use crate::suite::Suite;
use crate::workload::Registry;
use crate::{Error, Result};

/// Measure: drive the package's bench targets and write a record
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Workloads to run, as names or globs such as `llm/*`; all of the suite by default
    #[arg(long = "workload", value_name = "GLOB")]
    workloads: Vec<String>,
    /// Metrics to take; all by default
    #[arg(long = "metric", value_name = "METRIC")]
    metrics: Vec<Metric>,
    /// Rounds, instead of those in `suite.toml`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    rounds: Option<u32>,
    /// Where to write the record
    #[arg(long, value_name = "RUN", default_value_os_t = crate::paths::run())]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let request = Request {
        workloads: arguments.workloads.clone(),
        metrics: arguments.metrics.clone(),
        rounds: arguments.rounds,
        out: arguments.out.clone(),
    };
    let suite = Suite::load_here()?;
    Registry::check(&suite)?;
    request.check(&suite)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .arg("bench")
        .envs(request.environment()?)
        .status()
        .map_err(|error| Error::new("cargo bench", error, "install Rust, or put cargo on PATH"))?;
    // What went wrong was said by the bench target; its exit code is not one of ours if cargo itself failed.
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
