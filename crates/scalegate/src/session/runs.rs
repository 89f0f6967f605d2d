//! A round of programs: each run is timed by itself, and takes long enough for that.

use std::time::{Duration, Instant};

use super::job::TimedSample;
use super::worker::{at, guarded};
use crate::config::MeasureSettings;
use crate::law::median;
use crate::measure::shuffle;
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
    let (mut seconds, mut above_startup) = (Vec::new(), Vec::new());
    while seconds.is_empty() || begin.elapsed() < at_least {
        prepared.reset();
        let start = Instant::now();
        prepared.run()?;
        let run_s = prepared.reported_s().unwrap_or_else(|| start.elapsed().as_secs_f64());
        above_startup.extend(prepared.startup_s().map(|startup_s| run_s - startup_s));
        seconds.push(run_s);
    }
    // What disturbs a run disturbs a start as often, so that the median of their differences is that without either.
    let Some(cost) = median(above_startup) else { return Ok(seconds) };
    if cost >= 0.0 { Ok(vec![cost]) } else { Err(below_startup()) }
}

/// The error of a cost that is not above that of starting up.
fn below_startup() -> Error {
    Error::new(
        "`startup`",
        "it took longer than the command, which therefore has no cost above it",
        "start with larger sizes, name a `startup` that does less, or leave it out: then it is the law's intercept",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports one time, and that of a start, after the other.
    struct Reports(Vec<(f64, Option<f64>)>, Option<(f64, Option<f64>)>);

    impl Prepared for Reports {
        fn run(&mut self) -> Result<()> {
            self.1 = self.0.pop();
            // Whoever is given no time takes one run.
            std::thread::sleep(Duration::from_millis(1));
            Ok(())
        }

        fn reported_s(&self) -> Option<f64> {
            self.1.map(|(run_s, _)| run_s)
        }

        fn startup_s(&self) -> Option<f64> {
            self.1?.1
        }
    }

    fn taken(runs: &[(f64, Option<f64>)]) -> Result<Vec<f64>> {
        timed(&mut Reports(runs.to_vec(), None), Duration::ZERO)
    }

    #[test]
    fn a_run_is_taken_however_long_it_is_and_its_report_counts() {
        assert_eq!(taken(&[(4.0, None), (9.0, None)]), Ok(vec![9.0]));
    }

    #[test]
    fn a_start_is_subtracted_and_its_cost_is_never_below_zero() {
        assert_eq!(taken(&[(3.0, Some(1.0))]), Ok(vec![2.0]));
        assert_eq!(taken(&[(1.0, Some(3.0))]), Err(below_startup()));
    }
}
