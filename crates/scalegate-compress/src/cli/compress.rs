//! `scalegate compress`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::accuracy::read_text;
use crate::accuracy::{LONGEST_PASSAGE, text_passages};
use crate::compress::{self, Budget, Options};
use crate::report;
use scalegate::Result;
use scalegate::output::print;
use scalegate::progress::Progress;

/// Make a language model smaller: weights become products of smaller ones
///
/// The first and the last layer, and what stands outside of layers, stay as they are unless --all is given. A weight whose
/// product would be larger or take more multiplications stays too, and the table says so.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory of an ONNX export, with onnx/model.onnx or model.onnx
    #[arg(value_name = "MODEL_DIR")]
    model: PathBuf,
    /// Directory to write, which doesn't exist yet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Form of the products
    #[arg(long, value_enum, default_value_t = Method::Svd)]
    method: Method,
    #[command(flatten)]
    limit: Limit,
    /// Text over which the error of outputs is made small, in place of that of weights; needs tokenizer.json
    #[arg(long, value_name = "FILE")]
    calibrate: Option<PathBuf>,
    /// Compress the first and the last layer too, and what stands outside of layers
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Limit {
    /// Share of the parameters of the compressible weights that remains, shared over them by where the loss is smallest
    #[arg(long, value_name = "SHARE")]
    keep: Option<f64>,
    /// Largest relative error of a weight, or of its output with --calibrate
    #[arg(long, value_name = "ERROR")]
    error: Option<f64>,
    /// One rank for all weights
    #[arg(long, value_name = "RANK")]
    rank: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// Two matrices of a truncated singular value decomposition
    Svd,
    /// A matrix product operator of two cores
    Mpo,
    /// Whichever is smaller at the same error, for each weight
    Auto,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let options = Options {
        method: match arguments.method {
            Method::Svd => compress::Method::Svd,
            Method::Mpo => compress::Method::Mpo,
            Method::Auto => compress::Method::Auto,
        },
        budget: match &arguments.limit {
            Limit { keep: Some(share), .. } => Budget::Keep(*share),
            Limit { error: Some(error), .. } => Budget::Error(*error),
            Limit { rank, .. } => Budget::Rank(rank.unwrap_or(0)),
        },
        all: arguments.all,
        calibration: arguments.calibrate.as_deref().map_or(Ok(Vec::new()), |text| passages(&arguments.model, text))?,
    };
    let progress = Progress::new();
    let mut show = |done: usize, steps: usize, next: &str| progress.show(done, steps, next);
    let summary = compress::compress(&arguments.model, &arguments.out, &options, &mut show)?;
    drop(progress);
    print(&report::compression_text(&summary))?;
    Ok(ExitCode::SUCCESS)
}

fn passages(model: &Path, text: &Path) -> Result<Vec<Vec<i64>>> {
    let length = compress::context(model)?.min(LONGEST_PASSAGE);
    text_passages(model, &read_text(text)?, length)
}
