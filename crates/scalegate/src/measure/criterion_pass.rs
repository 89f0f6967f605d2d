//! One pass of Criterion over workloads and sizes.

use std::cell::RefCell;
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

/// Runs Criterion, configured by this process's command line, over all sizes of `workloads`.
///
/// Given `order_seed`, the sizes of each workload come in a random order, so that a drift of the machine does not look
/// like an effect of size. Given `directory`, Criterion's files go there and nowhere else.
///
/// # Errors
/// The first workload that could not be prepared or run.
pub fn criterion_pass(
    workloads: &[&dyn Workload],
    settings: &MeasureSettings,
    order_seed: Option<u64>,
    directory: Option<&Path>,
) -> Result<()> {
    let mut criterion = Criterion::default()
        .sample_size(settings.samples)
        .nresamples(RESAMPLES)
        .warm_up_time(Duration::from_millis(settings.warm_up_ms))
        .measurement_time(Duration::from_millis(settings.measurement_ms));
    if let Some(directory) = directory {
        criterion = criterion.output_directory(directory);
    }
    let mut criterion = criterion.configure_from_args();
    for workload in workloads {
        let failed = RefCell::new(None);
        let mut group = criterion.benchmark_group(workload.name());
        let mut sizes = workload.sizes();
        if let Some(seed) = order_seed {
            shuffle(&mut sizes, seed);
        }
        for size in sizes {
            let mut prepared = None;
            group.throughput(Throughput::Elements(size));
            group.bench_with_input(BenchmarkId::from_parameter(size), &size, |bencher, &size| {
                // Criterion calls this several times per size, and not at all if a filter leaves the size out.
                bencher.iter_custom(|iterations| {
                    // Criterion needs a duration to go on with; the error below discards all of them.
                    let any = Duration::from_millis(1) * u32::try_from(iterations).unwrap_or(u32::MAX);
                    if failed.borrow().is_some() {
                        return any;
                    }
                    timed(*workload, size, &mut prepared, iterations).unwrap_or_else(|error| {
                        *failed.borrow_mut() = Some(error);
                        any
                    })
                });
            });
            if failed.borrow().is_some() {
                break;
            }
        }
        group.finish();
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
    }
    criterion.final_summary();
    Ok(())
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
