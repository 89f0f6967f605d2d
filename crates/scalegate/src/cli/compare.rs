//! `scalegate compare`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{check, report as page};
use crate::analysis::{self, Comparison, SeriesFit};
use crate::output::print;
use crate::record::{self, Run};
use crate::{Result, report};

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
    show(&names[0], &others, arguments.format)?;
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

/// The names of records without folder and ending, or the paths themselves if two have the same name.
fn names(paths: &[&Path]) -> Vec<String> {
    let stem = |path: &&Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stems: Vec<String> = paths.iter().map(stem).collect();
    let distinct: BTreeSet<&String> = stems.iter().collect();
    if distinct.len() == stems.len() { stems } else { paths.iter().map(|path| path.display().to_string()).collect() }
}
