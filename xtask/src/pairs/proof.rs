//! The gate is alive: it passes what changes nothing, and fails what does more work.

use clap::Args;
use scalegate::{Error, Result};

use super::package::{Package, moved, with_more};

/// What is planted, in hundredths of the work: far beyond the tolerance of 1 %.
const PLANTED: u32 = 5;
/// How long each comparison may measure.
const SECONDS: f64 = 60.0;

/// See that `scalegate ab` ends with 0 for a change that costs nothing and with 1 for 5 % more work
///
/// Fails otherwise: a gate that calls nothing regressed is as useless as one that calls everything so.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<()> {
    let package = Package::new()?;
    package.branch("moved", "src/lib.rs", &moved(1))?;
    package.branch("more", "src/lib.rs", &with_more(PLANTED))?;
    for (head, expected) in [("moved", 0), ("more", 1)] {
        let ended = package.show_ab("main", head, "pairs/chain", SECONDS)?;
        if ended != Some(expected) {
            return Err(Error::new(
                format!("scalegate ab main {head}"),
                format!("it ended with {ended:?}, and not with {expected}"),
                "see what it printed above: the gate does not judge as it should on this machine",
            ));
        }
    }
    println!("a change that costs nothing passed, and {PLANTED} % more work was called regressed");
    Ok(())
}
