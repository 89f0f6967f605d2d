//! The JSON of Google Benchmark (`--benchmark_format=json`), of benchmarks that take their size as an argument.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::collect::{Collector, Imported, Measured, Order, read, size};
use super::hyperfine::axis_named;
use crate::Axis;
use crate::metric::Metric;
use crate::record::Provenance;
use crate::{Error, Result};

const REMEDY: &str = "run the benchmark with --benchmark_format=json, give it its size as its one argument, as in \
                      BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or \
                      call the argument tokens or pixels with ArgName";

/// Parts of a name that say how it was run, and are no argument.
const SETTINGS: [&str; 6] = ["min_time", "min_warmup_time", "iterations", "repeats", "threads", "time_unit"];
const CLOCKS: [&str; 3] = ["process_time", "real_time", "manual_time"];

#[derive(Deserialize)]
struct Document {
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Benchmark {
    name: String,
    /// Absent before version 1.5.
    run_name: Option<String>,
    run_type: Option<String>,
    /// Its place among the benchmarks as they were registered, and among the arguments of one; absent before version 1.6.
    family_index: Option<u64>,
    per_family_instance_index: Option<u64>,
    #[serde(default)]
    error_occurred: bool,
    error_message: Option<String>,
    real_time: Option<f64>,
    cpu_time: Option<f64>,
    time_unit: Option<String>,
}

/// What a name tells.
#[derive(Debug, PartialEq)]
struct Name {
    workload: String,
    size: u64,
    axis: Option<Axis>,
    /// Whether CPU time is that of all threads.
    whole_process: bool,
}

/// Reads wall times, and CPU times where those of the whole process were measured. Each repetition is a round if the benchmarks took
/// turns (`--benchmark_enable_random_interleaving=true`), else each file is one.
///
/// # Errors
/// No JSON of Google Benchmark; a benchmark that failed, or whose name does not have its size.
pub fn google_benchmark(paths: &[PathBuf], axis: Option<Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    let mut of_all = Order::Interleaved;
    let is_aggregate = |it: &Benchmark| it.run_type.as_deref().is_some_and(|kind| kind != "iteration");
    for path in paths {
        let text = read(path, REMEDY)?;
        let document: Document =
            serde_json::from_str(&text).map_err(|error| Error::new(path.display(), error, REMEDY))?;
        let order = order(&document.benchmarks);
        if order == Order::Consecutive {
            of_all = order;
        }
        collector.next_file();
        for (i, benchmark) in document.benchmarks.iter().enumerate().filter(|(_, it)| !is_aggregate(it)) {
            add(&mut collector, benchmark, axis.clone(), order).map_err(|cause| {
                Error::new(format!("{}: benchmarks[{i}], {}", path.display(), benchmark.name), cause, REMEDY)
            })?;
        }
    }
    collector.imported(paths, Provenance::imported(), of_all, REMEDY)
}

/// The order in which repetitions were taken. The file does not say it: it lists benchmarks by the time of their last repetition, which
/// is the order of their registration unless they took turns. The few benchmarks that ended in that order all the same pass for
/// consecutive, which claims less.
fn order(benchmarks: &[Benchmark]) -> Order {
    let place = |it: &Benchmark| Some((it.family_index?, it.per_family_instance_index?));
    let places: Vec<(u64, u64)> = benchmarks.iter().filter_map(place).collect();
    if places.is_sorted() { Order::Consecutive } else { Order::Interleaved }
}

fn add(collector: &mut Collector, benchmark: &Benchmark, axis: Option<Axis>, order: Order) -> Result<(), String> {
    if benchmark.error_occurred {
        return Err(format!("it failed: {}", benchmark.error_message.as_deref().unwrap_or("it does not say why")));
    }
    let name = parse(benchmark.run_name.as_deref().unwrap_or(&benchmark.name))?;
    let axis = axis.or(name.axis).ok_or("what its size counts is unknown")?;
    let unit = match benchmark.time_unit.as_deref() {
        Some("ns") => 1e-9,
        Some("us") => 1e-6,
        Some("ms") => 1e-3,
        Some("s") => 1.0,
        other => return Err(format!("its time_unit is {}", other.unwrap_or("missing"))),
    };
    let (workload, size) = (&*name.workload, name.size);
    let time = |value: Option<f64>, field: &str| value.map(|it| it * unit).ok_or(format!("it has no {field}"));
    let mut times = vec![(Metric::WallTime, time(benchmark.real_time, "real_time")?)];
    if name.whole_process {
        times.push((Metric::CpuTime, time(benchmark.cpu_time, "cpu_time")?));
    }
    for (metric, value) in times {
        let protocol = BTreeMap::new();
        let measured = Measured { workload, axis: axis.clone(), metric, size, value, tokens: None, protocol };
        collector.add(measured, order)?;
    }
    Ok(())
}

/// Takes a name such as `Prefill/tokens:64/batch:8/repeats:5` apart: the size is the argument called `tokens` or `pixels`, or
/// the only one that is a number.
fn parse(name: &str) -> Result<Name, String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut named = None;
    let mut numbers: Vec<(usize, u64)> = Vec::new();
    let mut whole_process = false;
    for part in name.split('/') {
        let (key, value) = part.split_once(':').unwrap_or(("", part));
        if SETTINGS.contains(&key) {
            continue;
        }
        if CLOCKS.contains(&part) {
            whole_process |= part == "process_time";
            continue;
        }
        if let (Some(axis), Some(size)) = (axis_named(key), size(value)) {
            named = Some((axis, size));
            continue;
        }
        if let Some(size) = size(value) {
            numbers.push((kept.len(), size));
        }
        kept.push(part);
    }
    let (axis, size) = match (named, &numbers[..]) {
        (Some((axis, size)), _) => (Some(axis), size),
        (None, &[(position, size)]) => {
            kept.remove(position);
            (None, size)
        }
        (None, []) => return Err("its name has no argument above zero, and so no size".to_owned()),
        (None, _) => return Err("it is unknown which of its arguments is the size".to_owned()),
    };
    Ok(Name { workload: kept.join("/"), size, axis, whole_process })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_the_one_argument_or_the_one_with_a_name() {
        let name = |workload: &str, size, axis, whole_process| Name {
            workload: workload.to_owned(),
            size,
            axis,
            whole_process,
        };
        assert_eq!(parse("Prefill/64/min_time:0.020/repeats:5"), Ok(name("Prefill", 64, None, false)));
        assert_eq!(parse("Prefill/process_time/real_time/64"), Ok(name("Prefill", 64, None, true)));
        assert_eq!(
            parse("Encode/pixels:200704/batch:8"),
            Ok(name("Encode/batch:8", 200_704, Some(Axis::PIXELS), false))
        );
        insta::assert_snapshot!(parse("Prefill").unwrap_err(), @"its name has no argument above zero, and so no size");
        insta::assert_snapshot!(parse("Prefill/64/8").unwrap_err(), @"it is unknown which of its arguments is the size");
    }
}
