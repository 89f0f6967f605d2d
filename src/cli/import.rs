//! `scalegate import`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::{Result, import, record};

/// Make a record from the measurements of another tool
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What wrote the file
    #[arg(value_enum)]
    format: Format,
    /// The file
    file: PathBuf,
    /// Where to write the record
    #[arg(long, value_name = "RUN", default_value_os_t = crate::paths::run())]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Columns workload,axis,metric,unit,size,round,value
    Csv,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let run = match arguments.format {
        Format::Csv => import::csv(&arguments.file)?,
    };
    record::write_json(&arguments.out, &run)?;
    eprintln!("{} series in {}", run.series.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}
