//! `scalegate export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::record::{self, Run};
use crate::{Error, Result, export};

/// Write a run in the form of another tool
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Who is to read the file
    #[arg(value_enum)]
    format: Format,
    /// Record of a run
    #[arg(value_name = "RUN", default_value_os_t = crate::paths::run())]
    run: PathBuf,
    /// Where to write the file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Bencher Metric Format
    Bencher,
    /// github-action-benchmark, as `customSmallerIsBetter`
    BenchmarkAction,
    /// Columns workload,axis,metric,unit,size,round,value
    Csv,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let run: Run = record::read_json(&arguments.run)?;
    let bytes = match arguments.format {
        Format::Bencher => export::bencher(&run)?,
        Format::BenchmarkAction => export::benchmark_action(&run)?,
        Format::Csv => export::csv(&run)?,
    };
    std::fs::write(&arguments.out, bytes).map_err(|error| {
        Error::new(
            arguments.out.display(),
            error,
            "name a file in a directory that exists and is writable with `--out`",
        )
    })?;
    for series in run.series.iter().filter(|series| series.unavailable.is_some()) {
        eprintln!("left out {} {}: it was unavailable", series.workload, series.metric);
    }
    Ok(ExitCode::SUCCESS)
}
