//! One pass of Criterion over workloads and sizes.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Result;
use crate::config::MeasureSettings;
use crate::session::guarded;
use crate::workload::{Prepared, Workload};

/// Criterion's own intervals are not used, since rounds are the replicates; this is the least it takes without a warning.
const RESAMPLES: usize = 1_001;

/// A pass whose samples go to a record.
#[derive(Debug, Clone, Copy)]
pub struct RecordedPass<'a> {
    /// The sizes of each workload come in a random order, so that a drift of the machine does not look like an effect of size.
    pub order_seed: u64,
    /// Criterion's files go there and nowhere else.
    pub directory: &'a Path,
    /// A size whose samples would take longer has fewer of them.
    pub size_limit: Duration,
}

/// What was timed of a size of which Criterion's samples would have taken too long. Criterion's own files have nothing of it that
/// means anything.
#[derive(Debug, Clone, PartialEq)]
pub struct LongSize {
    /// The workload.
    pub workload: String,
    /// The size.
    pub size: u64,
    /// Seconds per inference, one value per sample.
    pub seconds: Vec<f64>,
}

/// Runs Criterion, configured by this process's command line, over all sizes of `workloads`; what takes too long for it in a pass
/// that is recorded is timed without it, and returned.
///
/// # Errors
/// The first workload that could not be prepared or run.
pub fn criterion_pass(
    workloads: &[&dyn Workload],
    settings: &MeasureSettings,
    recorded: Option<RecordedPass<'_>>,
) -> Result<Vec<LongSize>> {
    let mut criterion = Criterion::default()
        .sample_size(settings.samples)
        .nresamples(RESAMPLES)
        .warm_up_time(Duration::from_millis(settings.warm_up_ms))
        .measurement_time(Duration::from_millis(settings.measurement_ms));
    let mut long = Vec::new();
    if let Some(RecordedPass { directory, .. }) = recorded {
        criterion = criterion.output_directory(directory);
    }
    let mut criterion = criterion.configure_from_args();
    for workload in workloads {
        let failed = RefCell::new(None);
        let mut group = criterion.benchmark_group(workload.name());
        let mut sizes = workload.sizes();
        if let Some(RecordedPass { order_seed, .. }) = recorded {
            shuffle(&mut sizes, order_seed);
        }
        for size in sizes {
            let mut prepared = None;
            // How long the first run took, of a size that takes too long.
            let first_of_long = Cell::new(None);
            group.throughput(Throughput::Elements(size));
            group.bench_with_input(BenchmarkId::from_parameter(size), &size, |bencher, &size| {
                // Criterion calls this several times per size, and not at all if a filter leaves the size out.
                bencher.iter_custom(|iterations| {
                    // Criterion needs a duration to go on with; the error below discards all of them.
                    let any = Duration::from_millis(1) * u32::try_from(iterations).unwrap_or(u32::MAX);
                    if failed.borrow().is_some() {
                        return any;
                    }
                    if let Some(first) = first_of_long.get() {
                        return any.max(first);
                    }
                    let is_first = prepared.is_none();
                    match timed(*workload, size, &mut prepared, iterations) {
                        Ok(total) => {
                            let all = total * u32::try_from(settings.samples).unwrap_or(u32::MAX);
                            if is_first && recorded.is_some_and(|pass| all > pass.size_limit) {
                                first_of_long.set(Some(total));
                            }
                            total
                        }
                        Err(error) => {
                            *failed.borrow_mut() = Some(error);
                            any
                        }
                    }
                });
            });
            if failed.borrow().is_some() {
                break;
            }
            if let (Some(first), Some(pass)) = (first_of_long.get(), recorded) {
                let run = || timed(*workload, size, &mut prepared, 1);
                match few_samples(first, pass.size_limit, settings.samples, run) {
                    Ok(seconds) => long.push(LongSize { workload: workload.name().to_owned(), size, seconds }),
                    Err(error) => {
                        *failed.borrow_mut() = Some(error);
                        break;
                    }
                }
            }
        }
        group.finish();
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
    }
    criterion.final_summary();
    Ok(long)
}

/// As many samples as fit into `limit`, of at most `most` and one at the least, of a size whose first run took `first`. That run is none of them: it may
/// have set up what later ones find, and has often taken longer for it, so that the one after it says as well how many there are.
fn few_samples(
    first: Duration,
    limit: Duration,
    most: usize,
    mut run: impl FnMut() -> Result<Duration>,
) -> Result<Vec<f64>> {
    let second = run()?;
    let samples = (limit.as_secs_f64() / first.min(second).as_secs_f64()) as usize;
    let samples = samples.min(most);
    let further = (1..samples).map(|_| run());
    std::iter::once(Ok(second)).chain(further).map(|time| time.map(|time| time.as_secs_f64())).collect()
}

fn timed(
    workload: &dyn Workload,
    size: u64,
    slot: &mut Option<Box<dyn Prepared>>,
    iterations: u64,
) -> Result<Duration> {
    let prepared = match slot {
        Some(prepared) => prepared,
        None => {
            let prepared = guarded(|| workload.prepare(size));
            slot.insert(prepared.map_err(|error| error.context(format!("{} at size {size}", workload.name())))?)
        }
    };
    let mut total = Duration::ZERO;
    let measured = || {
        for _ in 0..iterations {
            prepared.reset();
            let start = Instant::now();
            prepared.run()?;
            total += start.elapsed();
        }
        Ok(())
    };
    guarded(measured).map_err(|error| error.context(format!("{} at size {size}", workload.name())))?;
    Ok(total)
}

/// Fisher and Yates; the modulo's bias is below 1e-17 for so few sizes.
pub(crate) fn shuffle(sizes: &mut [u64], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for last in (1..sizes.len()).rev() {
        let other = (random.next_u64() % (last as u64 + 1)) as usize;
        sizes.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_the_samples_that_its_time_allows_and_one_at_the_least() {
        for (first_ms, then_ms, samples) in [
            (301, 350, 9),
            (301, 200, 10),
            (1_000, 1_100, 3),
            (1_501, 1_501, 1),
            (9_000, 1_000, 3),
            (60_000, 50_000, 1),
        ] {
            let then = Duration::from_millis(then_ms);
            let seconds =
                few_samples(Duration::from_millis(first_ms), Duration::from_secs(3), 10, || Ok(then)).unwrap();
            assert_eq!(seconds, vec![then.as_secs_f64(); samples], "{first_ms} ms, then {then_ms} ms");
        }
    }

    #[test]
    fn a_run_that_fails_is_an_error() {
        let fail = || Err(crate::Error::new("sort at size 8", "it failed", "fix it"));
        assert!(few_samples(Duration::from_secs(1), Duration::from_secs(3), 10, fail).is_err());
    }
}
