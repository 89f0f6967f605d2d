//! The tables of docs/evidence/compression.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use scalegate::law::Interval;
use scalegate::metric::Metric;
use scalegate::record::{self, Run, Series};
use scalegate::{Error, Result};
use serde::Deserialize;

use crate::process;

/// Shares of the compressible weights that are kept.
pub(super) const KEEPS: [&str; 8] = ["0.9", "0.8", "0.7", "0.6", "0.5", "0.4", "0.3", "0.2"];

/// The name of the model that was compressed.
const ORIGINAL: &str = "reference";

/// A way to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    Svd,
    Mpo,
    Calibrated,
    Healed,
}

impl Variant {
    pub(super) const ALL: [Self; 4] = [Self::Svd, Self::Mpo, Self::Calibrated, Self::Healed];

    /// The directory of a model, which is also its name.
    pub(super) fn directory(self, keep: &str) -> String {
        let name = match self {
            Self::Svd => "svd",
            Self::Mpo => "mpo",
            Self::Calibrated => "calibrated",
            Self::Healed => "healed",
        };
        format!("{name}-{keep}")
    }

    fn words(self) -> &'static str {
        match self {
            Self::Svd => "svd",
            Self::Mpo => "mpo",
            Self::Calibrated => "svd, calibrated",
            Self::Healed => "svd, calibrated, healed",
        }
    }
}

/// What `scalegate accuracy --format json` says, as far as the table shows it.
#[derive(Debug, Deserialize)]
struct Accuracy {
    passages: u64,
    predicted_tokens: u64,
    reference_perplexity: Interval,
    candidate_perplexity: Interval,
    perplexity_change: Interval,
    divergence_nats: Interval,
    top1_agreement: Interval,
    top5_agreement: Interval,
}

/// What costs by size come to.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// At the largest size.
    Largest,
    /// From the smallest to the largest size, for each token between them.
    Slope,
}

struct Column {
    name: &'static str,
    phase: &'static str,
    metric: Metric,
    reading: Reading,
}

const fn column(name: &'static str, phase: &'static str, metric: Metric, reading: Reading) -> Column {
    Column { name, phase, metric, reading }
}

const COLUMNS: [Column; 9] = [
    column("prefill, slope", "prefill", Metric::WallTime, Reading::Slope),
    column("prefill, 255", "prefill", Metric::WallTime, Reading::Largest),
    column("decode, slope", "decode", Metric::WallTime, Reading::Slope),
    column("decode, 255", "decode", Metric::WallTime, Reading::Largest),
    column("`cpu_auc`, prefill", "prefill", Metric::CpuAuc, Reading::Largest),
    column("`cpu_auc`, decode", "decode", Metric::CpuAuc, Reading::Largest),
    column("`peak_rss`", "prefill", Metric::PeakRss, Reading::Largest),
    column("instructions, prefill", "prefill", Metric::Instructions, Reading::Largest),
    column("instructions, decode", "decode", Metric::Instructions, Reading::Largest),
];

/// Costs by size, by round.
type Rounds = BTreeMap<u32, BTreeMap<u64, f64>>;

/// What follows the mark in the page.
pub(super) fn all(work: &Path) -> Result<String> {
    let runs = ["times.json", "counts.json"].map(|name| record::read_json::<Run>(&work.join(name)));
    let [times, counts] = runs;
    let (times, counts) = (times?, counts?);
    let provenance = &times.provenance;
    let any = accuracy(work, &Variant::Svd.directory(KEEPS[0]))?;
    let mut text = format!(
        "Measured on {}, cores: {}; {}.\n\n### Accuracy\n\nPerplexity of the original: {:.2}, over {} tokens in {} passages.\n\n",
        provenance.host.cpu,
        provenance.host.cores.join(" + "),
        provenance.build.rustc,
        any.reference_perplexity.estimate,
        any.predicted_tokens,
        any.passages
    );
    let head = ["form", "keep", "parameters", "graph, bytes", "perplexity", "change", "KL, nats", "top-1", "top-5"];
    table_head(&mut text, &head);
    for variant in Variant::ALL {
        for keep in KEEPS {
            text += &accuracy_row(work, variant, keep)?;
        }
    }
    text += "\n### Cost\n\n";
    let columns: Vec<&str> = ["form", "keep"].into_iter().chain(COLUMNS.iter().map(|column| column.name)).collect();
    table_head(&mut text, &columns);
    let runs = [times, counts];
    for variant in [Variant::Svd, Variant::Calibrated, Variant::Mpo] {
        for keep in KEEPS {
            let _ = write!(text, "| {} | {keep} |", variant.words());
            for column in &COLUMNS {
                let _ = write!(text, " {:.2} |", ratio(&runs, &variant.directory(keep), column)?);
            }
            text.push('\n');
        }
    }
    Ok(text)
}

fn table_head(text: &mut String, columns: &[&str]) {
    let _ = writeln!(text, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
}

fn accuracy(work: &Path, name: &str) -> Result<Accuracy> {
    let path = work.join(format!("{name}.json"));
    serde_json::from_str(&process::read(&path)?)
        .map_err(|error| Error::new(path.display(), error, "remove it, and run this again"))
}

fn accuracy_row(work: &Path, variant: Variant, keep: &str) -> Result<String> {
    let name = variant.directory(keep);
    let accuracy = accuracy(work, &name)?;
    // Healing changes no shape, and its own program counts nothing.
    let counted = if variant == Variant::Healed { Variant::Calibrated.directory(keep) } else { name.clone() };
    let (remaining, of) = parameters(&work.join(format!("{counted}.txt")))?;
    let graph = work.join(&name).join("onnx/model.onnx");
    let bytes =
        std::fs::metadata(&graph).map_err(|error| Error::new(graph.display(), error, "make the model again"))?.len();
    let change = accuracy.perplexity_change;
    Ok(format!(
        "| {} | {keep} | {remaining} ({:+.0}%) | {bytes} | {:.2} | {:+.1} % ({:+.1} to {:+.1}) | {:.4} | {:.1} % | {:.1} % |\n",
        variant.words(),
        100.0 * (remaining as f64 / of as f64 - 1.0),
        accuracy.candidate_perplexity.estimate,
        100.0 * change.estimate,
        100.0 * change.lower,
        100.0 * change.upper,
        accuracy.divergence_nats.estimate,
        100.0 * accuracy.top1_agreement.estimate,
        100.0 * accuracy.top5_agreement.estimate
    ))
}

/// How many parameters the summary of `scalegate compress` says that remain, and of how many.
fn parameters(path: &Path) -> Result<(u64, u64)> {
    let text = process::read(path)?;
    let numbers = text.lines().find_map(|line| {
        let words: Vec<&str> = line.split(" in the model").next()?.split_whitespace().collect();
        match words[..] {
            [.., remaining, "of", of] if line.contains(" in the model") => {
                Some((remaining.parse().ok()?, of.parse().ok()?))
            }
            _ => None,
        }
    });
    numbers.ok_or_else(|| {
        Error::new(path.display(), "no numbers of parameters in it", "remove the model, and run this again")
    })
}

/// The median over rounds of what a column reads off the costs of a model, over the same of the original.
fn ratio(runs: &[Run], model: &str, column: &Column) -> Result<f64> {
    let (ours, theirs) = (rounds(runs, model, column)?, rounds(runs, ORIGINAL, column)?);
    let mut ratios = Vec::new();
    for (round, costs) in &ours {
        if let (Some(ours), Some(theirs)) =
            (column.reading.of(costs), theirs.get(round).and_then(|it| column.reading.of(it)))
        {
            ratios.push(ours / theirs);
        }
    }
    median(ratios).ok_or_else(|| {
        Error::new(model, format!("no costs for {}", column.name), "remove the records, and run this again")
    })
}

fn rounds(runs: &[Run], model: &str, column: &Column) -> Result<Rounds> {
    let name = format!("{model}/llm/{}", column.phase);
    let is_it = |series: &&Series| series.workload == *name && series.metric == column.metric;
    let fail = |cause: String| Error::new(&name, cause, "remove the records, and run this again");
    let series =
        runs.iter().flat_map(|run| &run.series).find(is_it).ok_or_else(|| fail(format!("no {}", column.metric)))?;
    if let Some(reason) = &series.unavailable {
        return Err(fail(format!("{}: {reason}", column.metric)));
    }
    let mut rounds = Rounds::new();
    for sample in &series.samples {
        let cost = median(sample.values.clone()).ok_or_else(|| fail("a sample without values".to_owned()))?;
        rounds.entry(sample.round).or_default().insert(sample.size, cost);
    }
    Ok(rounds)
}

impl Reading {
    fn of(self, costs: &BTreeMap<u64, f64>) -> Option<f64> {
        let ((smallest, first), (largest, last)) = (costs.first_key_value()?, costs.last_key_value()?);
        match self {
            Self::Largest => Some(*last),
            Self::Slope if smallest < largest => Some((last - first) / (largest - smallest) as f64),
            Self::Slope => None,
        }
    }
}

/// The mean of the two in the middle where there is none.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_the_summary() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("svd-0.9.txt");
        std::fs::write(
            &path,
            "7 of 9 parameters remain in the compressible weights (78 %), 2385664 of 2606720 in the model (92 %)\n",
        )
        .unwrap();
        assert_eq!(parameters(&path).unwrap(), (2_385_664, 2_606_720));
        std::fs::write(&path, "12 of 30 weights\n").unwrap();
        assert!(parameters(&path).is_err());
    }

    #[test]
    fn a_slope_is_what_each_token_adds() {
        let costs = BTreeMap::from([(32, 1.0), (64, 2.0), (132, 6.0)]);
        assert_eq!(Reading::Slope.of(&costs), Some(0.05));
        assert_eq!(Reading::Largest.of(&costs), Some(6.0));
        assert_eq!(Reading::Slope.of(&BTreeMap::from([(64, 2.0)])), None);
    }

    #[test]
    fn a_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
