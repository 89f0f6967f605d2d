//! What Criterion and cargo-criterion write: the directory of `cargo bench`, or the messages of
//! `cargo criterion --message-format=json`, one JSON object a line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::collect::{Collector, Imported, Measured, Order, place, read};
use super::name::size;
use crate::law::median;
use crate::measure::{CriterionSample, read_criterion};
use crate::record::Provenance;
use crate::{Axis, Error, Resolution, Result};

const REMEDY: &str = "name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its \
                      size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis \
                      what the size counts";

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

#[derive(Deserialize)]
struct Message {
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

/// A benchmark of either form.
struct Benchmark {
    /// Group, function and parameter, with `/` between them.
    id: String,
    elements: Option<u64>,
    bytes: Option<u64>,
    /// Of each sample, for an iteration.
    seconds: Vec<f64>,
}

/// Benchmarks on their way to a record.
#[derive(Default)]
struct Benchmarks {
    collector: Collector,
    /// By workload and size: what is of the same workload and size has to be the same benchmark.
    ids: HashMap<(String, u64), String>,
}

/// Reads wall times: the median of the samples of each benchmark, which share what their process was like. Each directory is a round. In a
/// file of messages a benchmark that comes again, from another run, is the next round.
///
/// The size is the throughput in bytes for the axis `bytes`, else that in elements, else the number at the end of the name.
///
/// # Errors
/// A line that is no message, a file that is none of Criterion; a benchmark without a size, or whose values are no times.
pub fn criterion(paths: &[PathBuf], axis: Option<&Axis>) -> Result<Imported> {
    let mut benchmarks = Benchmarks::default();
    for path in paths {
        benchmarks.collector.next_file();
        if path.is_dir() {
            for sample in read_criterion(path)? {
                let benchmark = Benchmark::from(sample);
                let fail = |cause| Error::new(format!("{}: {}", path.display(), benchmark.id), cause, REMEDY);
                benchmarks.add(&benchmark, axis).map_err(fail)?;
            }
        } else {
            messages(&mut benchmarks, path, axis)?;
        }
    }
    benchmarks.collector.imported(paths, Provenance::imported(), Order::Medians, REMEDY)
}

fn messages(benchmarks: &mut Benchmarks, path: &Path, axis: Option<&Axis>) -> Result<()> {
    let text = read(path)?;
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fail = |cause: String| Error::new(format!("{}:{}", place(path), i + 1), cause, REMEDY);
        let message: Reason = serde_json::from_str(line).map_err(|error| fail(error.to_string()))?;
        if message.reason != "benchmark-complete" {
            continue;
        }
        let message: Message = serde_json::from_str(line).map_err(|error| fail(error.to_string()))?;
        let id = message.id.clone();
        let fail = |cause| fail(format!("{id}: {cause}"));
        let benchmark = Benchmark::try_from(message).map_err(fail)?;
        benchmarks.add(&benchmark, axis).map_err(fail)?;
    }
    Ok(())
}

impl TryFrom<Message> for Benchmark {
    type Error = String;

    fn try_from(message: Message) -> Result<Self, String> {
        let Message { id, iteration_count, measured_values, unit, throughput } = message;
        if unit != "ns" {
            return Err(format!("its values are in `{unit}`, and not in ns"));
        }
        if iteration_count.len() != measured_values.len() {
            return Err("it has not as many values as counts of iterations".to_owned());
        }
        let in_unit = |unit: &str| throughput.iter().find(|it| it.unit == unit).map(|it| it.per_iteration);
        let seconds = measured_values.iter().zip(&iteration_count).map(|(ns, n)| ns * 1e-9 / *n as f64).collect();
        Ok(Self { id, elements: in_unit("elements"), bytes: in_unit("bytes"), seconds })
    }
}

impl From<CriterionSample> for Benchmark {
    fn from(sample: CriterionSample) -> Self {
        let CriterionSample { group, function, parameter, elements, bytes, seconds } = sample;
        let id = [Some(group), function, parameter].into_iter().flatten().collect::<Vec<_>>().join("/");
        Self { id, elements, bytes, seconds }
    }
}

impl Benchmarks {
    fn add(&mut self, benchmark: &Benchmark, axis: Option<&Axis>) -> Result<(), String> {
        let (workload, size, axis) = sized(benchmark, axis)?;
        let id = self.ids.entry((workload.clone(), size)).or_insert_with(|| benchmark.id.clone());
        if *id != benchmark.id {
            return Err(format!("it has the size of {id}, which is {size} {}", axis.name()));
        }
        let value = median(benchmark.seconds.iter().copied()).ok_or("it has no values")?;
        self.collector.add(Measured::wall_time(&workload, &axis, size, value), Order::Medians)
    }
}

/// Workload, size, and what the size counts.
fn sized(benchmark: &Benchmark, axis: Option<&Axis>) -> Result<(String, u64, Axis), String> {
    let Benchmark { id, elements, bytes, .. } = benchmark;
    let at_end = id.rsplit_once('/').and_then(|(name, end)| Some((name, number(end)?)));
    let workload = at_end.map_or(&**id, |(name, _)| name).to_owned();
    let found = match (axis, elements, bytes) {
        (Some(axis), _, Some(bytes)) if *axis == Axis::BYTES => Some((*bytes, axis.clone())),
        (None, None, Some(bytes)) => Some((*bytes, Axis::BYTES)),
        (axis, elements, _) => {
            let size = elements.or(at_end.map(|(_, size)| size));
            let axis = |size| Ok::<_, String>((size, axis.cloned().ok_or("what its size counts is unknown")?));
            size.map(axis).transpose()?
        }
    };
    let (size, axis) =
        found.ok_or("it has neither a throughput in elements nor a number at the end of its name, and so no size")?;
    Ok((workload, size, axis))
}

/// A size as a parameter is written: a number, or a resolution.
fn number(text: &str) -> Option<u64> {
    size(text).or_else(|| text.parse::<Resolution>().ok().map(Resolution::pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        id: &str,
        elements: Option<u64>,
        bytes: Option<u64>,
        axis: Option<&Axis>,
    ) -> Result<(String, u64, Axis), String> {
        sized(&Benchmark { id: id.to_owned(), elements, bytes, seconds: Vec::new() }, axis)
    }

    #[test]
    fn the_size_is_a_throughput_or_the_number_at_the_end() {
        let found = |workload: &str, size, axis| Ok((workload.to_owned(), size, axis));
        let items = &Axis::new("items");
        assert_eq!(
            of("llm/decode/1024", Some(1024), None, Some(&Axis::TOKENS)),
            found("llm/decode", 1024, Axis::TOKENS)
        );
        assert_eq!(
            of("vlm/encode/112x84", Some(9408), None, Some(&Axis::PIXELS)),
            found("vlm/encode", 9408, Axis::PIXELS)
        );
        assert_eq!(
            of("llm/decode/v2", Some(1024), None, Some(&Axis::TOKENS)),
            found("llm/decode/v2", 1024, Axis::TOKENS)
        );
        assert_eq!(of("sort/stable/256", None, Some(2048), None), found("sort/stable", 2048, Axis::BYTES));
        assert_eq!(of("sort/stable/256", None, Some(2048), Some(items)), found("sort/stable", 256, items.clone()));
        assert_eq!(of("sum/256", None, None, Some(items)), found("sum", 256, items.clone()));
    }
}
