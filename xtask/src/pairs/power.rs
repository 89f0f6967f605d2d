//! A known change, over and over: how often it is found.

use std::time::Instant;

use clap::Args;
use scalegate::Result;
use scalegate::gate::Outcome;

use super::load::beside;
use super::package::{Package, percents, with_more};

/// What is planted, in hundredths of the work.
const PLANTED: u32 = 2;
/// zenbench's own margin, beyond which a change counts.
const MARGIN: f64 = 0.01;

/// Plant 2 % more work, and see how often it is called regressed; zenbench measures the same in turns
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How often
    #[arg(long, default_value_t = 20)]
    runs: u32,
    /// How long a run of `scalegate ab` may measure, in seconds
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// The function: chain, words or numbers
    #[arg(long, default_value = "chain")]
    function: String,
    /// Beside two threads that come and go
    #[arg(long)]
    loaded: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let package = Package::new()?;
    package.branch("more", "src/lib.rs", &with_more(PLANTED))?;
    let workload = format!("pairs/{}", arguments.function);
    let zenbench = if arguments.function == "chain" { Some(package.zenbench()?) } else { None };
    // Both are built before the first run is timed.
    package.ab("main", "more", &workload, 1.0)?;
    println!(
        "| run | verdict | slope | pairs of rounds | seconds, start included | zenbench |\n|---|---|---|---|---|---|"
    );
    let (mut found, mut found_by_zenbench) = (0, 0);
    for run in 1..=arguments.runs {
        let start = Instant::now();
        let answer = beside(arguments.loaded, || package.ab("main", "more", &workload, arguments.seconds))?;
        let seconds = start.elapsed().as_secs_f64();
        package.keep("power", run)?;
        let slope = answer.slope();
        let outcome = slope.map(|slope| slope.outcome);
        found += u32::from(outcome == Some(Outcome::Regressed));
        let other = zenbench.as_ref().map(|it| beside(arguments.loaded, || it.run())).transpose()?;
        found_by_zenbench += u32::from(other.is_some_and(|change| change.lower > MARGIN));
        println!(
            "| {run} | {} | {} {} | {} | {seconds:.0} | {} |",
            answer.check.verdict,
            outcome.map_or_else(String::new, |outcome| outcome.to_string()),
            percents(slope.and_then(|slope| slope.change)),
            answer.pairs(),
            percents(other)
        );
    }
    println!("\n{found} of {} called regressed by their slope", arguments.runs);
    if zenbench.is_some() {
        println!("{found_by_zenbench} of {} with zenbench's interval of 95 % above its margin of 1 %", arguments.runs);
    }
    Ok(())
}
