//! How well counts repeat: the range of every size over several records of one program.
//!
//! ```text
//! cargo run --release --example repeatability -- RUN RUN…
//! ```
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use scalegate::metric::Metric;
use scalegate::record::{self, Run};

/// What callgrind and the counting allocator count.
const METRICS: [Metric; 6] =
    [Metric::Instructions, Metric::HeapBytes, Metric::HeapBlocks, Metric::Branches, Metric::D1Misses, Metric::LlMisses];

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.len() < 2 {
        eprintln!("usage: repeatability RUN RUN…");
        return ExitCode::from(2);
    }
    let runs: Result<Vec<Run>, _> = names.iter().map(|name| record::read_json(Path::new(name))).collect();
    match runs {
        Ok(runs) => {
            print(&runs);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn print(runs: &[Run]) {
    println!("| workload | metric | sizes | runs | smallest to largest count | largest range of a size |");
    println!("|---|---|---|---|---|---|");
    let mut rows: BTreeMap<(String, Metric), BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
    for series in runs.iter().flat_map(|run| &run.series).filter(|series| METRICS.contains(&series.metric)) {
        let sizes = rows.entry((series.workload.clone(), series.metric)).or_default();
        for sample in &series.samples {
            sizes.entry(sample.size).or_default().extend(&sample.values);
        }
    }
    for ((workload, metric), sizes) in rows {
        let ends = |counts: &[f64]| {
            counts.iter().fold((f64::INFINITY, 0.0f64), |(low, high), &count| (low.min(count), high.max(count)))
        };
        let all: Vec<f64> = sizes.values().flatten().copied().collect();
        let (low, high) = ends(&all);
        let runs = sizes.values().map(Vec::len).min().unwrap_or_default();
        let range = sizes.values().map(|counts| ends(counts)).map(|(low, high)| high - low);
        let relative = sizes.values().map(|counts| ends(counts)).map(|(low, high)| (high - low) / high.max(1.0));
        let (range, relative) = (range.fold(0.0, f64::max), relative.fold(0.0, f64::max));
        let words = if range == 0.0 { "none".to_owned() } else { format!("{range} ({:.4} %)", 100.0 * relative) };
        println!("| {workload} | {metric} | {} | {runs} | {low} to {high} | {words} |", sizes.len());
    }
}
