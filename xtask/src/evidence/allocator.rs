//! The spread of a workload between processes, with the system's allocator and with mimalloc.

use scalegate::{Error, Result};

use crate::process::{self, command};
use crate::sources::{Sources, cargo};

const ALLOCATORS: [&str; 2] = ["system", "mimalloc"];

/// Run llm/prefill in fresh processes with the system's allocator and with mimalloc, in turn: A B B A
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often to take the four turns
    #[arg(default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
}

pub(super) fn run(arguments: &Arguments, sources: &Sources) -> Result<()> {
    let examples = ALLOCATORS.map(|name| format!("allocator_{name}"));
    let mut build = command(cargo(), ["build", "--release", "--locked"]);
    build.args(examples.iter().flat_map(|name| ["--example", name])).current_dir(sources.root());
    process::run(&mut build)?;
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..arguments.turns {
        for which in [0, 1, 1, 0] {
            let program = sources.target().join("release/examples").join(&examples[which]);
            let text = process::text(&mut command(program, [""; 0]))?;
            let time_ms = text.trim().parse().map_err(|_| {
                Error::new(&examples[which], format!("it printed `{text}` and no time"), "run it alone to see why")
            })?;
            times[which].push(time_ms);
        }
    }
    for (name, mut times) in ALLOCATORS.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{name:<8}  {}", spread(&times));
    }
    Ok(())
}

/// The ends of sorted times, and the lower median.
fn spread(times: &[f64]) -> String {
    let (smallest, largest) = (times[0], times[times.len() - 1]);
    let median = times[(times.len() - 1) / 2];
    let count = times.len();
    format!(
        "{count} processes: {smallest:.2} to {largest:.2} ms, median {median:.2}, largest over smallest {:.2}",
        largest / smallest
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_ends_and_median() {
        assert_eq!(
            spread(&[1.0, 2.0, 3.0, 4.0]),
            "4 processes: 1.00 to 4.00 ms, median 2.00, largest over smallest 4.00"
        );
    }
}
