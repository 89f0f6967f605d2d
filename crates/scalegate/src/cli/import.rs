//! `scalegate import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::Axis;
use crate::record::Run;
use crate::{Error, Result, import, measure, paths, record};

/// Make a record from the measurements of another tool
///
/// Its host class is `imported`, or the one that `SCALEGATE_HOST_CLASS` names: give each machine its own.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What wrote the file
    #[arg(value_enum)]
    format: Format,
    /// The file
    file: PathBuf,
    /// What a size counts, as `tokens`, `pixels`, `bytes`, `items`, where the file does not tell: criterion, google-benchmark, hyperfine
    #[arg(long, value_name = "AXIS")]
    axis: Option<Axis>,
    /// Where to write the record
    #[arg(long, value_name = "RUN", default_value_os_t = crate::paths::run())]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Columns workload,axis,metric,unit,size,round,value
    Csv,
    /// Messages of `cargo criterion --message-format=json`
    Criterion,
    /// JSON of hyperfine with `--parameter-scan`
    Hyperfine,
    /// JSON of Google Benchmark, sizes as arguments
    GoogleBenchmark,
    /// JSON of llama.cpp's `llama-bench -o json`
    LlamaBench,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let file = &arguments.file;
    let axis = arguments.axis.clone();
    if axis.is_some() && matches!(arguments.format, Format::Csv | Format::LlamaBench) {
        return Err(Error::new("--axis", "this format tells its axis itself", "leave --axis out"));
    }
    refuse_measured(&arguments.out)?;
    let class = measure::named_class()?;
    let mut run = match arguments.format {
        Format::Csv => import::csv(file)?,
        Format::Criterion => import::criterion(file, axis)?,
        Format::Hyperfine => import::hyperfine(file, axis)?,
        Format::GoogleBenchmark => import::google_benchmark(file, axis)?,
        Format::LlamaBench => import::llama_bench(file)?,
    };
    if let Some(class) = class {
        run.provenance.host.class = class;
    }
    record::write_json(&arguments.out, &run)?;
    eprintln!("{} series in {}", run.series.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// What was measured here takes minutes to measure again, and is not replaced because `--out` was left out.
fn refuse_measured(out: &Path) -> Result<()> {
    let is_default = out == paths::run() && out.exists();
    match is_default.then(|| record::read_json::<Run>(out)) {
        Some(Ok(earlier)) if !earlier.provenance.is_imported() => Err(Error::new(
            out.display(),
            "it holds a run that was measured here",
            "name another place for the imported one with `--out`",
        )),
        _ => Ok(()),
    }
}
