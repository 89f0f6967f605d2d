//! One verdict over what the jobs of a GitHub run have sent.

use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use clap::Args;
use scalegate::Result;

use crate::process;
use crate::sources::Sources;

/// Classes of hosts that GitHub has, and whose record is always expected.
const HOSTED: [&str; 2] = ["github-hosted-x86-64", "github-hosted-arm64"];
/// Classes of hosts that are kept for measuring.
const KEPT: [&str; 2] = ["macbook-m2", "raspberry-pi-5"];

/// Give one verdict over the records of a GitHub run
///
/// It is that of `scalegate ci verdict`, which also reads `PULL_REQUEST` and COMMIT. Ends as `scalegate check` does.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory with a directory for each host
    records: PathBuf,
    /// Directory for check.json, summary.md and digest.json
    out: PathBuf,
    /// Whether machines that are kept for measuring take part
    #[arg(long, env = "HOSTS_WANTED", value_name = "true|false", default_value = "false", action = clap::ArgAction::Set)]
    hosts: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let classes = HOSTED.into_iter().chain(KEPT.into_iter().filter(|_| arguments.hosts));
    let sources = Sources::here()?;
    sources.build_scalegate()?;
    let mut verdict = sources.scalegate(["ci", "verdict"]);
    verdict.arg(process::absolute(&arguments.records)?).arg(process::absolute(&arguments.out)?).args(classes);
    Ok(exit_code(process::status(&mut verdict)?))
}

/// The exit code of a check; that of an error for whatever had none.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2))
}
