//! The JSON of Google Benchmark (`--benchmark_format=json`), of benchmarks that take their size as an argument.

use std::path::PathBuf;

use serde::Deserialize;

use super::collect::{Collector, Imported, Measured, Order, place, read};
use super::name::{SizedName, sized};
use crate::metric::Metric;
use crate::record::Provenance;
use crate::{Axis, Error, Result};

const REMEDY: &str = "run the benchmark with --benchmark_format=json, and with --benchmark_filter if not all have a size; give it its \
                      size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what \
                      the size counts, or name several arguments with ArgNames, one of them as the axis";

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
    /// Since version 1.8; a benchmark that was skipped has times of zero.
    #[serde(default)]
    skipped: bool,
    skip_message: Option<String>,
    real_time: Option<f64>,
    cpu_time: Option<f64>,
    time_unit: Option<String>,
}

/// Reads wall times, and CPU times where those of the whole process were measured. Each repetition is a round if the benchmarks took
/// turns (`--benchmark_enable_random_interleaving=true`), else each file is one.
///
/// # Errors
/// No JSON of Google Benchmark; a benchmark that failed, or whose name does not have its size.
pub fn google_benchmark(paths: &[PathBuf], axis: Option<&Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    let mut of_all = Order::Interleaved;
    let is_aggregate = |it: &Benchmark| it.run_type.as_deref().is_some_and(|kind| kind != "iteration");
    for path in paths {
        let document: Document =
            serde_json::from_str(&read(path)?).map_err(|error| Error::new(place(path), error, REMEDY))?;
        let order = order(&document.benchmarks);
        if order == Order::Consecutive {
            of_all = order;
        }
        collector.next_file();
        for (i, benchmark) in document.benchmarks.iter().enumerate().filter(|(_, it)| !is_aggregate(it)) {
            add(&mut collector, benchmark, axis, order).map_err(|cause| {
                Error::new(format!("{}: benchmarks[{i}], {}", place(path), benchmark.name), cause, REMEDY)
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

fn add(collector: &mut Collector, benchmark: &Benchmark, axis: Option<&Axis>, order: Order) -> Result<(), String> {
    let why = |message: &Option<String>| message.as_deref().unwrap_or("it does not say why").to_owned();
    if benchmark.error_occurred {
        return Err(format!("it failed: {}", why(&benchmark.error_message)));
    }
    if benchmark.skipped {
        return Err(format!("it was skipped: {}", why(&benchmark.skip_message)));
    }
    let (name, whole_process) = parse(benchmark.run_name.as_deref().unwrap_or(&benchmark.name), axis)?;
    let axis = axis.cloned().or(name.axis).ok_or("what its size counts is unknown")?;
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
    if whole_process {
        times.push((Metric::CpuTime, time(benchmark.cpu_time, "cpu_time")?));
    }
    for (metric, value) in times {
        collector.add(Measured { metric, ..Measured::wall_time(workload, &axis, size, value) }, order)?;
    }
    Ok(())
}

/// A name such as `Prefill/tokens:64/batch:8/process_time/repeats:5` without what says how it was run, and whether its CPU time is that
/// of all threads.
fn parse(name: &str, axis: Option<&Axis>) -> Result<(SizedName, bool), String> {
    let is_setting =
        |part: &&str| CLOCKS.contains(part) || part.split_once(':').is_some_and(|(key, _)| SETTINGS.contains(&key));
    let name_alone = sized(name.split('/').filter(|part| !is_setting(part)), axis)?;
    Ok((name_alone, name.split('/').any(|part| part == "process_time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_benchmark_was_run_is_no_part_of_its_name() {
        let name = |workload: &str| SizedName { workload: workload.to_owned(), size: 64, axis: None };
        assert_eq!(parse("Prefill/64/min_time:0.020/repeats:5", None), Ok((name("Prefill"), false)));
        assert_eq!(parse("Prefill/process_time/real_time/64", None), Ok((name("Prefill"), true)));
        assert_eq!(
            parse("Prefill/64/batch:8/threads:2", None).unwrap_err(),
            "it is unknown which of its arguments is the size: 64, batch=8"
        );
    }
}
