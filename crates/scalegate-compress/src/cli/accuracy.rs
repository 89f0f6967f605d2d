//! `scalegate accuracy`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use scalegate::output::print;
use scalegate::progress::Progress;
use scalegate::{Error, Result};

use crate::{accuracy, report};

/// Compare what a compressed language model predicts and writes with what its reference does
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory of the reference: an ONNX export with tokenizer.json and config.json
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// Directory of the candidate, with the same tokenizer
    #[arg(value_name = "CANDIDATE")]
    candidate: PathBuf,
    /// Text that neither was trained on
    #[arg(long, value_name = "FILE", required_unless_present = "prompts")]
    text: Option<PathBuf>,
    /// Prompts that both continue greedily: one on each line, or in a .jsonl file {"prompt": "…", "answer": "…"} on each line
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// New tokens of each prompt at most
    #[arg(long, value_name = "N", default_value_t = NEW_TOKENS, requires = "prompts")]
    new_tokens: NonZeroUsize,
    /// Directory of a sentence-embedding model, which tells how close continuations are to the answers
    #[arg(long, value_name = "DIR", requires = "prompts")]
    embed: Option<PathBuf>,
    /// How to print the accuracy
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Some sentences.
const NEW_TOKENS: NonZeroUsize = NonZeroUsize::new(64).expect("it is not zero");

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { reference, candidate, .. } = arguments;
    // All files are read before a model runs for long.
    let text = arguments.text.as_deref().map(read_text).transpose()?;
    let prompts = arguments.prompts.as_deref().map(accuracy::read_prompts).transpose()?;
    let progress = Progress::new();
    let written = prompts.map(|prompts| {
        let mut show = |done: usize, steps: usize, what: &str| progress.show(done, steps, what);
        let embed = arguments.embed.as_deref();
        accuracy::continuations(reference, candidate, &prompts, arguments.new_tokens, embed, &mut show)
    });
    let written = written.transpose()?;
    let read = text.map(|text| {
        let mut show = |done: usize, steps: usize| progress.show(done, steps, "passages");
        accuracy::compare(reference, candidate, &text, &mut show)
    });
    let read = read.transpose()?;
    drop(progress);
    match arguments.format {
        Format::Text => print(&report::accuracy_text(read.as_ref(), written.as_ref()))?,
        Format::Json => print(&report::accuracy_json(read.as_ref(), written.as_ref())?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a text that a model is to read.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let fail = |cause: String| Error::new(path.display(), cause, "name a file of plain UTF-8 text");
    let text = std::fs::read_to_string(path).map_err(|cause| fail(cause.to_string()))?;
    if text.trim().is_empty() { Err(fail("there is no text in it".to_owned())) } else { Ok(text) }
}
