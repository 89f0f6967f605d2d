//! One verdict over what the jobs of a GitHub run have sent.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use clap::Args;
use scalegate::ci::{self, Origin, Results};
use scalegate::{Error, Result};

use crate::process::{self, command};

/// Classes of hosts that GitHub has, and whose record is always expected.
const HOSTED: [&str; 2] = ["github-hosted-x86-64", "github-hosted-arm64"];
/// Classes of hosts that are kept for measuring.
const KEPT: [&str; 2] = ["macbook-m2", "raspberry-pi-5"];

/// Give one verdict over the records of a GitHub run
///
/// The command line that gives it is the one that came with the counts. Ends as `scalegate check` does.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory with a directory for each host
    records: PathBuf,
    /// Directory for check.json, summary.md and digest.json
    out: PathBuf,
    /// Whether machines that are kept for measuring take part: true or false
    #[arg(long, env = "HOSTS_WANTED", default_value = "false", action = clap::ArgAction::Set)]
    hosts: bool,
    /// Number of the pull request
    #[arg(long, env = "PULL_REQUEST")]
    pull_request: Option<u32>,
    /// Hash of the measured commit
    #[arg(long, env = "COMMIT")]
    commit: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let program = match downloaded(&arguments.records) {
        Ok(program) => program,
        Err(error) => {
            let cause = format!("There is nothing to give a verdict with: {error}");
            let results = Results::new(&arguments.out)?;
            results.write_fault(&cause, arguments.origin()?)?;
            eprintln!("{}", ci::fault_annotation(&cause));
            return Ok(ExitCode::from(3));
        }
    };
    let classes = HOSTED.into_iter().chain(KEPT.into_iter().filter(|_| arguments.hosts));
    let mut verdict = command(program, ["ci", "verdict"]);
    verdict.arg(&arguments.records).arg(&arguments.out).args(classes);
    if let Some(number) = arguments.pull_request {
        verdict.args(["--pull-request", &number.to_string()]);
    }
    if let Some(commit) = &arguments.commit {
        verdict.args(["--commit", commit]);
    }
    Ok(exit_code(process::status(&mut verdict)?))
}

impl Arguments {
    fn origin(&self) -> Result<Origin> {
        let commit = self.commit.as_deref().unwrap_or_default();
        let commit = commit.parse().map_err(|cause: String| Error::new("COMMIT", cause, "give the whole hash"))?;
        Ok(Origin { pull_request: self.pull_request, commit })
    }
}

/// The command line that came with the counts of the hosted x86-64 machine. An artifact does not keep the permission to run it.
pub(crate) fn downloaded(records: &Path) -> Result<PathBuf> {
    let path = records.join(format!("records-{}", HOSTED[0])).join("scalegate");
    let fail = |error: std::io::Error| Error::new(path.display(), error, "it comes with `cargo xtask counts`");
    let path = std::path::absolute(&path).map_err(fail)?;
    make_executable(&path).map_err(fail)?;
    Ok(path)
}

fn make_executable(path: &Path) -> std::io::Result<()> {
    let mut permissions = std::fs::metadata(path)?.permissions();
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    std::fs::set_permissions(path, permissions)
}

/// The exit code of a check; that of an error for whatever had none.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2))
}
