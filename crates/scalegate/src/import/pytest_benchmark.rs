//! The JSON of pytest-benchmark (`--benchmark-json`, or what `--benchmark-save` keeps), of tests with `parametrize`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::collect::{Collector, Imported, Measured, Order, place, read, text};
use super::name::sized;
use crate::record::Provenance;
use crate::{Axis, Error, Result};

const REMEDY: &str = "write the file with pytest --benchmark-json=FILE, and with -k NAME if not all benchmarks have a size; give a test \
                      its size with @pytest.mark.parametrize(\"n\", [256, 512, …]), and say with --axis what the size counts, or call \
                      one of several parameters as the axis";

#[derive(Deserialize)]
struct Document {
    machine_info: Option<Machine>,
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Machine {
    cpu: Option<Cpu>,
}

#[derive(Deserialize)]
struct Cpu {
    brand_raw: Option<String>,
}

#[derive(Deserialize)]
struct Benchmark {
    /// For instance `tests/test_sort.py::test_sort[shuffled-256]`.
    fullname: String,
    params: Option<BTreeMap<String, Value>>,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    /// Seconds for each call.
    median: f64,
}

/// Reads wall times: the median of the rounds of each test, which pytest-benchmark takes one after the other, so that each file is a
/// round here. A workload is named by its test and by what its parameters say beside the size.
///
/// # Errors
/// No JSON of pytest-benchmark; or a test without a parameter that is a size.
pub fn pytest_benchmark(paths: &[PathBuf], axis: Option<&Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    let mut provenance = Provenance::imported();
    for path in paths {
        let document: Document =
            serde_json::from_str(&read(path)?).map_err(|error| Error::new(place(path), error, REMEDY))?;
        collector.next_file();
        for (i, benchmark) in document.benchmarks.iter().enumerate() {
            add(&mut collector, benchmark, axis).map_err(|cause| {
                Error::new(format!("{}: benchmarks[{i}], {}", place(path), benchmark.fullname), cause, REMEDY)
            })?;
        }
        let cpu = document.machine_info.and_then(|machine| machine.cpu?.brand_raw);
        provenance.on_processor(cpu).map_err(|cause| Error::new(place(path), cause, REMEDY))?;
    }
    collector.imported(paths, provenance, Order::Medians, REMEDY)
}

fn add(collector: &mut Collector, benchmark: &Benchmark, axis: Option<&Axis>) -> Result<(), String> {
    let test = benchmark.fullname.split('[').next().unwrap_or_default();
    let parameters = benchmark.params.iter().flatten().map(|(name, value)| format!("{name}={}", text(value)));
    let parts: Vec<String> = std::iter::once(test.to_owned()).chain(parameters).collect();
    let name = sized(parts.iter().map(String::as_str), axis)?;
    let axis = axis.cloned().or(name.axis).ok_or("what its size counts is unknown")?;
    collector.add(Measured::wall_time(&name.workload, &axis, name.size, benchmark.stats.median), Order::Medians)
}
