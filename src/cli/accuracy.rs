//! `scalegate accuracy`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::print;
use super::progress::Progress;
use crate::{Error, Result, accuracy, report};

/// Compare the predictions of a compressed language model with those of its reference
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory of the reference: an ONNX export with tokenizer.json and config.json
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// Directory of the candidate, with the same tokenizer
    #[arg(value_name = "CANDIDATE")]
    candidate: PathBuf,
    /// Text that neither was trained on
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// How to print the accuracy
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let text = read_text(&arguments.text)?;
    let progress = Progress::new();
    let mut show = |done: usize, steps: usize| progress.show(done, steps, "passages");
    let accuracy = accuracy::compare(&arguments.reference, &arguments.candidate, &text, &mut show)?;
    drop(progress);
    match arguments.format {
        Format::Text => print(&report::accuracy_text(&accuracy))?,
        Format::Json => print(&report::accuracy_json(&accuracy)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a text that a model is to read.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let fail = |cause: String| Error::new(path.display(), cause, "name a file of plain UTF-8 text");
    let text = std::fs::read_to_string(path).map_err(|cause| fail(cause.to_string()))?;
    if text.trim().is_empty() { Err(fail("there is no text in it".to_owned())) } else { Ok(text) }
}
