//! A round of programs: each run is timed by itself, and takes long enough for that.

use std::time::{Duration, Instant};

use super::worker::{at, guarded};
use crate::config::MeasureSettings;
use crate::measure::{TimedSample, shuffle};
use crate::{Error, Prepared, Result, Workload};

/// Runs all sizes of `workloads`, each for `measurement_ms` and once at the least, in an order drawn from `seed`.
///
/// Criterion would take ten runs of each at the least, and warm up before: a program starts as cold every time, and ten runs of a second
/// show no more than one of how rounds differ.
///
/// # Errors
/// The first workload that could not be prepared or run.
pub(super) fn round(workloads: &[&dyn Workload], settings: &MeasureSettings, seed: u64) -> Result<Vec<TimedSample>> {
    let mut samples = Vec::new();
    for workload in workloads {
        let mut sizes = workload.sizes();
        shuffle(&mut sizes, seed);
        for size in sizes {
            let timed = || timed(workload.prepare(size)?.as_mut(), Duration::from_millis(settings.measurement_ms));
            let seconds = guarded(timed).map_err(|error| at(error, workload.name(), size))?;
            samples.push(TimedSample { workload: workload.name().into(), size, seconds });
        }
    }
    Ok(samples)
}

fn timed(prepared: &mut dyn Prepared, at_least: Duration) -> Result<Vec<f64>> {
    let begin = Instant::now();
    let mut seconds = Vec::new();
    while seconds.is_empty() || begin.elapsed() < at_least {
        prepared.reset();
        let start = Instant::now();
        prepared.run()?;
        seconds.push(prepared.reported_s().unwrap_or_else(|| start.elapsed().as_secs_f64()));
    }
    costs(seconds)
}

/// Values that may be differences: noise takes single ones below zero, which are no costs, and leaves the mean as it is.
fn costs(seconds: Vec<f64>) -> Result<Vec<f64>> {
    if seconds.iter().all(|seconds| *seconds >= 0.0) {
        return Ok(seconds);
    }
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
    if mean >= 0.0 { Ok(vec![mean]) } else { Err(below_startup()) }
}

/// The error of a cost that is not above that of starting up.
pub(super) fn below_startup() -> Error {
    Error::new(
        "`startup`",
        "it took longer than the command, which therefore has no cost above it",
        "start with larger sizes, name a `startup` that does less, or leave it out: then it is the law's intercept",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports one time after the other.
    struct Reports(Vec<f64>, Option<f64>);

    impl Prepared for Reports {
        fn run(&mut self) -> Result<()> {
            self.1 = self.0.pop();
            Ok(())
        }

        fn reported_s(&self) -> Option<f64> {
            self.1
        }
    }

    #[test]
    fn a_run_is_taken_however_long_it_is_and_its_report_counts() {
        let seconds = timed(&mut Reports(vec![4.0, 9.0], None), Duration::ZERO).unwrap();
        assert_eq!(seconds, [9.0]);
    }

    #[test]
    fn differences_below_zero_are_averaged_and_never_a_cost() {
        assert_eq!(costs(vec![3.0, 1.0]), Ok(vec![3.0, 1.0]));
        assert_eq!(costs(vec![3.0, -1.0]), Ok(vec![1.0]));
        assert_eq!(costs(vec![1.0, -3.0]), Err(below_startup()));
    }
}
