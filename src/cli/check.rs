//! `scalegate check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::BaselinePath;
use super::join::by_host;
use super::output::print;
use crate::analysis::{self, Check, Expected, RunLaws};
use crate::baseline::Store;
use crate::gate::Outcome;
use crate::record::{Run, Series};
use crate::suite::{GateSettings, Suite};
use crate::{Result, paths, report};

/// What `git bisect run` reads as "this commit can't be tested".
const BISECT_SKIP: u8 = 125;

/// Compare one or more records with the baselines
///
/// Exits with 0 for pass or improved, 1 for regressed or mixed, 2 for unreadable input, 3 for inconclusive.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Records of runs [default: target/scalegate/run.json]
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Class of hosts that has to be among the records; without it the verdict is inconclusive
    #[arg(long = "expect", value_name = "CLASS")]
    classes: Vec<String>,
    #[command(flatten)]
    baseline: BaselinePath,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 125 instead of 2 and 3, for `git bisect run`
    #[arg(long)]
    bisect: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match verdict(arguments) {
        // To `git bisect run` the 2 of an unreadable record would be a bad commit.
        Err(error) if arguments.bisect => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(BISECT_SKIP))
        }
        outcome => outcome,
    }
}

fn verdict(arguments: &Arguments) -> Result<ExitCode> {
    let default = [paths::run()];
    let names = if arguments.runs.is_empty() { &default[..] } else { &arguments.runs[..] };
    let (settings, mut expected) = settings()?;
    expected.hosts.clone_from(&arguments.classes);
    let runs = by_host(names)?;
    let store = Store::new(&arguments.baseline.root);
    let check = analysis::check(&runs, &store, &settings, &expected)?;
    match arguments.format {
        Format::Text => print(&report::check_text(&check))?,
        Format::Json => print(&report::check_json(&check)?)?,
        Format::Markdown => {
            let laws = changed_laws(&check, &runs, &store)?;
            print(&report::check_markdown(&check, &laws, &expected.names()))?;
        }
    }
    Ok(match check.verdict.exit_code() {
        3 if arguments.bisect => ExitCode::from(BISECT_SKIP),
        code => ExitCode::from(code),
    })
}

/// The laws of what regressed or improved.
fn changed_laws<'a>(check: &Check, runs: &'a [Run], store: &Store) -> Result<Vec<RunLaws<'a>>> {
    let is_changed = |run: &Run, series: &Series| {
        check.findings.iter().any(|finding| {
            matches!(finding.outcome, Outcome::Regressed | Outcome::Improved)
                && finding.host == run.provenance.host.class
                && (&*finding.workload, &*finding.metric) == (&*series.workload, series.metric.name())
        })
    };
    runs.iter().map(|run| analysis::laws(run, store, |series| is_changed(run, series))).collect()
}

/// The tolerances and the workloads of the suite here; records of other tools are checked without one.
pub(super) fn settings() -> Result<(GateSettings, Expected)> {
    if Path::new(Suite::FILE).exists() {
        let suite = Suite::load_here()?;
        let expected = Expected::of(&suite);
        Ok((suite.gate, expected))
    } else {
        Ok((GateSettings::default(), Expected::default()))
    }
}
