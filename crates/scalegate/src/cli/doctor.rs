//! `scalegate doctor`.

use std::process::ExitCode;

use crate::measure::doctor::{Facts, Level, examine};
use crate::output::print;
use crate::{Result, report};

/// Say what this host can measure, and what would disturb it
///
/// Exits with 0 unless what would be measured now could not be used, as on a host that is being throttled; then with 3.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<ExitCode> {
    let facts = Facts::here()?;
    let (measurable, disturbing) = examine(&facts);
    let is_usable = measurable.iter().chain(&disturbing).all(|item| item.level < Level::Unusable);
    print(&report::doctor_text(&facts.host, &measurable, &disturbing))?;
    Ok(if is_usable { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
