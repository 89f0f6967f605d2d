//! The comment on a pull request, for a job that may write it.

use std::path::PathBuf;

use clap::Args;
use scalegate::Result;
use scalegate::ci::{self, Digest};

use crate::process;

/// Make the comment on a pull request from a digest that anybody may have written
///
/// OUT gets `comment.md`, and `pull_request` with the number that the digest names.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Digest that the run of a pull request has left
    digest: PathBuf,
    /// Directory to write to
    out: PathBuf,
    /// Address of that run
    #[arg(long, env = "RUN_URL")]
    run: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let digest = Digest::read(&arguments.digest)?;
    process::write(&arguments.out.join("comment.md"), ci::comment(&digest, arguments.run.as_deref()))?;
    let number = digest.pull_request().map_or_else(String::new, |number| number.to_string());
    process::write(&arguments.out.join("pull_request"), number)
}
