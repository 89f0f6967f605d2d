//! `scalegate import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::Axis;
use crate::import::{Imported, Order};
use crate::record::{Run, Series};
use crate::workload::WorkloadName;
use crate::{Error, Result, import, measure, paths, record};

/// Make a record from the measurements of another tool
///
/// Its host class is `imported`, or the one that `SCALEGATE_HOST_CLASS` names: give each machine its own.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What wrote the file
    #[arg(value_enum)]
    format: Format,
    /// The file, or those of several runs of the tool, one after the other; csv has one. `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What a size counts, as `tokens`, `pixels`, `items` or `file (B)`, with a unit that takes prefixes in brackets. Where a benchmark has
    /// several arguments, the one of that name is its size
    #[arg(long, value_name = "AXIS")]
    axis: Option<Axis>,
    /// What to call the workload, where the files have one alone
    #[arg(long, value_name = "WORKLOAD")]
    name: Option<WorkloadName>,
    /// Where to write the record
    #[arg(long, value_name = "RUN", default_value_os_t = crate::paths::run())]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Columns workload,axis,metric,unit,size,round,value
    Csv,
    /// The directory target/criterion, or messages of `cargo criterion --message-format=json`
    Criterion,
    /// Tables of divan, sizes as `args`
    Divan,
    /// Text of `go test -bench`, as benchstat reads it
    GoBench,
    /// JSON of Google Benchmark, sizes as arguments
    GoogleBenchmark,
    /// JSON of hyperfine with `--parameter-scan`
    Hyperfine,
    /// JSON of llama.cpp's `llama-bench -o json`
    LlamaBench,
    /// JSON of pytest-benchmark, sizes by `parametrize`
    PytestBenchmark,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    refuse_measured(&arguments.out)?;
    let class = measure::named_class()?;
    let mut imported = imported(arguments)?;
    if let Some(name) = &arguments.name {
        imported.rename(name)?;
    }
    let Imported { mut run, order } = imported;
    if let Some(class) = class {
        run.provenance.host.class = class;
    }
    record::write_json(&arguments.out, &run)?;
    eprintln!("{} series in {}: {}", run.series.len(), arguments.out.display(), rounds(&run, order));
    if run.series.iter().any(|series| series.n_rounds() < 2 && series.metric.has_law()) {
        eprintln!(
            "note: one round doesn't show its noise, so that shapes stay inconclusive: {}",
            more(arguments.format)
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn imported(arguments: &Arguments) -> Result<Imported> {
    let files = &arguments.files[..];
    let axis = arguments.axis.as_ref();
    if axis.is_some() && matches!(arguments.format, Format::Csv | Format::LlamaBench) {
        return Err(Error::new("--axis", "this format tells its axis itself", "leave --axis out"));
    }
    match (arguments.format, files) {
        (Format::Csv, [file]) => import::csv(file),
        (Format::Csv, _) => {
            Err(Error::new("csv", "several files", "put all rows into one file, with a column for the round"))
        }
        (Format::Criterion, files) => import::criterion(files, axis),
        (Format::Divan, files) => import::divan(files, axis),
        (Format::GoBench, files) => import::go_bench(files, axis),
        (Format::GoogleBenchmark, files) => import::google_benchmark(files, axis),
        (Format::Hyperfine, files) => import::hyperfine(files, axis),
        (Format::LlamaBench, files) => import::llama_bench(files),
        (Format::PytestBenchmark, files) => import::pytest_benchmark(files, axis),
    }
}

/// How the repetitions were read.
fn rounds(run: &Run, order: Order) -> String {
    let rounds = run.series.iter().map(Series::n_rounds).max().unwrap_or_default();
    let cells = run.series.iter().flat_map(|series| &series.samples);
    let repetitions = cells.map(|sample| sample.values.len()).max().unwrap_or_default();
    let many = if rounds == 1 { "one round".to_owned() } else { format!("{rounds} rounds") };
    match order {
        Order::Consecutive => {
            format!("{repetitions} repetitions, one after the other at each size, are one round of each file: {many}")
        }
        Order::Medians => {
            format!(
                "medians of repetitions, one after the other at each size; each run of the tool is one round: {many}"
            )
        }
        Order::Interleaved => format!("repetitions that take turns over the sizes are rounds: {many}"),
        Order::Given => many,
    }
}

/// How to have more than one round.
fn more(format: Format) -> &'static str {
    match format {
        Format::Csv => "measure all sizes again and again, and number the rounds",
        Format::GoogleBenchmark => {
            "measure with --benchmark_enable_random_interleaving=true, or import several runs at once (`… A.json B.json`)"
        }
        Format::GoBench => "run `go test -bench` in a loop with -count 1, and append to one file",
        Format::Criterion | Format::Divan | Format::Hyperfine | Format::LlamaBench | Format::PytestBenchmark => {
            "import several runs at once (`… A B`)"
        }
    }
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
