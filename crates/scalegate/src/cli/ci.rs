//! `scalegate ci`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::check::changed_laws;
use super::join::by_host;
use super::{BaselinePath, ci_ab, why};
use crate::analysis::{self, Check, Expected};
use crate::baseline::Store;
use crate::ci::{self, CheckFile, Commit, ConfigurationLines, Digest, Origin, Records, Results};
use crate::config::Config;
use crate::gate::{Finding, Outcome};
use crate::metric::Metric;
use crate::output::print;
use crate::record::{PairRecord, Run, read_json};
use crate::time::Date;
use crate::why::Why;
use crate::workload::WorkloadName;
use crate::{Error, Result, report};

/// Turn verdicts into what GitHub shows
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verdict(VerdictArguments),
    Ab(ci_ab::Arguments),
    Digest(DigestArguments),
    Annotate(AnnotateArguments),
    Comment(CommentArguments),
    Noise(NoiseArguments),
}

/// Give one verdict over the records of all hosts, as a check, a summary, annotations and a digest
///
/// RECORDS has a directory for each host: run.json; ab.json, if `scalegate ab` compared the change with its base there; and in
/// base-counts/ the counts of the base as baselines, if it made any. OUT gets check.json, summary.md, digest.json and the baselines that were compared with. Ends as `scalegate check` does.
#[derive(Debug, Args)]
struct VerdictArguments {
    /// Directory of the hosts' directories
    records: PathBuf,
    /// Directory to write to
    out: PathBuf,
    /// Classes of hosts without whose record the verdict is inconclusive
    #[arg(value_name = "CLASS")]
    classes: Vec<String>,
    #[command(flatten)]
    baseline: BaselinePath,
    #[command(flatten)]
    origin: OriginArguments,
}

/// Print the digest of a check, with annotations on standard error
#[derive(Debug, Args)]
struct DigestArguments {
    /// What `scalegate check --format json` printed
    #[arg(value_name = "CHECK.json", required_unless_present = "fault")]
    check: Option<PathBuf>,
    /// Why there is no verdict
    #[arg(long, value_name = "TEXT", conflicts_with = "check")]
    fault: Option<String>,
    #[command(flatten)]
    config: ConfigPath,
    #[command(flatten)]
    origin: OriginArguments,
}

/// Print the annotations of a check
#[derive(Debug, Args)]
struct AnnotateArguments {
    /// What `scalegate check --format json` printed
    #[arg(value_name = "CHECK.json")]
    check: PathBuf,
    #[command(flatten)]
    config: ConfigPath,
}

/// Print the comment of a digest that anybody may have written
#[derive(Debug, Args)]
struct CommentArguments {
    /// What `scalegate ci digest` or `scalegate ci verdict` wrote
    #[arg(value_name = "DIGEST.json")]
    digest: PathBuf,
    /// Address of the run, to be linked
    #[arg(long, env = "RUN_URL", value_name = "URL")]
    run: Option<String>,
    /// Print this field instead
    #[arg(long, value_enum)]
    field: Option<Field>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Field {
    PullRequest,
    Commit,
}

/// Print what two runs of the same code differ by, as rows of comma-separated values
#[derive(Debug, Args)]
struct NoiseArguments {
    /// The second run checked against the first, by `scalegate check --format json`
    #[arg(value_name = "CHECK.json")]
    check: PathBuf,
    /// Day of the runs, as 2026-01-31
    date: Date,
    /// Print the names of the columns first
    #[arg(long)]
    header: bool,
}

/// The configuration whose lines are annotated.
#[derive(Debug, Args)]
pub(super) struct ConfigPath {
    /// Configuration that names the workloads [default: the one of this directory]
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What a verdict is of.
#[derive(Debug, Clone, Args)]
pub(super) struct OriginArguments {
    /// Number of the pull request
    #[arg(long, env = "PULL_REQUEST", value_name = "NUMBER")]
    pull_request: Option<u32>,
    /// Hash of the measured commit
    #[arg(long, env = "COMMIT", value_name = "HASH", default_value = "")]
    commit: Commit,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.command {
        Command::Verdict(arguments) => verdict(arguments),
        Command::Ab(arguments) => ci_ab::run(arguments),
        Command::Digest(arguments) => digest(arguments),
        Command::Annotate(arguments) => {
            print(&ci::annotations(&CheckFile::read(&arguments.check)?, arguments.config.lines()?.as_ref()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Comment(arguments) => comment(arguments),
        Command::Noise(arguments) => {
            print(&ci::noise_rows(&CheckFile::read(&arguments.check)?, &arguments.date, arguments.header)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn digest(arguments: &DigestArguments) -> Result<ExitCode> {
    let origin = arguments.origin.origin();
    let digest = match (&arguments.fault, &arguments.check) {
        (Some(fault), _) => {
            eprintln!("{}", ci::fault_annotation(fault));
            Digest::fault(fault, origin)
        }
        (None, Some(path)) => {
            let check = CheckFile::read(path)?;
            eprint!("{}", ci::annotations(&check, arguments.config.lines()?.as_ref()));
            Digest::new(&check, origin)
        }
        (None, None) => return Err(Error::new("scalegate ci digest", "there is no check", "name its JSON")),
    };
    print(&digest.json()?)?;
    Ok(ExitCode::SUCCESS)
}

fn comment(arguments: &CommentArguments) -> Result<ExitCode> {
    let digest = Digest::read(&arguments.digest)?;
    print(&match arguments.field {
        None => ci::comment(&digest, arguments.run.as_deref().filter(|address| !address.is_empty())),
        Some(Field::Commit) => format!("{}\n", digest.commit()),
        Some(Field::PullRequest) => digest.pull_request().map_or_else(String::new, |number| number.to_string()) + "\n",
    })?;
    Ok(ExitCode::SUCCESS)
}

fn verdict(arguments: &VerdictArguments) -> Result<ExitCode> {
    let results = Results::new(&arguments.out)?;
    let records = Records::new(&arguments.records);
    let (cause, code) = if records.runs()?.is_empty() {
        ("No host has sent a record. See why in the jobs before this one.".to_owned(), 3)
    } else {
        match judge(arguments, &records, &results) {
            Ok(code) => return Ok(ExitCode::from(code)),
            Err(error) => (format!("The records could not be compared: {error}"), 2),
        }
    };
    results.write_fault(&Digest::fault(&cause, arguments.origin.origin()))?;
    eprintln!("{}", ci::fault_annotation(&cause));
    print(&format!("{cause}\n"))?;
    Ok(ExitCode::from(code))
}

/// Checks the records, and writes what comes of it.
fn judge(arguments: &VerdictArguments, records: &Records, results: &Results) -> Result<u8> {
    ci::merge_baselines(arguments.baseline.store()?.root(), records, &results.baselines())?;
    let store = Store::new(results.baselines());
    let expected = Expected { hosts: arguments.classes.clone(), ..Expected::default() };
    let runs = by_host(&records.runs()?)?;
    let pairs = records.pairs()?.iter().map(|path| read_json(path)).collect::<Result<Vec<PairRecord>>>()?;
    let check = analysis::check_with_pairs(&pairs, &runs, &store, &Config::load_here()?, &expected)?;
    let laws = changed_laws(&check, &runs, &store)?;
    let json = report::check_json(&check);
    let file = CheckFile::parse("the verdict", &json)?;
    let why = cause(records, &check);
    let cause = why.as_ref().map(report::why_markdown).unwrap_or_default();
    results.write_check(&json)?;
    results.write_summary(&(report::check_markdown(&check, &laws, &measured_here(&runs)) + &cause))?;
    let digest = Digest::new(&file, arguments.origin.origin());
    results.write_digest(&why.iter().fold(digest, Digest::because))?;
    eprint!("{}", ci::annotations(&file, ConfigPath::here().lines()?.as_ref()));
    print(&report::check_text(&check))?;
    why.as_ref().map_or(Ok(()), |why| print(&format!("\n{}", report::why_text(why))))?;
    Ok(check.verdict.exit_code())
}

/// Where the change comes from, if counts regressed and a host has those of the base by function.
fn cause(records: &Records, check: &Check) -> Option<Why> {
    let is_regressed =
        |it: &&Finding| it.outcome == Outcome::Regressed && it.metric == Metric::Instructions && !it.paired;
    let regressed: BTreeSet<String> =
        check.findings.iter().filter(is_regressed).map(|finding| finding.workload.to_string()).collect();
    if regressed.is_empty() {
        return None;
    }
    let sides = records.counted().ok()?.into_iter().next()?;
    match why::of_records([&sides[0], &sides[1]], &regressed.into_iter().collect::<Vec<_>>()) {
        Ok(why) => Some(why),
        Err(error) => {
            eprintln!("note: the cause is not known: {error}");
            None
        }
    }
}

/// The workloads that can be measured again by `scalegate run`.
fn measured_here(runs: &[Run]) -> Vec<WorkloadName> {
    let ours = runs.iter().filter(|run| !run.provenance.is_imported());
    ours.flat_map(|run| &run.series).map(|series| series.workload.clone()).collect()
}

impl OriginArguments {
    pub(super) fn origin(&self) -> Origin {
        Origin { pull_request: self.pull_request, commit: self.commit.clone() }
    }
}

impl ConfigPath {
    /// The configuration of this directory.
    pub(super) fn here() -> Self {
        Self { file: None }
    }

    /// The lines of the configuration, if there is one.
    pub(super) fn lines(&self) -> Result<Option<ConfigurationLines>> {
        let here = [Config::FILE, Config::SUITE].map(PathBuf::from).into_iter().find(|path| path.exists());
        self.file.clone().or(here).map(|path| ConfigurationLines::read(&path)).transpose()
    }
}
