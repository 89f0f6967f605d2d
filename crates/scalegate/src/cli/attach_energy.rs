//! `scalegate attach-energy`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::EnergyLog;
use crate::measure::energy::{EnergySource, Log, Metered};
use crate::output::print;
use crate::record::{self, Run};
use crate::{Error, Result, paths, report, session};

/// Give a record the energy that the log of an external meter tells
///
/// For a log that was not complete, or not named, when the run ended: the record has the times of its windows. LOG has the columns
/// `time_s,power_w` or `time_s,volts,amperes`. Exits with 2 if it tells nothing of any workload; the record is then as it was.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The log of the meter
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// Record of a run
    #[arg(value_name = "RUN", default_value_os_t = paths::run())]
    run: PathBuf,
    /// Seconds to add to the log's times to get those of the machine that was measured, which count from 1970
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true)]
    offset: f64,
    /// Find that offset: the one at which power follows the CPU use of the run
    #[arg(long, conflicts_with = "offset")]
    align: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut run: Run = record::read_json(&arguments.run)?;
    let log = Log::new(EnergyLog { path: arguments.log.clone(), offset_s: arguments.offset, align: arguments.align });
    let readings = log.readings().map_err(|cause| {
        Error::new("the log", cause, "name a CSV file with the columns time_s,power_w or time_s,volts,amperes")
    })?;
    let loads = session::loads(&run);
    let meter = match arguments.align && !loads.is_empty() {
        true => Metered::aligned(log.describe(), &readings, &loads)
            .map_err(|cause| Error::new("the clock of the log", cause, "do that, or give its offset by `--offset`"))?,
        false => Metered::new(log.describe(), readings),
    };
    let attached = session::attach_energy(&mut run, &meter);
    if attached.iter().all(|(_, outcome)| outcome.is_err()) {
        let cause = match attached.first() {
            None => "no energy was to be measured in it: its configuration has no `[resources]`",
            Some((_, Err(cause))) => cause,
            Some((_, Ok(_))) => "",
        };
        let remedy = match (attached.is_empty(), loads.is_empty()) {
            (true, _) => "add that section and measure again",
            (false, true) => "the record has no windows that a log could fill: measure again while nothing else runs",
            (false, false) => {
                "give the log of the hours in which this run was measured, with `--offset` or `--align` if its clock is another one"
            }
        };
        return Err(Error::new(arguments.run.display(), cause, remedy));
    }
    record::write_json(&arguments.run, &run)?;
    print(&report::attached_text(&attached))?;
    Ok(ExitCode::SUCCESS)
}
