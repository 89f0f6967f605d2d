//! The bench target of heap allocations: every case is run once to warm up and once to be counted.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::cases::{Cases, sample};
use super::record::{exit_code, keep};
use crate::measure;
use crate::metric::Metric;
use crate::record::Series;
use crate::workload::Workload;
use crate::{Error, Result, inference};

const METRICS: [Metric; 2] = [Metric::HeapBytes, Metric::HeapBlocks];

/// What one inference allocated, whether or not it freed it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeapUse {
    /// Sum of the sizes of all allocations.
    pub bytes: u64,
    /// Number of allocations.
    pub blocks: u64,
}

/// The body of the bench target's `main`. `count` calls the closure that it is given once, and says what that allocated.
pub fn main(count: impl Fn(&mut dyn FnMut()) -> HeapUse) -> ExitCode {
    exit_code(run(&count))
}

fn run(count: &dyn Fn(&mut dyn FnMut()) -> HeapUse) -> Result<()> {
    let Some(cases) = Cases::of_this_process(&METRICS)? else { return Ok(()) };
    let environment = measure::heap_environment(&inference::kernel_family());
    let mut series = Vec::new();
    for workload in &cases.workloads {
        series.extend(counted(workload.as_ref(), &environment, count)?);
    }
    series.retain(|series| cases.request.wants(series.metric));
    keep(&cases.suite, &cases.request.out, series)
}

fn counted(
    workload: &dyn Workload,
    environment: &BTreeMap<String, String>,
    count: &dyn Fn(&mut dyn FnMut()) -> HeapUse,
) -> Result<[Series; 2]> {
    let uses: Vec<(u64, HeapUse)> = workload
        .sizes()
        .into_iter()
        .map(|size| one_case(workload, size, count).map(|heap| (size, heap)))
        .collect::<Result<_>>()?;
    Ok(METRICS.map(|metric| {
        let value = |heap: &HeapUse| if metric == Metric::HeapBytes { heap.bytes } else { heap.blocks };
        let samples = uses.iter().map(|(size, heap)| sample(*size, value(heap))).collect();
        Cases::series(workload, metric, environment, Ok(samples))
    }))
}

fn one_case(workload: &dyn Workload, size: u64, count: &dyn Fn(&mut dyn FnMut()) -> HeapUse) -> Result<HeapUse> {
    let blame = |error: Error| {
        Error::new(format!("{} at size {size}: {}", workload.name(), error.place()), error.cause(), error.remedy())
    };
    let mut prepared = workload.prepare(size).map_err(blame)?;
    prepared.run().map_err(blame)?;
    prepared.reset();
    let mut outcome = Ok(());
    let heap = count(&mut || outcome = prepared.run());
    outcome.map_err(blame).map(|()| heap)
}
