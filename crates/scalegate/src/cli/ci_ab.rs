//! `scalegate ci ab`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

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
    #[arg(long, value_name = "TIME", value_parser = crate::time::budget)]
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
        names_cause: true,
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
    let AbOutcome { record, check, measured, unpaired, why } = outcome;
    let json = report::pairs_json(record, check, why.as_ref());
    let note =
        |words: &String| CheckedNote { host: record.host.class.clone(), words: format!("{words}: it is not compared") };
    let file = CheckFile::of_pairs("the verdict", &json, unpaired.iter().map(note).collect())?;
    results.write_check(&json)?;
    let cause = why.as_ref().map(report::why_markdown).unwrap_or_default();
    results.write_summary(&(report::pairs_markdown(record, check, *measured) + &cause))?;
    let digest = Digest::new(&file, arguments.origin.origin()).in_pairs();
    results.write_digest(&why.iter().fold(digest, Digest::because))?;
    eprint!("{}", ci::annotations(&file, ConfigPath::here().lines()?.as_ref()));
    print(&report::pairs_text(record, check, *measured))?;
    why.as_ref().map_or(Ok(()), |why| print(&format!("\n{}", report::why_text(why))))?;
    Ok(ExitCode::from(check.verdict.exit_code()))
}
