//! `scalegate ci ab`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::ab::budget;
use super::ci::{ConfigPath, OriginArguments};
use crate::ci::{self, CheckFile, CheckedNote, Digest, Results};
use crate::metric::Metric;
use crate::output::print;
use crate::session::{self, AbOutcome, AbRequest};
use crate::{Result, measure, paths, report};

/// Compare the working tree with a base in pairs, and leave a check, a summary, annotations and a digest
///
/// OUT gets check.json, summary.md and digest.json. Ends as `scalegate ab` does.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory to write to
    out: PathBuf,
    /// Revision to compare with [default: the merge base of HEAD and the default branch]
    base: Option<String>,
    /// How long to measure at most, such as `5m`, all workloads together [default: a minute for each]
    #[arg(long, value_name = "TIME", value_parser = budget)]
    budget: Option<Duration>,
    #[command(flatten)]
    origin: OriginArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let results = Results::new(&arguments.out)?;
    let request = AbRequest {
        base: arguments.base.clone(),
        head: None,
        aa: false,
        workloads: Vec::new(),
        metrics: vec![Metric::WallTime],
        budget: arguments.budget,
        out: paths::pairs(),
    };
    let cause = match session::ab(&request) {
        Ok(outcome) => return leave(&outcome, &results, arguments),
        Err(error) if measure::interrupted() => {
            eprintln!("{error}");
            return Ok(ExitCode::from(session::INTERRUPTED));
        }
        Err(error) => error,
    };
    let fault = format!("Base and head could not be compared: {cause}");
    results.write_fault(&Digest::fault(&fault, arguments.origin.origin()).in_pairs())?;
    eprintln!("{}", ci::fault_annotation(&fault));
    Err(cause)
}

fn leave(outcome: &AbOutcome, results: &Results, arguments: &Arguments) -> Result<ExitCode> {
    let AbOutcome { record, check, measured, unpaired } = outcome;
    let json = report::pairs_json(record, check);
    let note =
        |words: &String| CheckedNote { host: record.host.class.clone(), words: format!("{words}: it is not compared") };
    let file = CheckFile::of_pairs("the verdict", &json, unpaired.iter().map(note).collect())?;
    results.write_check(&json)?;
    results.write_summary(&report::pairs_markdown(record, check, *measured))?;
    results.write_digest(&Digest::new(&file, arguments.origin.origin()).in_pairs())?;
    eprint!("{}", ci::annotations(&file, ConfigPath::here().lines()?.as_ref()));
    print(&report::pairs_text(record, check, *measured))?;
    Ok(ExitCode::from(check.verdict.exit_code()))
}
