//! Which statistic of a round's samples stands for a size: the spread of slopes and costs over A/A runs, by statistic.
//!
//! ```text
//! cargo xtask evidence estimator DIRECTORY 20
//! cargo xtask evidence estimator DIRECTORY 20 --loaded
//! cargo run --release -p scalegate --example estimator -- DIRECTORY/*.json
//! ```
//!
//! Records are grouped by what their file names have in front of the number, as `quiet-01.json`.
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use scalegate::law::{self, FitOptions, Observations};
use scalegate::metric::Metric;
use scalegate::record::{self, Run, Series};
use scalegate::workload::WorkloadName;
use scalegate::{Error, Result};

/// A statistic of the samples of one size in one round, sorted.
type Statistic = fn(&[f64]) -> f64;

const STATISTICS: [(&str, Statistic); 4] = [
    ("minimum", |sorted| sorted[0]),
    ("lower quartile", |sorted| quantile(sorted, 0.25)),
    ("median", |sorted| quantile(sorted, 0.5)),
    ("mean", |sorted| sorted.iter().sum::<f64>() / sorted.len() as f64),
];

/// What the others are compared with: the statistic in use.
const IN_USE: usize = 3;

/// Resamples of the runs for the interval of a ratio of two spreads.
const RESAMPLES: usize = 4000;
const SEED: u64 = 5;

/// One run's number, and the standard error that its rounds give it.
struct Estimate {
    value: f64,
    standard_error: f64,
}

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.len() < 2 {
        eprintln!("usage: estimator RUN RUN…");
        return ExitCode::from(2);
    }
    match table(&names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn table(names: &[String]) -> Result<()> {
    let mut groups: BTreeMap<(WorkloadName, String), Vec<Series>> = BTreeMap::new();
    for name in names {
        let run: Run = record::read_json(Path::new(name))?;
        let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let machine = stem.rsplit_once('-').map_or(stem.clone(), |(machine, _)| machine.to_owned());
        for series in run.series.into_iter().filter(|series| series.metric == Metric::WallTime) {
            groups.entry((series.workload.clone(), machine.clone())).or_default().push(series);
        }
    }
    println!(
        "| workload | machine | quantity | statistic | runs | mean | SD | SD over the mean's | range | 95 % of pairs below | SD over own SE |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for ((workload, machine), runs) in &groups {
        if runs.len() < 2 {
            return Err(Error::new(
                format!("{workload} on {machine}"),
                "one record has no spread",
                "name two or more, as quiet-01.json and quiet-02.json",
            ));
        }
        for quantity in ["slope", "cost"] {
            let of_runs = |statistic: Statistic| -> Result<Vec<Estimate>> {
                runs.iter().map(|run| estimate(run, statistic, quantity)).collect()
            };
            let in_use = of_runs(STATISTICS[IN_USE].1)?;
            for (name, statistic) in STATISTICS {
                let all = of_runs(statistic)?;
                println!("| {workload} | {machine} | {quantity} | {name} | {}", spread(&all, &in_use));
            }
        }
    }
    Ok(())
}

/// The quantity of a run, with the delete-one jackknife over its rounds.
fn estimate(series: &Series, statistic: Statistic, quantity: &str) -> Result<Estimate> {
    let points: Vec<(f64, u32, f64)> = series
        .samples
        .iter()
        .map(|sample| {
            let mut sorted = sample.values.clone();
            sorted.sort_by(f64::total_cmp);
            (sample.size as f64, sample.round, statistic(&sorted))
        })
        .collect();
    let value = of_fit(points.iter().copied(), quantity)?;
    let rounds = series.n_rounds();
    let without: Result<Vec<f64>> =
        (0..rounds).map(|out| of_fit(points.iter().copied().filter(|(_, round, _)| *round != out), quantity)).collect();
    let without = without?;
    let mean = without.iter().sum::<f64>() / f64::from(rounds);
    let sum: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
    Ok(Estimate { value, standard_error: (sum * f64::from(rounds - 1) / f64::from(rounds)).sqrt() })
}

/// The slope between the ends of the sizes, or the cost at the largest, of the fitted law.
fn of_fit(points: impl Iterator<Item = (f64, u32, f64)>, quantity: &str) -> Result<f64> {
    let fail = |cause: String| Error::new("a series", cause, "record it with `cargo xtask evidence estimator`");
    let observations = Observations::new(points).map_err(|error| fail(error.to_string()))?;
    let options = FitOptions { resamples: 19, ..FitOptions::default() };
    let fit = law::fit(&observations, &options).map_err(|error| fail(error.to_string()))?;
    let (first, last) = (fit.sizes[0], fit.sizes[fit.sizes.len() - 1]);
    Ok(match quantity {
        "slope" => (fit.predict(last) - fit.predict(first)) / (last - first),
        _ => fit.predict(last),
    })
}

fn spread(runs: &[Estimate], in_use: &[Estimate]) -> String {
    let n = runs.len() as f64;
    let every: Vec<usize> = (0..runs.len()).collect();
    let mean = runs.iter().map(|run| run.value).sum::<f64>() / n;
    let sd = relative_sd(runs, &every);
    let own = (runs.iter().map(|run| run.standard_error.powi(2)).sum::<f64>() / n).sqrt();
    let mut values: Vec<f64> = runs.iter().map(|run| run.value).collect();
    values.sort_by(f64::total_cmp);
    let mut pairs: Vec<f64> = Vec::new();
    for (i, low) in values.iter().enumerate() {
        pairs.extend(values[i + 1..].iter().map(|high| high / low - 1.0));
    }
    pairs.sort_by(f64::total_cmp);
    let ratio = |chosen: &[usize]| relative_sd(runs, chosen) / relative_sd(in_use, chosen);
    let (low, high) = bootstrap(runs.len(), ratio);
    format!(
        "{} | {mean:.3e} | {:.1} % | {:.2} [{low:.2}, {high:.2}] | {:.1} % | {:.1} % | {:.1} |",
        runs.len(),
        100.0 * sd,
        ratio(&every),
        100.0 * (values[values.len() - 1] - values[0]) / mean,
        100.0 * quantile(&pairs, 0.95),
        sd * mean / own,
    )
}

/// The standard deviation over the chosen runs, relative to their mean.
fn relative_sd(runs: &[Estimate], chosen: &[usize]) -> f64 {
    let n = chosen.len() as f64;
    let mean = chosen.iter().map(|&i| runs[i].value).sum::<f64>() / n;
    let sum: f64 = chosen.iter().map(|&i| (runs[i].value - mean).powi(2)).sum();
    (sum / (n - 1.0)).sqrt() / mean
}

/// The 95 % percentile interval of a statistic of `n` runs that are drawn with replacement.
fn bootstrap(n: usize, of: impl Fn(&[usize]) -> f64) -> (f64, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut draw = || (0..n).map(|_| (rng.next_u64() % n as u64) as usize).collect::<Vec<_>>();
    // Runs that are all the same one have no spread to compare.
    let mut ratios: Vec<f64> = (0..RESAMPLES).map(|_| of(&draw())).filter(|ratio| ratio.is_finite()).collect();
    ratios.sort_by(f64::total_cmp);
    if ratios.is_empty() { (f64::NAN, f64::NAN) } else { (quantile(&ratios, 0.025), quantile(&ratios, 0.975)) }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    low + (high - low) * position.fract()
}
