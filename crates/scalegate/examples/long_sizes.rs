//! What fewer samples of long sizes save in a round, and how much wider the rounds then spread: of records and baselines that have all
//! of their samples.
//!
//! ```text
//! cargo run --release -p scalegate --example long_sizes -- FILE…
//! ```
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use scalegate::baseline::Baseline;
use scalegate::metric::Metric;
use scalegate::record::{self, Run};
use scalegate::{Error, Result};

/// How long the samples of a size may take in a round, in seconds.
const LIMITS: [f64; 6] = [3.0, 1.0, 0.7, 0.5, 0.3, 0.2];

/// What Criterion aims at for a size, in seconds; shorter sizes take that long whatever the limit.
const AIMED_AT: f64 = 0.1;

/// The samples of one size, by round.
type Cell = Vec<Vec<f64>>;

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        eprintln!("usage: long_sizes FILE…");
        return ExitCode::from(2);
    }
    match cells(&names) {
        Ok(cells) => {
            table(&cells);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// All sizes of wall time in these files.
fn cells(names: &[String]) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for name in names {
        let path = Path::new(name);
        let run: Run = match record::read_json::<Baseline>(path) {
            Ok(baseline) => baseline.run,
            Err(_) => record::read_json(path)?,
        };
        for series in run.series.iter().filter(|series| series.metric == Metric::WallTime) {
            let mut sizes: BTreeMap<u64, Cell> = BTreeMap::new();
            for sample in &series.samples {
                sizes.entry(sample.size).or_default().push(sample.values.clone());
            }
            cells.extend(sizes.into_values().filter(|rounds| rounds.len() > 1));
        }
    }
    if cells.is_empty() {
        return Err(Error::new("these files", "none has wall time of two rounds", "name records of `cargo bench`"));
    }
    Ok(cells)
}

fn table(cells: &[Cell]) {
    println!(
        "| limit | samples of a round | sizes with fewer samples, of {} | spread between rounds of these |",
        cells.len()
    );
    println!("|---|---|---|---|");
    for limit in LIMITS {
        let (mut round_s, mut log_ratios) = (0.0, Vec::new());
        for rounds in cells {
            let all = rounds.iter().map(Vec::len).min().unwrap_or_default();
            let each = mean(rounds.iter().map(|samples| mean(samples.iter().copied())));
            let kept = ((limit / each) as usize).clamp(1, all);
            round_s += (kept as f64 * each).max(AIMED_AT);
            if kept < all {
                let spread_of = |n: usize| spread(rounds.iter().map(|samples| mean(samples[..n].iter().copied())));
                log_ratios.push((spread_of(kept) / spread_of(all)).ln());
            }
        }
        let wider = if log_ratios.is_empty() { 1.0 } else { mean(log_ratios.iter().copied()).exp() };
        println!("| {limit} s | {round_s:.1} s | {} | × {wider:.2} |", log_ratios.len());
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

/// The standard deviation.
fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let center = mean(values.clone());
    let n = values.clone().count() as f64;
    (values.map(|value| (value - center).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}
