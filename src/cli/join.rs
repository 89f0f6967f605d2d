//! `scalegate join`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::record::{self, Run};
use crate::{Error, Result};

/// Put the records of shards into one
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Records that one build made on one host
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Where to write the joined record
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let runs = arguments.runs.iter().map(|path| record::read_json::<Run>(path)).collect::<Result<Vec<_>>>()?;
    let names: Vec<String> = arguments.runs.iter().map(|path| path.display().to_string()).collect();
    let joined = record::join(runs).map_err(|cause| {
        Error::new(names.join(", "), cause, "join only shards of one run: one build, one host, each series once")
    })?;
    record::write_json(&arguments.out, &joined)?;
    eprintln!("{} series from {} records in {}", joined.series.len(), names.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}
