//! The messages of `cargo criterion --message-format=json`, one JSON object a line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::collect::{Collector, Imported, Measured, Order, read};
use crate::metric::Metric;
use crate::record::Provenance;
use crate::{Axis, Resolution};
use crate::{Error, Result};

const REMEDY: &str = "write the file with cargo criterion --message-format=json, call group.throughput(Throughput::Elements(size)) \
                      for each size, say with --axis what the size counts, and append several runs to one file: each is a round";

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

#[derive(Deserialize)]
struct Benchmark {
    id: String,
    iteration_count: Vec<u64>,
    measured_values: Vec<f64>,
    unit: String,
    throughput: Vec<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    per_iteration: u64,
    unit: String,
}

/// Reads wall times: the median of the samples of each benchmark. The messages hold no parameter, so that the size is the
/// benchmark's throughput in elements. A benchmark that comes again, from another run, is the next round: samples of one
/// process share what that process was like.
///
/// # Errors
/// A line that is no message; a benchmark without such a throughput, or whose values are no times.
pub fn criterion(paths: &[PathBuf], axis: Option<Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    for path in paths {
        let text = read(path, REMEDY)?;
        collector.next_file();
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fail = |cause: String| Error::new(format!("{}:{}", path.display(), i + 1), cause, REMEDY);
            let message: Reason = serde_json::from_str(line).map_err(|error| fail(error.to_string()))?;
            if message.reason != "benchmark-complete" {
                continue;
            }
            let benchmark: Benchmark = serde_json::from_str(line).map_err(|error| fail(error.to_string()))?;
            add(&mut collector, &benchmark, axis.clone())
                .map_err(|cause| fail(format!("{}: {cause}", benchmark.id)))?;
        }
    }
    collector.imported(paths, Provenance::imported(), Order::Interleaved, REMEDY)
}

fn add(collector: &mut Collector, benchmark: &Benchmark, axis: Option<Axis>) -> Result<(), String> {
    let axis = axis.ok_or("what its size counts is unknown")?;
    let elements = benchmark.throughput.iter().find(|it| it.unit == "elements");
    let size = elements.ok_or("it has no throughput in elements, and so no size")?.per_iteration;
    let unit = match benchmark.unit.as_str() {
        "ns" => 1e-9,
        other => return Err(format!("its values are in `{other}`, and not in ns")),
    };
    if benchmark.iteration_count.len() != benchmark.measured_values.len() {
        return Err("it has not as many values as counts of iterations".to_owned());
    }
    let mut times: Vec<f64> =
        benchmark.measured_values.iter().zip(&benchmark.iteration_count).map(|(ns, n)| ns * unit / *n as f64).collect();
    times.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (times.get(times.len().wrapping_sub(1) / 2), times.get(times.len() / 2)) else {
        return Err("it has no values".to_owned());
    };
    let value = f64::midpoint(*low, *high);
    let (workload, metric) = (workload(&benchmark.id, size), Metric::WallTime);
    let protocol = BTreeMap::new();
    let measured = Measured { workload: &workload, axis, metric, size, value, tokens: None, protocol };
    // Its samples are one value already, and runs of it take turns.
    collector.add(measured, Order::Interleaved)
}

/// A benchmark's name without the size at its end, which is written as a number or as a resolution.
fn workload(id: &str, size: u64) -> String {
    let is_size = |part: &str| {
        part.parse() == Ok(size) || part.parse::<Resolution>().is_ok_and(|resolution| resolution.pixels() == size)
    };
    match id.rsplit_once('/') {
        Some((name, part)) if is_size(part) => name.to_owned(),
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_at_the_end_is_no_part_of_the_name() {
        assert_eq!(workload("llm/decode/1024", 1024), "llm/decode");
        assert_eq!(workload("vlm/encode/112x84", 9408), "vlm/encode");
        assert_eq!(workload("llm/decode/v2", 1024), "llm/decode/v2");
    }
}
