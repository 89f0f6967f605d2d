//! The gate's own record: how often it is wrong, measured by simulation.
//!
//!     cargo run --release -p scalegate --example evidence
//!     cargo run --release -p scalegate --example evidence -- 100
//!
//! The first prints and writes `docs/evidence/simulations.md`. Each number has its seed, so that another run gives the same. The second makes
//! one run of a hundred and only prints, which is enough to see whether a change of the code changes any number.
#![expect(clippy::print_stdout, reason = "the record is what this program is for")]

mod coverage;
mod early_stop;
mod effort;
mod false_alarms;
mod misses;
mod power;
mod recorded;

use std::fs;
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Instant;

use scalegate::{Error, Result, paths};

use crate::effort::Effort;

const PLACE: &str = "docs/evidence/simulations.md";

const HEAD: &str = "# The gate's own record

Written by `cargo run --release -p scalegate --example evidence`; each section names its seed. Rates are of simulated runs: what a
simulation has not in it (a drift between two runs, for instance) is in none of these numbers.
";

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    let Ok(divisor) = argument.map(|text| text.parse::<NonZero<u64>>()).transpose() else {
        eprintln!("usage: evidence [N], to make one run of N");
        return ExitCode::from(2);
    };
    match evidence(Effort::one_of(divisor)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn evidence(effort: Effort) -> Result<()> {
    let start = Instant::now();
    let recorded = recorded::load()?;
    let sections = [
        false_alarms::section(&recorded, effort)?,
        power::section(effort),
        misses::section(&recorded, effort)?,
        coverage::section(effort),
        early_stop::section(&recorded, effort)?,
    ];
    let text = format!("{HEAD}\n{}", sections.join("\n"));
    println!("{text}");
    if effort.is_full() {
        let place = paths::of_workspace(PLACE);
        fs::write(&place, &text)
            .map_err(|e| Error::new(PLACE, format!("can't be written: {e}"), "run this in the repository"))?;
        println!("written to {} after {:.0} s", place.display(), start.elapsed().as_secs_f64());
    }
    Ok(())
}
