//! How often a prediction holds: the two largest sizes are held out of a fit and predicted, or two others of a staircase.
//!
//! ```text
//! cargo xtask evidence predictions
//! ```
//!
//! Prints and writes `docs/evidence/predictions.md`. Each simulated series has its seed, so that another run gives the same numbers.
#![expect(clippy::print_stdout, reason = "the record is what this program is for")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use scalegate::analysis::observations;
use scalegate::baseline::Store;
use scalegate::law::simulate::{Family, LAWS, Law, Noise, STAIRCASES, seeded};
use scalegate::law::{Class, hold_out, hold_out_sizes};
use scalegate::{Error, Result, paths};

const PLACE: &str = "docs/evidence/predictions.md";

const HEAD: &str = "# How often predictions hold

For whoever wants to know what an interval of `scalegate predict` ([laws.md](../laws.md#predictions-scalegate-predict)) is worth. Written by `cargo xtask evidence predictions`. Laws are fitted
without the two largest sizes, which are then predicted; counted are the costs of the held-out rounds that lie within their intervals of 95 %.
";

const RUNS: u64 = 150;
/// Of a staircase, whose fits take longer: every inner size is held out twice.
const STAIRCASE_RUNS: u64 = 22;
const ROUNDS: [u32; 3] = [1, 5, 10];
const CELLS: [f64; 2] = [0.003, 0.02];
/// What all sizes of a round share.
const ROUND: f64 = 0.02;
const FAMILIES: [Family; 4] = [Family::Normal, Family::Heteroscedastic, Family::Heavy, Family::Bimodal];

/// Costs that hold, and all.
type Counts = (u64, u64);

fn main() -> ExitCode {
    let written = recorded().map(|recorded| format!("{HEAD}\n{recorded}\n{}", simulated())).and_then(|text| {
        print!("{text}");
        std::fs::write(PLACE, text).map_err(|error| Error::new(PLACE, error, "run this in the repository"))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// The accepted runs of this repository, by metric.
fn recorded() -> Result<String> {
    let store = Store::new(paths::baselines());
    let mut baselines = store.portable()?;
    for key in store.count_keys()? {
        baselines.extend(store.counts(&key)?);
    }
    for class in store.host_classes()? {
        baselines.extend(store.host(&class)?);
    }
    let mut by_metric: BTreeMap<String, Counts> = BTreeMap::new();
    for series in baselines.into_iter().flat_map(|baseline| baseline.run.series) {
        let Some(counts) = observations(&series).ok().and_then(|its| hold_out(&its)) else { continue };
        add(by_metric.entry(series.metric.to_string()).or_default(), counts);
    }
    let mut text = "## Recorded runs\n\nThe accepted runs in `baselines/`, all workloads.\n\n".to_owned();
    text += "| metric | held-out costs | within their intervals |\n|---|---|---|\n";
    for (metric, (within, all)) in by_metric {
        let _ = writeln!(text, "| `{metric}` | {all} | {within} |");
    }
    Ok(text)
}

/// Simulated runs: by family and class, the lowest and the highest rate of its laws and noises.
fn simulated() -> String {
    let text = format!(
        "## Simulated runs\n\n{RUNS} series for each law, noise and number of rounds, seeds from 0. Noise of a size within a round is {} % in one half and {} % in the other, \
         and {} % are shared by all sizes of a round. *Heteroscedastic* noise is half of that at the smallest size and twice at the largest, so that the held-out sizes \
         are noisier than any that was fitted. The lowest and the highest rate of the laws and noises of a class.\n\n\
         A staircase is not predicted beyond its largest size. Of its {} sizes two that are neither the smallest nor the largest are held out, other ones for each of \
         {STAIRCASE_RUNS} seeds.\n\n\
         | noise | class | 1 round | 5 rounds | 10 rounds |\n|---|---|---|---|---|\n",
        100.0 * CELLS[0],
        100.0 * CELLS[1],
        100.0 * ROUND,
        STAIRCASES[0].1.len()
    );
    let tables = std::thread::scope(|scope| {
        let started = FAMILIES.map(|family| scope.spawn(move || table(family)));
        started.map(|thread| thread.join().unwrap_or_default())
    });
    text + &tables.concat()
}

/// The rows of a family of noise.
fn table(family: Family) -> String {
    let laws = || LAWS.iter().chain(&STAIRCASES);
    let mut classes: Vec<Class> = laws().map(|(class, ..)| *class).collect();
    classes.dedup();
    let mut text = String::new();
    for class in classes {
        let cells = ROUNDS.map(|rounds| {
            let rates = laws().filter(|(its, ..)| *its == class).flat_map(|law| {
                CELLS.map(|cell| {
                    let noise = Noise { family, round: ROUND, ..Noise::cells(cell) };
                    let runs = if class == Class::Staircase { STAIRCASE_RUNS } else { RUNS };
                    rate((0..runs).filter_map(|seed| held_out(law, rounds, noise, seed)))
                })
            });
            let rates: Vec<f64> = rates.collect();
            let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = rates.iter().copied().fold(0.0, f64::max);
            format!("{:.1} to {:.1} %", 100.0 * lowest, 100.0 * highest)
        });
        let _ = writeln!(text, "| {} | {class} | {} |", family.name(), cells.join(" | "));
    }
    text
}

fn held_out((class, sizes, law): &Law, rounds: u32, noise: Noise, seed: u64) -> Option<Counts> {
    let series = seeded(sizes, rounds, noise, seed, law);
    if *class != Class::Staircase {
        return hold_out(&series);
    }
    let inner = &sizes[1..sizes.len() - 1];
    let place = seed as usize;
    hold_out_sizes(&series, &[inner[place % inner.len()], inner[(place + inner.len() / 3) % inner.len()]])
}

fn rate(counts: impl Iterator<Item = Counts>) -> f64 {
    let mut sum = (0, 0);
    counts.for_each(|its| add(&mut sum, its));
    sum.0 as f64 / sum.1 as f64
}

fn add(sum: &mut Counts, counts: Counts) {
    *sum = (sum.0 + counts.0, sum.1 + counts.1);
}
