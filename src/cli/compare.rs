//! `scalegate compare`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::check;
use super::output::print;
use crate::record::{self, Run};
use crate::{Result, analysis, report};

/// Compare the costs of two runs of one host, the second against the first
///
/// Exits with 0 if the second costs the same within the tolerances or less, 1 if it costs more, 2 for unreadable input, 3 if
/// that is not shown or the runs are not comparable.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Record of the run to compare with
    #[arg(value_name = "A")]
    before: PathBuf,
    /// Record of the run that is compared
    #[arg(value_name = "B")]
    after: PathBuf,
    /// How to print the changes
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
    let (before, after): (Run, Run) = (record::read_json(&arguments.before)?, record::read_json(&arguments.after)?);
    let (settings, _) = check::settings()?;
    let comparison = analysis::compare(&before, &after, &settings);
    match arguments.format {
        Format::Text => print(&report::compare_text(&comparison))?,
        Format::Json => print(&report::compare_json(&comparison)?)?,
        Format::Markdown => print(&report::compare_markdown(&comparison))?,
    }
    Ok(ExitCode::from(comparison.verdict.exit_code()))
}
