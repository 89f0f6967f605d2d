//! Many runs at once, and how many of them.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use scalegate::progress::Progress;

/// The part of the full number of runs that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    divisor: NonZero<u64>,
}

impl Effort {
    /// One run of `divisor`, or all of them with none.
    pub(crate) fn one_of(divisor: Option<NonZero<u64>>) -> Self {
        Self { divisor: divisor.unwrap_or(NonZero::<u64>::MIN) }
    }

    pub(crate) fn is_full(self) -> bool {
        self.divisor.get() == 1
    }

    pub(crate) fn runs(self, full: u64) -> u64 {
        full.div_ceil(self.divisor.get())
    }
}

/// Does one thing `n` times on all cores, each time with its own generator (`seed`, stream i), and counts the answers.
pub(crate) fn tally<T: Ord + Send>(
    label: &str,
    n: u64,
    seed: u64,
    one: impl Fn(&mut ChaCha8Rng) -> T + Sync,
) -> BTreeMap<T, u64> {
    let progress = Progress::new();
    let (next, counts) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                let mut own = BTreeMap::new();
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= n {
                        break;
                    }
                    progress.show(i as usize, n as usize, label);
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(i);
                    *own.entry(one(&mut rng)).or_insert(0) += 1;
                }
                let mut counts = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                for (answer, count) in own {
                    *counts.entry(answer).or_insert(0) += count;
                }
            });
        }
    });
    counts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}
