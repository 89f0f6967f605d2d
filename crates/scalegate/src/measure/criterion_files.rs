//! Raw samples out of the files that Criterion leaves.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result, bounded};

/// What Criterion measured for one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionSample {
    /// The benchmark group.
    pub group: String,
    /// The function within the group, if it has a name.
    pub function: Option<String>,
    /// The parameter as it is written, if there is one.
    pub parameter: Option<String>,
    /// The throughput in elements, if it has one.
    pub elements: Option<u64>,
    /// The throughput in bytes, if it has one.
    pub bytes: Option<u64>,
    /// Seconds per iteration, one value per sample.
    pub seconds: Vec<f64>,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
enum Throughput {
    Elements(u64),
    Bytes(u64),
    BytesDecimal(u64),
    ElementsAndBytes { elements: u64, bytes: u64 },
    Bits(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Reads all benchmarks below Criterion's output directory, in the order of their paths.
///
/// The directory has to be the run's own: Criterion leaves earlier files in place, and a stale one looks like a new one.
///
/// # Errors
/// A file that cannot be read, or is none of Criterion.
pub fn read_criterion(directory: &Path) -> Result<Vec<CriterionSample>> {
    let mut found = Vec::new();
    collect(directory, &mut found)?;
    found.sort_unstable();
    found.iter().map(|path| sample(path)).collect()
}

/// How many benchmarks are complete by now, of a run that may still go on.
pub(crate) fn count_criterion(directory: &Path) -> usize {
    let mut found = Vec::new();
    // What goes away meanwhile is not counted.
    let _ = collect(directory, &mut found);
    found.len()
}

/// Directories named `new` that hold a benchmark.
fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let fail = |error: std::io::Error| Error::new(directory.display(), error, "measure again");
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = entry.path();
        // Not that of what a link leads to: one that leads upwards would never end.
        if !entry.file_type().map_err(fail)?.is_dir() {
            continue;
        }
        if path.ends_with("new") && path.join("benchmark.json").is_file() {
            found.push(path);
        } else {
            collect(&path, found)?;
        }
    }
    Ok(())
}

fn sample(directory: &Path) -> Result<CriterionSample> {
    let Benchmark { group_id: group, function_id: function, value_str: parameter, throughput } =
        read(&directory.join("benchmark.json"))?;
    let (elements, bytes) = match throughput {
        Some(Throughput::Elements(elements)) => (Some(elements), None),
        Some(Throughput::Bytes(bytes) | Throughput::BytesDecimal(bytes)) => (None, Some(bytes)),
        Some(Throughput::ElementsAndBytes { elements, bytes }) => (Some(elements), Some(bytes)),
        Some(Throughput::Bits(_)) | None => (None, None),
    };
    let path = directory.join("sample.json");
    let samples: Samples = read(&path)?;
    let fail = |cause: &str| Error::new(path.display(), cause, "measure again");
    if samples.iters.len() != samples.times.len() || samples.iters.is_empty() {
        return Err(fail("the numbers of iterations and times differ, or there are none"));
    }
    if samples.iters.iter().any(|&iterations| !iterations.is_finite() || iterations < 1.0) {
        return Err(fail("a sample of no iterations"));
    }
    let seconds = samples.times.iter().zip(&samples.iters).map(|(nanoseconds, n)| nanoseconds / n / 1e9).collect();
    Ok(CriterionSample { group, function, parameter, elements, bytes, seconds })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let fail = |cause: String| Error::new(path.display(), cause, "measure again");
    let text = bounded::text(path, bounded::MAX_SETTINGS).map_err(|error| fail(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| fail(format!("not a file of Criterion 0.8: {error}")))
}
