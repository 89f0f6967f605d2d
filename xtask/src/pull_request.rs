//! What a pull request goes through, played on this machine.

use std::process::{ExitCode, ExitStatus};

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
/// Ends as `scalegate check` does. Needs Valgrind. Tract is not compiled again where `cargo bench` or the tests have compiled it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Commit of the base [default: where HEAD left the default branch]
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
    /// Play a change that does nothing and one that is harmful instead, and expect what has to come of them
    #[arg(long, conflicts_with_all = ["base", "mutant", "suite", "only"])]
    self_test: bool,
    /// Class of hosts that this machine stands for
    #[arg(long, env = "SCALEGATE_HOST_CLASS", default_value = "github-hosted-x86-64")]
    class: String,
}

/// What came of it.
struct Played {
    status: ExitStatus,
    annotations: String,
    summary: String,
    comment: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = Sources::here()?;
    if arguments.self_test {
        return play_known(&sources, &arguments.class);
    }
    let (base, change) = versions(arguments, &sources)?;
    let played = play(&sources, [base, change], arguments.only.as_deref(), &arguments.class)?;
    for (title, text) in [
        ("annotations", &played.annotations),
        ("summary of the job", &played.summary),
        ("comment on the pull request", &played.comment),
    ] {
        println!("\n== {title}\n{text}");
    }
    Ok(exit_code(played.status))
}

/// Counts base and change, and does with the counts what the jobs of a run do.
fn play(sources: &Sources, versions: [Version; 2], only: Option<&str>, class: &str) -> Result<Played> {
    let [mut base, mut change] = versions;
    if let Some(workload) = only {
        for version in [&mut base, &mut change] {
            let text = suite::with_one_counted(&sources.file(version, suite::FILE)?, workload)?;
            *version = sources.with_file(version, suite::FILE, &text)?;
        }
    }
    let out = sources.target().join("pull-request");
    process::remove(&out)?;
    let records = out.join("records");
    // The change's own gate and configuration say what is tolerated, as on GitHub.
    let checkout = counts::take(sources, &base, &change, &records.join("here"), Some(class))?;
    // Base and change are compared with each other alone: no baseline has been accepted here.
    let baselines = out.join("baselines");
    process::make_directory(&baselines)?;
    let mut verdict = checkout.scalegate(["ci", "verdict"]);
    verdict.arg(&records).arg(&out).arg(class).arg("--baseline").arg(&baselines);
    let output = process::output(sources.in_repository(&mut verdict, checkout.place()))?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    let digest = Digest::read(&out.join("digest.json"))?;
    Ok(Played {
        status: output.status,
        annotations: String::from_utf8_lossy(&output.stderr).into_owned(),
        summary: process::read(&out.join("summary.md"))?,
        comment: ci::comment(&digest, None),
    })
}

/// Plays a change that does nothing and one that loses the KV cache, with the cheapest workload: the first has to pass, and the
/// second to fail with a comment that says what grew.
fn play_known(sources: &Sources, class: &str) -> Result<ExitCode> {
    let unchanged = sources.working_tree()?;
    let text = suite::with_setting(&sources.file(&unchanged, suite::FILE)?, "kv_cache = true", "kv_cache = false")?;
    let lost = sources.with_file(&unchanged, suite::FILE, &text)?;
    let mut is_right = true;
    for (name, change, code, words) in [
        ("a change that does nothing", &unchanged, 0, "## scalegate: pass"),
        ("a lost KV cache", &lost, 1, "- **regressed** `llm/decode` `instructions`"),
    ] {
        let played = play(sources, [unchanged.clone(), change.clone()], Some("llm/decode"), class)?;
        if played.status.code() == Some(code) && played.comment.contains(words) {
            println!("right  {name}: {}; the comment is\n{}", played.status, played.comment);
        } else {
            is_right = false;
            println!("WRONG  {name}: {}, where {code} was wanted and a comment with: {words}", played.status);
            println!("{}\n{}\n{}", played.annotations, played.summary, played.comment);
        }
    }
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        Some(name) => sources.commit(name)?,
        None => sources.merge_base()?,
    };
    let change = match &arguments.change {
        Some(name) => sources.commit(name)?,
        None => sources.working_tree()?,
    };
    Ok((base, change))
}
