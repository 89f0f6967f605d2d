//! The gate's own record: how often it is wrong, measured by simulation.
//!
//!     cargo run --release --example evidence
//!
//! prints and writes `docs/evidence.md`. Each number has its seed, so that another run gives the same.
#![expect(clippy::print_stdout, reason = "the record is what this program is for")]

mod coverage;
mod false_alarms;
mod misses;
mod power;
mod recorded;
mod simulate;

use std::fs;
use std::path::Path;
use std::time::Instant;

use scalegate::{Error, Result};

const PLACE: &str = "docs/evidence.md";

const HEAD: &str = "# The gate's own record

Written by `cargo run --release --example evidence`; each section names its seed. Rates are of simulated runs: what a
simulation has not in it (a drift between two runs, for instance) is in none of these numbers.
";

fn main() -> Result<()> {
    let start = Instant::now();
    let recorded = recorded::load()?;
    let sections =
        [false_alarms::section(&recorded)?, power::section(), misses::section(&recorded)?, coverage::section()];
    let text = format!("{HEAD}\n{}", sections.join("\n"));
    println!("{text}");
    fs::write(Path::new(PLACE), &text)
        .map_err(|e| Error::new(PLACE, format!("can't be written: {e}"), "run this from the root of the repository"))?;
    println!("written to {PLACE} after {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
