//! `scalegate compare`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{check, report as page};
use crate::analysis::{self, Comparison, SeriesFit};
use crate::law::Interval;
use crate::output::print;
use crate::record::{self, Run};
use crate::{Error, Result, bounded, report};

/// Compare the costs of runs of one host, each with the first
///
/// Exits with 0 if the others cost the same within the tolerances or less, 1 if one costs more, 2 for unreadable input, 3 if
/// that is not shown or the runs are not comparable.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Record of the run to compare with
    #[arg(value_name = "A")]
    before: PathBuf,
    /// Records of the runs that are compared
    #[arg(value_name = "B", required = true)]
    after: Vec<PathBuf>,
    /// How to print the changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where to write a page: laws over one another, and what models cost beside how well they predict
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// Show the columns of arXiv 2512.16531 instead: areas, energy, time, tokens per second and per joule, similarity
    #[arg(long)]
    paper: bool,
    /// What `scalegate accuracy --format json` wrote of each B beside A, for the similarity of their answers
    #[arg(long, value_name = "FILE.json", requires = "paper")]
    accuracy: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let before: Run = record::read_json(&arguments.before)?;
    let after: Vec<Run> = arguments.after.iter().map(|path| record::read_json(path)).collect::<Result<_>>()?;
    let settings = check::settings()?;
    let paths: Vec<&Path> = std::iter::once(&arguments.before).chain(&arguments.after).map(PathBuf::as_path).collect();
    let names = names(&paths);
    let compared = after.iter().map(|run| analysis::compare(&before, run, &settings));
    let others: Vec<(String, Comparison)> = names[1..].iter().cloned().zip(compared).collect();
    if arguments.paper {
        let runs: Vec<&Run> = std::iter::once(&before).chain(&after).collect();
        show_paper(&names, &runs, arguments)?;
    } else {
        show(&names[0], &others, arguments.format)?;
    }
    if let Some(out) = &arguments.out {
        let runs: Vec<(&str, &Run)> =
            names.iter().map(String::as_str).zip(std::iter::once(&before).chain(&after)).collect();
        let laws: Vec<(&str, Vec<SeriesFit>)> =
            runs.iter().map(|(name, run)| (*name, analysis::fit_run(run))).collect();
        let overlays = analysis::overlays(laws.iter().flat_map(|(name, fits)| fits.iter().map(|fit| (*name, fit))));
        let tradeoffs = analysis::tradeoffs(&runs);
        let shown =
            report::ComparePage { first: &names[0], others: &others, overlays: &overlays, tradeoffs: &tradeoffs };
        page::write(out, &report::compare_html(&shown))?;
    }
    Ok(ExitCode::from(worst(others.iter().map(|(_, comparison)| comparison.verdict.exit_code()))))
}

/// What costs more outweighs what is not shown.
fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    codes.min_by_key(|code| [1, 3, 0].iter().position(|weight| weight == code)).unwrap_or(3)
}

fn show(first: &str, others: &[(String, Comparison)], format: Format) -> Result<()> {
    if let (Format::Json, [_, _, ..]) = (format, others) {
        return print(&report::comparisons_json(others));
    }
    for (index, (name, comparison)) in others.iter().enumerate() {
        if others.len() > 1 {
            let gap = if index == 0 { "" } else { "\n" };
            print(&format!("{gap}{name} beside {first}:\n\n"))?;
        }
        match format {
            Format::Text => print(&report::compare_text(comparison))?,
            Format::Json => print(&report::compare_json(comparison))?,
            Format::Markdown => print(&report::compare_markdown(comparison))?,
        }
    }
    Ok(())
}

/// The columns of the paper.
fn show_paper(names: &[String], runs: &[&Run], arguments: &Arguments) -> Result<()> {
    let table = analysis::paper_table(runs);
    let similarities = similarities(runs.len(), &arguments.accuracy)?;
    let page = report::PaperPage { table: &table, names, similarities: &similarities };
    print(&match arguments.format {
        Format::Text => report::paper_text(&page),
        Format::Json => report::paper_json(&page),
        Format::Markdown => report::paper_markdown(&page),
    })
}

/// The mean similarity of each record's answers, as the paper has it: without as many of the highest as of the lowest.
fn similarities(records: usize, accuracies: &[PathBuf]) -> Result<Vec<Option<Interval>>> {
    let mut similarities = vec![None; records];
    if accuracies.len() >= records {
        let cause = format!("{} files, and records beside the first: {}", accuracies.len(), records - 1);
        return Err(Error::new("--accuracy", cause, "name one for each record B, in their order"));
    }
    for (index, path) in accuracies.iter().enumerate() {
        let fault = |cause: String| {
            Error::new(path.display(), cause, "write it with `scalegate accuracy --prompts … --embed … --format json`")
        };
        let text = bounded::text(path, bounded::MAX_SETTINGS).map_err(|error| fault(error.to_string()))?;
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        let of = |name: &str| {
            let its = &value["continuations"]["similarity"][name];
            serde_json::from_value(its.clone()).map_err(|_| fault("it has no similarity of answers".to_owned()))
        };
        similarities[0] = Some(of("trimmed_reference")?);
        similarities[index + 1] = Some(of("trimmed_candidate")?);
    }
    Ok(similarities)
}

/// The names of records without folder and ending, or the paths themselves if two have the same name.
fn names(paths: &[&Path]) -> Vec<String> {
    let stem = |path: &&Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stems: Vec<String> = paths.iter().map(stem).collect();
    let distinct: BTreeSet<&String> = stems.iter().collect();
    if distinct.len() == stems.len() { stems } else { paths.iter().map(|path| path.display().to_string()).collect() }
}
