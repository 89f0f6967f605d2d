//! `scalegate fit`.

use std::process::ExitCode;

use clap::Args;

use super::{Format, RunPath, check};
use crate::analysis::{self, SeriesFit, Unfitted};
use crate::output::print;
use crate::record::{self, Run, Series};
use crate::{Error, Result, report};

/// Fit the laws of a run, with intervals
///
/// Exits with 0, 2 for unreadable input, 3 if a required series has samples and no law, or nothing has one.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunPath,
    /// How to print the laws
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let run: Run = record::read_json(&arguments.run.run)?;
    let fits = analysis::fit_run(&run);
    match arguments.format {
        Format::Text => print(&report::fits_text(&fits))?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&report::fits_json(&fits))
                .map_err(|error| Error::new("the laws", error, "report this as a fault of scalegate"))?;
            print(&format!("{text}\n"))?;
        }
    }
    // Samples without a law are an answer that is missing, and the exit code says so where the answer is required. That a metric was
    // unavailable is what the record says, unless it says nothing else.
    let settings = check::settings()?;
    let required = settings.required(&run.provenance.host.class);
    let has_result = |fit: &SeriesFit| !matches!(fit.outcome, Err(Unfitted::Fault(_)));
    let is_answered = |(fit, series): (&SeriesFit, &Series)| {
        has_result(fit) || series.unavailable.is_some() || !required.contains(&series.metric)
    };
    let is_whole = fits.iter().any(has_result) && fits.iter().zip(&run.series).all(is_answered);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
