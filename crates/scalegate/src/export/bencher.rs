//! Bencher Metric Format: <https://bencher.dev/docs/reference/bencher-metric-format>, schema <https://bencher.dev/bmf.json>.

use serde_json::{Map, Value, json};

use super::costs::costs;
use crate::Result;
use crate::record::Run;

/// A benchmark for each workload and size, with a measure for each metric.
///
/// Bencher names measures by slugs with hyphens: `wall_time` is `wall-time`. It knows no units beside those that a measure
/// was created with: values are in those of the record. `lower_value` and `upper_value` are the least and the greatest cost
/// among the rounds.
///
/// # Errors
/// A run without a sample.
pub fn bencher(run: &Run) -> Result<Vec<u8>> {
    let mut benchmarks: Map<String, Value> = Map::new();
    for cost in costs(run, |_| true)? {
        let name = format!("{} {} {}", cost.series.workload, cost.size, cost.series.axis.name());
        let measure = cost.series.metric.name().replace('_', "-");
        let metric = json!({"value": cost.median, "lower_value": cost.lowest, "upper_value": cost.highest});
        let measures = benchmarks.entry(name).or_insert_with(|| json!({}));
        measures[measure] = metric;
    }
    Ok(format!("{:#}\n", Value::Object(benchmarks)).into_bytes())
}
