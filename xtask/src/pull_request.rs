//! What a pull request goes through, played on this machine.

use std::process::{ExitCode, Stdio};

use clap::Args;
use scalegate::Result;
use scalegate::ci::{self, Digest};

use crate::process;
use crate::sources::{Sources, Version};
use crate::verdict::exit_code;
use crate::{counts, mutants, suite};

/// Play a pull request on this machine: count base and change, and show verdict, annotations, summary and comment
///
/// The base is accepted, and the change is checked against it alone: what is committed may have been counted with other tools.
/// Ends as `scalegate check` does. Needs Valgrind. Build nothing else meanwhile: tract is not compiled again for this.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Commit of the base [default: where HEAD left main]
    base: Option<String>,
    /// Commit of the change [default: the working tree]
    change: Option<String>,
    /// The change is this patch of xtask/mutants on the working tree
    #[arg(long, value_name = "NAME", conflicts_with_all = ["base", "suite"])]
    mutant: Option<String>,
    /// The change is OLD replaced by NEW in suite.toml of the working tree
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "base")]
    suite: Option<Vec<String>>,
    /// Leave out all other workloads, on both sides
    #[arg(long, value_name = "WORKLOAD")]
    only: Option<String>,
    /// Class of hosts that this machine stands for
    #[arg(long, env = "SCALEGATE_HOST_CLASS", default_value = "github-hosted-x86-64")]
    class: String,
}

/// What came of it.
pub(crate) struct Played {
    pub(crate) status: std::process::ExitStatus,
    pub(crate) annotations: String,
    pub(crate) summary: String,
    pub(crate) comment: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let played = play(arguments)?;
    for (title, text) in [
        ("annotations", &played.annotations),
        ("summary of the job", &played.summary),
        ("comment on the pull request", &played.comment),
    ] {
        println!("\n== {title}\n{text}");
    }
    Ok(exit_code(played.status))
}

pub(crate) fn play(arguments: &Arguments) -> Result<Played> {
    let sources = Sources::here()?;
    let (mut base, mut change) = versions(arguments, &sources)?;
    if let Some(workload) = &arguments.only {
        for version in [&mut base, &mut change] {
            let text = suite::with_one_counted(&sources.file(version, suite::FILE)?, workload)?;
            *version = sources.with_file(version, suite::FILE, &text)?;
        }
    }
    let out = sources.target().join("pull-request");
    process::remove(&out)?;
    let records = out.join("records").join("here");
    // The change's own gate and configuration say what is tolerated, as on GitHub.
    let checkout = counts::take(&sources, &base, &change, &records, Some(&arguments.class))?;
    let mut verdict = checkout.scalegate(["ci", "verdict"]);
    verdict.arg(out.join("records")).arg(&out).arg(&arguments.class).arg("--baseline").arg(out.join("none"));
    verdict.stdout(Stdio::inherit());
    let output = process::output(&mut verdict)?;
    let digest = Digest::read(&out.join("digest.json"))?;
    Ok(Played {
        status: output.status,
        annotations: String::from_utf8_lossy(&output.stderr).into_owned(),
        summary: process::read(&out.join("summary.md"))?,
        comment: ci::comment(&digest, None),
    })
}

/// Base and change.
fn versions(arguments: &Arguments, sources: &Sources) -> Result<(Version, Version)> {
    if let Some(name) = &arguments.mutant {
        let base = sources.working_tree()?;
        let patch = mutants::patch(sources.root(), name)?;
        let change = sources.patched(&base, &patch)?;
        return Ok((base, change));
    }
    if let Some([old, new]) = arguments.suite.as_deref() {
        let base = sources.working_tree()?;
        let text = suite::with_setting(&sources.file(&base, suite::FILE)?, old, new)?;
        let change = sources.with_file(&base, suite::FILE, &text)?;
        return Ok((base, change));
    }
    let base = match &arguments.base {
        Some(name) => name.clone(),
        None => sources.merge_base("main")?,
    };
    let change = match &arguments.change {
        Some(name) => sources.commit(name)?,
        None => sources.working_tree()?,
    };
    Ok((sources.commit(&base)?, change))
}
