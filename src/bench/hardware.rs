//! Instructions counted by the processor, in rounds.

use std::collections::{BTreeMap, HashMap};

use super::cases::Cases;
use crate::measure::{self, InstructionCounter};
use crate::metric::Metric;
use crate::record::{Sample, Series};
use crate::workload::{Prepared, Workload};
use crate::{Error, Result};

/// Inferences that are counted for each size and round: an interrupt of the kernel leaves a few instructions in one of
/// them, and the median of five does not see it.
const INFERENCES: usize = 5;

/// The series of this host's counter; the reason where there is none.
pub(super) fn series(cases: &Cases, allocator: &str) -> Result<Vec<Series>> {
    if !cases.request.wants(Metric::InstructionsHw) {
        return Ok(Vec::new());
    }
    let environment = BTreeMap::from([("allocator".to_owned(), allocator.to_owned())]);
    let mut all = Vec::new();
    for workload in &cases.workloads {
        let samples = match measure::instruction_counter() {
            Ok(mut counter) => counted(workload.as_ref(), cases, counter.as_mut())?,
            Err(reason) => Err(reason),
        };
        all.push(Cases::series(workload.as_ref(), Metric::InstructionsHw, &environment, samples));
    }
    Ok(all)
}

/// Samples, or why the counter has none.
fn counted(
    workload: &dyn Workload,
    cases: &Cases,
    counter: &mut dyn InstructionCounter,
) -> Result<std::result::Result<Vec<Sample>, String>> {
    let mut prepared: HashMap<u64, Box<dyn Prepared>> = HashMap::new();
    for size in workload.sizes() {
        let mut ready = workload.prepare(size)?;
        ready.run()?;
        prepared.insert(size, ready);
    }
    let rounds = cases.request.rounds.unwrap_or(cases.suite.measure.rounds);
    let mut samples = Vec::new();
    for round in 0..rounds {
        let mut sizes = workload.sizes();
        measure::shuffle(&mut sizes, cases.suite.seed.wrapping_add(u64::from(round)));
        for size in sizes {
            let Some(ready) = prepared.get_mut(&size) else { continue };
            match inferences(ready.as_mut(), counter)? {
                Ok(values) => samples.push(Sample { size, round, values }),
                Err(reason) => return Ok(Err(reason)),
            }
        }
    }
    Ok(Ok(samples))
}

fn inferences(
    ready: &mut dyn Prepared,
    counter: &mut dyn InstructionCounter,
) -> Result<std::result::Result<Vec<f64>, String>> {
    let mut values = Vec::with_capacity(INFERENCES);
    for _ in 0..INFERENCES {
        ready.reset();
        if let Err(reason) = counter.start() {
            return Ok(Err(reason));
        }
        let outcome: std::result::Result<(), Error> = ready.run();
        match counter.stop() {
            Ok(count) => values.push(count as f64),
            Err(reason) => return Ok(Err(reason)),
        }
        outcome?;
    }
    Ok(Ok(values))
}
