//! Raw samples out of the files that Criterion leaves.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::workload::WorkloadName;
use crate::{Error, Result};

/// What was timed of one size in one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedSample {
    /// The workload; to Criterion the benchmark group.
    pub workload: WorkloadName,
    /// The size; to Criterion the throughput in elements.
    pub size: u64,
    /// Seconds per inference, one value per sample.
    pub seconds: Vec<f64>,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
enum Throughput {
    Elements(u64),
}

#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Reads all benchmarks below Criterion's output directory, sorted by workload and size.
///
/// The directory has to be the run's own: Criterion leaves earlier files in place, and a stale one looks like a new one.
///
/// # Errors
/// A file that cannot be read, or is none of Criterion.
pub fn read_criterion(directory: &Path) -> Result<Vec<TimedSample>> {
    let mut found = Vec::new();
    collect(directory, &mut found)?;
    let mut samples = found.iter().map(|path| sample(path)).collect::<Result<Vec<_>>>()?;
    samples.sort_unstable_by(|a, b| (&a.workload, a.size).cmp(&(&b.workload, b.size)));
    Ok(samples)
}

/// Directories named `new` that hold a benchmark.
fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let fail = |error: std::io::Error| Error::new(directory.display(), error, "measure again");
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.ends_with("new") && path.join("benchmark.json").is_file() {
            found.push(path);
        } else if path.is_dir() {
            collect(&path, found)?;
        }
    }
    Ok(())
}

fn sample(directory: &Path) -> Result<TimedSample> {
    let benchmark: Benchmark = read(&directory.join("benchmark.json"))?;
    let path = directory.join("sample.json");
    let samples: Samples = read(&path)?;
    let fail = |cause: &str| Error::new(path.display(), cause, "measure again");
    let Some(Throughput::Elements(size)) = benchmark.throughput else {
        return Err(fail("the benchmark has no throughput in elements, which is where its size stands"));
    };
    if samples.iters.len() != samples.times.len() || samples.iters.is_empty() {
        return Err(fail("the numbers of iterations and times differ, or there are none"));
    }
    if samples.iters.iter().any(|&iterations| !iterations.is_finite() || iterations < 1.0) {
        return Err(fail("a sample of no iterations"));
    }
    let seconds = samples.times.iter().zip(&samples.iters).map(|(nanoseconds, n)| nanoseconds / n / 1e9).collect();
    Ok(TimedSample { workload: benchmark.group_id.into(), size, seconds })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let fail = |cause: String| Error::new(path.display(), cause, "measure again");
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| fail(format!("not a file of Criterion 0.8: {error}")))
}
