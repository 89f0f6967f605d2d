//! How well counts repeat on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use scalegate::metric::Metric;
use scalegate::record::{self, Run};
use scalegate::{Error, Result};

use crate::process;
use crate::sources::Sources;

/// What callgrind and the counting allocator count.
const METRICS: [Metric; 6] =
    [Metric::Instructions, Metric::HeapBytes, Metric::HeapBlocks, Metric::Branches, Metric::D1Misses, Metric::LlMisses];

/// Count several times, the second half beside a loop that keeps one core busy, and print the range of every count
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often to count
    #[arg(default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
    runs: u32,
    /// Records of earlier runs, instead of counting
    #[arg(long = "record", value_name = "RUN", conflicts_with = "runs")]
    records: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let runs = if arguments.records.is_empty() {
        count(arguments.runs)?
    } else {
        arguments.records.iter().map(|path| record::read_json(path)).collect::<Result<Vec<_>>>()?
    };
    print!("{}", table(&runs));
    Ok(())
}

fn count(runs: u32) -> Result<Vec<Run>> {
    let sources = Sources::here()?;
    let checkout = sources.check_out(&sources.working_tree()?)?;
    checkout.build()?;
    let work = process::temporary_directory()?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut records = Vec::new();
        let counted = (0..runs).try_for_each(|run| {
            if run == runs.div_ceil(2) {
                eprintln!("from here on beside a busy loop");
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let path = work.path().join("run.json");
            checkout.run(METRICS.iter().flat_map(|metric| ["--metric", metric.name()]), &path)?;
            records.push(record::read_json(&path)?);
            eprintln!("run {} of {runs}", run + 1);
            Ok::<(), Error>(())
        });
        is_over.store(true, Ordering::Relaxed);
        counted.map(|()| records)
    })
}

/// The counts of each size over the runs.
#[derive(Debug, Default)]
struct Counts {
    sizes: BTreeMap<u64, Vec<f64>>,
}

impl Counts {
    fn row(&self) -> String {
        let ends = |counts: &[f64]| {
            counts.iter().fold((f64::INFINITY, 0.0f64), |(low, high), &count| (low.min(count), high.max(count)))
        };
        let all: Vec<f64> = self.sizes.values().flatten().copied().collect();
        let (low, high) = ends(&all);
        let runs = self.sizes.values().map(Vec::len).min().unwrap_or_default();
        let (mut range, mut relative) = (0.0f64, 0.0f64);
        for (low, high) in self.sizes.values().map(|counts| ends(counts)) {
            range = range.max(high - low);
            relative = relative.max((high - low) / high.max(1.0));
        }
        let range = if range == 0.0 { "none".to_owned() } else { format!("{range} ({:.4} %)", 100.0 * relative) };
        format!("{} | {runs} | {low} to {high} | {range}", self.sizes.len())
    }
}

fn table(runs: &[Run]) -> String {
    let mut rows: BTreeMap<(&str, Metric), Counts> = BTreeMap::new();
    for series in runs.iter().flat_map(|run| &run.series).filter(|series| METRICS.contains(&series.metric)) {
        let counts = rows.entry((&*series.workload, series.metric)).or_default();
        for sample in &series.samples {
            counts.sizes.entry(sample.size).or_default().extend(&sample.values);
        }
    }
    let head = "| workload | metric | sizes | runs | smallest to largest count | largest range of a size |";
    let rows =
        rows.iter().map(|((workload, metric), counts)| format!("| {workload} | {metric} | {} |\n", counts.row()));
    format!("{head}\n|---|---|---|---|---|---|\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_range_of_a_size_is_absolute_and_relative() {
        let counts = |values: &[f64]| Counts { sizes: BTreeMap::from([(1, values.to_vec()), (2, vec![400.0; 2])]) };
        assert_eq!(counts(&[200.0, 200.0]).row(), "2 | 2 | 200 to 400 | none");
        assert_eq!(counts(&[200.0, 202.0]).row(), "2 | 2 | 200 to 400 | 2 (0.9901 %)");
    }
}
