//! `scalegate check`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::BaselinePath;
use super::join::by_host;
use crate::analysis::{self, Check, Expected, RunLaws};
use crate::baseline::{Store, count_key};
use crate::config::{Config, GateSettings};
use crate::gate::Outcome;
use crate::metric::Metric;
use crate::output::print;
use crate::record::{Run, Series};
use crate::session::{self, Tree};
use crate::{Result, paths, report};

/// Nobody knows whether the sources here are as good as their baselines.
const NOT_COMPARABLE: u8 = 3;

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
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let default = [paths::run()];
    let names = if arguments.runs.is_empty() { &default[..] } else { &arguments.runs[..] };
    let config = Config::load_here()?;
    let settings = config.gate.clone();
    let runs = by_host(names)?;
    let (mut expected, stale) = expectations(&runs, arguments.runs.is_empty(), &config)?;
    expected.hosts.clone_from(&arguments.classes);
    if !stale.is_empty() {
        let place = names[0].display();
        eprintln!(
            "not comparable with the tree: {place}: {}\n  help: measure again with `scalegate run`, or name the record to have it \
             judged as it is: `scalegate check {place}`",
            stale.join("; ")
        );
        return Ok(ExitCode::from(NOT_COMPARABLE));
    }
    analysis::check_budgets(&runs, &settings, &expected)?;
    let store = arguments.baseline.store()?;
    let check = analysis::check(&runs, &store, &settings, &expected)?;
    if let Some(revision) = accepted_revision(&check, &runs, &store)? {
        eprintln!("note: `scalegate why {revision}` names the functions that cost more than in what was accepted");
    }
    match arguments.format {
        Format::Text => print(&report::check_text(&check))?,
        Format::Json => print(&report::check_json(&check))?,
        Format::Markdown => {
            let laws = changed_laws(&check, &runs, &store)?;
            print(&report::check_markdown(&check, &laws, &expected.names()))?;
        }
    }
    Ok(ExitCode::from(check.verdict.exit_code()))
}

/// The commit whose counts were accepted, if counts of instructions regressed against them.
fn accepted_revision(check: &Check, runs: &[Run], store: &Store) -> Result<Option<String>> {
    let is_regressed = |series: &&Series| {
        let its = check.findings.iter().filter(|finding| finding.key() == series.key());
        series.metric == Metric::Instructions && its.clone().any(|finding| finding.outcome == Outcome::Regressed)
    };
    for series in runs.iter().flat_map(|run| &run.series).filter(is_regressed) {
        let accepted = store.counts(&count_key(series))?;
        let its = accepted.iter().find(|baseline| baseline.series().key() == series.key());
        let program = its.and_then(|baseline| baseline.run.provenance.program.clone());
        if let Some(revision) = program.filter(|its| its.dirty == Some(false)).and_then(|its| its.revision) {
            return Ok(Some(revision.get(..10).unwrap_or(&revision).to_owned()));
        }
    }
    Ok(None)
}

/// The laws of what regressed or improved.
pub(super) fn changed_laws<'a>(check: &Check, runs: &'a [Run], store: &Store) -> Result<Vec<RunLaws<'a>>> {
    let is_changed = |run: &Run, series: &Series| {
        check.findings.iter().any(|finding| {
            matches!(finding.outcome, Outcome::Regressed | Outcome::Improved)
                && finding.host == run.provenance.host.class
                && finding.key() == series.key()
        })
    };
    runs.iter().map(|run| analysis::laws(run, store, |series| is_changed(run, series))).collect()
}

/// The tolerances of the configuration here; records of other tools are checked without one.
pub(super) fn settings() -> Result<GateSettings> {
    Ok(Config::load_here()?.gate)
}

/// What has to be there for a pass, and in what a record differs from the package in the working directory.
///
/// A record that is named is judged as it is, and so is what another tool measured.
fn expectations(runs: &[Run], is_default: bool, config: &Config) -> Result<(Expected, Vec<String>)> {
    let is_ours = |run: &&Run| !run.provenance.is_imported();
    let (Some(run), true) = (runs.iter().find(is_ours), is_default) else {
        return Ok((Expected::default(), Vec::new()));
    };
    let Ok(tree) = Tree::here(config) else { return Ok((Expected::default(), Vec::new())) };
    let mut stale = tree.staleness(config, &run.provenance)?;
    if !stale.is_empty() {
        return Ok((Expected::default(), stale));
    }
    let (targets, others) = session::described(&tree, config, &run.provenance)?;
    stale.extend(others);
    Ok((Expected::of(&targets), stale))
}
