//! The JSON of `tool: customSmallerIsBetter` of github-action-benchmark:
//! <https://github.com/benchmark-action/github-action-benchmark#tool-specific-setup>.

use serde::Serialize;

use super::costs::costs;
use crate::metric::Metric;
use crate::record::Run;
use crate::{Error, Result};

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    range: String,
    extra: String,
}

/// An entry for each workload, metric and size, of the metrics of which less is better.
///
/// `range` is half the distance from the least to the greatest cost among the rounds.
///
/// # Errors
/// A run without a sample of such a metric.
pub fn benchmark_action(run: &Run) -> Result<Vec<u8>> {
    let less_is_better = |metric: Metric| !matches!(metric, Metric::TokensPerJoule | Metric::Utilisation);
    let entries: Vec<Entry> = costs(run, |series| less_is_better(series.metric))?
        .into_iter()
        .map(|cost| {
            let series = cost.series;
            Entry {
                name: format!("{} {} at {} {}", series.workload, series.metric, cost.size, series.axis.name()),
                unit: series.metric.unit(),
                value: cost.median,
                range: format!("± {}", (cost.highest - cost.lowest) / 2.0),
                extra: format!("median over rounds (n = {}) on {}", cost.rounds, run.provenance.host.class),
            }
        })
        .collect();
    let text = serde_json::to_string_pretty(&entries)
        .map_err(|error| Error::new("export", error, "report this as a fault of scalegate"))?;
    Ok(format!("{text}\n").into_bytes())
}
