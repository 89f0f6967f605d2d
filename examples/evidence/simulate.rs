//! Simulated runs, and many of them at once.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use scalegate::law::Observations;

/// Sizes like those of the default suite.
pub(crate) const TOKENS: [f64; 8] = [16.0, 32.0, 64.0, 128.0, 192.0, 256.0, 512.0, 1024.0];
pub(crate) const PIXELS: [f64; 12] = [
    9408.0, 37632.0, 49392.0, 68992.0, 84672.0, 101920.0, 129360.0, 150528.0, 293216.0, 917280.0, 1630720.0, 3669120.0,
];

/// How relative errors are distributed, each with a mean of 0 and a variance of 1 (heteroscedastic: 1 in the middle).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Family {
    Normal,
    /// Four times the standard deviation at the largest size that it is at the smallest.
    Heteroscedastic,
    /// Each round's error is half of the last one's and something new.
    Autoregressive,
    /// Student's t with 3 degrees of freedom.
    Heavy,
    /// One of two values with a little normal noise.
    Bimodal,
}

impl Family {
    pub(crate) const ALL: [Self; 5] =
        [Self::Normal, Self::Heteroscedastic, Self::Autoregressive, Self::Heavy, Self::Bimodal];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Heteroscedastic => "heteroscedastic",
            Self::Autoregressive => "AR(1), 0.5",
            Self::Heavy => "t₃",
            Self::Bimodal => "bimodal",
        }
    }

    /// Errors of `rounds` rounds at the relative position 0 to 1 among the sizes.
    fn errors(self, rounds: u32, position: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut last = normal(rng);
        (0..rounds)
            .map(|round| {
                let z = normal(rng);
                match self {
                    Self::Normal => z,
                    Self::Heteroscedastic => z * (2.0 * position - 1.0).exp2(),
                    Self::Autoregressive => {
                        if round > 0 {
                            last = 0.5 * last + 0.75_f64.sqrt() * z;
                        }
                        last
                    }
                    Self::Heavy => z / (0..3).map(|_| normal(rng).powi(2)).sum::<f64>().sqrt(),
                    Self::Bimodal => 0.95 * if uniform(rng) < 0.5 { 1.0 } else { -1.0 } + 0.312 * z,
                }
            })
            .collect()
    }
}

/// Relative noise: of each size in a round, and of a round as a whole, both of one family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    pub(crate) family: Family,
    pub(crate) cell: f64,
    pub(crate) round: f64,
}

impl Noise {
    pub(crate) fn cells(cell: f64) -> Self {
        Self { family: Family::Normal, cell, round: 0.0 }
    }
}

/// The costs of `law` at `sizes` in some rounds.
pub(crate) fn run(
    sizes: &[f64],
    rounds: u32,
    noise: Noise,
    rng: &mut ChaCha8Rng,
    law: impl Fn(f64) -> f64,
) -> Observations {
    let shared = noise.family.errors(rounds, 0.5, rng);
    let mut points = Vec::with_capacity(sizes.len() * rounds as usize);
    for (s, &n) in sizes.iter().enumerate() {
        let own = noise.family.errors(rounds, s as f64 / (sizes.len() - 1) as f64, rng);
        for (round, (own, shared)) in own.iter().zip(&shared).enumerate() {
            points.push((n, round as u32, law(n) * (noise.cell * own + noise.round * shared).exp()));
        }
    }
    observations(points)
}

pub(crate) fn observations(points: Vec<(f64, u32, f64)>) -> Observations {
    Observations::new(points).unwrap_or_else(|e| unreachable!("simulated costs are positive: {e}"))
}

pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (-2.0 * uniform(rng).ln()).sqrt() * (std::f64::consts::TAU * uniform(rng)).cos()
}

/// Does one thing `n` times on all cores, each time with its own generator (`seed`, stream i), and counts the answers.
pub(crate) fn tally<T: Ord + Send>(
    label: &str,
    n: u64,
    seed: u64,
    one: impl Fn(&mut ChaCha8Rng) -> T + Sync,
) -> BTreeMap<T, u64> {
    let bar = ProgressBar::new(n).with_message(label.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg:40} {bar:30} {pos}/{len} {eta} left") {
        bar.set_style(style);
    }
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
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(i);
                    *own.entry(one(&mut rng)).or_insert(0) += 1;
                    bar.inc(1);
                }
                let mut counts = counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                for (answer, count) in own {
                    *counts.entry(answer).or_insert(0) += count;
                }
            });
        }
    });
    bar.finish_and_clear();
    counts.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}
