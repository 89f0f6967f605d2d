//! `scalegate join`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::record::{self, Join, Run};
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
    let mut runs = by_host(&arguments.runs)?;
    let joined = match (runs.pop(), &runs[..]) {
        (Some(joined), []) => joined,
        (last, others) => {
            let classes: Vec<&str> = others.iter().chain(&last).map(|run| &*run.provenance.host.class).collect();
            return Err(Error::new(
                "the records",
                format!("they come from {} classes of hosts: {}", classes.len(), classes.join(", ")),
                "join those of each class; `scalegate check` takes several records, and gives one verdict over them",
            ));
        }
    };
    record::write_json(&arguments.out, &joined)?;
    eprintln!("{} series from {} records in {}", joined.series.len(), arguments.runs.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Reads records one after another, and joins those of each class of hosts.
pub(super) fn by_host(names: &[PathBuf]) -> Result<Vec<Run>> {
    let mut join = Join::default();
    for name in names {
        let run = record::read_json(name)?;
        join.add(&name.display().to_string(), run).map_err(|cause| {
            Error::new(name.display(), cause, "give records of one commit, and each series of a host once")
        })?;
    }
    Ok(join.into_runs())
}
