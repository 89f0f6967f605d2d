//! Simulated series of known laws, for tests and for the evidence.
//!
//! In: a law, sizes, and what a machine does to its measurements (multiplicative noise of several families, rounds that are slow as
//! a whole, cells that another process disturbed). Out: [`Observations`], the same ones for the same generator.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::random::{standard_normal, uniform};
use super::{Class, Observations};

/// Prompt lengths like those of the tract suite.
pub const TOKENS: [f64; 8] = [16.0, 32.0, 64.0, 128.0, 192.0, 256.0, 512.0, 1024.0];
/// Image sizes like those of the tract suite.
pub const PIXELS: [f64; 12] = [
    9408.0, 37632.0, 49392.0, 68992.0, 84672.0, 101920.0, 129360.0, 150528.0, 293216.0, 917280.0, 1630720.0, 3669120.0,
];

/// Image sizes that show the tiles of an image: two or more of them for each number of tiles.
pub const TILES: [f64; 24] = [
    1e5, 2e5, 3e5, 4e5, 5e5, 6e5, 7e5, 8e5, 9e5, 1e6, 1.1e6, 1.2e6, 1.3e6, 1.4e6, 1.5e6, 1.6e6, 1.7e6, 1.8e6, 1.9e6,
    2e6, 2.1e6, 2.2e6, 2.3e6, 2.4e6,
];

/// A law with its class, and sizes that suit it.
pub type Law = (Class, &'static [f64], fn(f64) -> f64);

/// Laws of each class.
pub const LAWS: [Law; 7] = [
    (Class::Constant, &TOKENS, |_| 5.0),
    (Class::Linear, &TOKENS, |n| 5.0 + 0.1 * n),
    (Class::Linearithmic, &TOKENS, |n| 5.0 + 0.05 * n * n.ln()),
    (Class::Quadratic, &TOKENS, |n| 1.0 + 0.084 * n + 9e-5 * n * n),
    (Class::Quadratic, &TOKENS, |n| 1.0 + 0.1 * n + 1e-5 * n * n),
    (Class::Knee, &PIXELS, |p| 5.0 + 1e-4 * p.min(1.2e5)),
    (Class::Knee, &PIXELS, |p| 5.0 + 1e-4 * p.min(1.2e5) + 3e-6 * (p - 1.2e5).max(0.0)),
];

/// Staircases, which are not predicted beyond their largest size.
pub const STAIRCASES: [Law; 2] = [
    (Class::Staircase, &TILES, |p| 10.0 + 5.0 * steps_below(p)),
    (Class::Staircase, &TILES, |p| 10.0 + 2e-6 * p + 5.0 * steps_below(p)),
];

/// How many of three steps lie below a size.
fn steps_below(size: f64) -> f64 {
    [6.2e5, 1.25e6, 1.85e6].iter().filter(|place| **place < size).count() as f64
}

/// The factor by which a slow round is slower.
const SLOW_ROUND: f64 = 1.3;
/// The largest logarithm of the factor by which a disturbed cell is slower: up to 1.65.
const MAX_DISTURBANCE: f64 = 0.5;

/// How relative errors are distributed, each with a mean of 0 and a variance of 1 (heteroscedastic: 1 in the middle).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The normal distribution.
    Normal,
    /// Four times the standard deviation at the largest size that it is at the smallest.
    Heteroscedastic,
    /// Each round's error is half of the last one's and something new.
    Autoregressive,
    /// Each round's error is nine tenths of the last one's and something new: forty rounds know as much as two.
    Persistent,
    /// Student's t with 3 degrees of freedom.
    Heavy,
    /// One of two values with a little normal noise.
    Bimodal,
}

impl Family {
    /// Those that intervals keep their coverage under.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Heteroscedastic, Self::Autoregressive, Self::Heavy, Self::Bimodal];

    /// As a table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Heteroscedastic => "heteroscedastic",
            Self::Autoregressive => "AR(1), 0.5",
            Self::Persistent => "AR(1), 0.9",
            Self::Heavy => "t₃",
            Self::Bimodal => "bimodal",
        }
    }

    /// Errors of `rounds` rounds at the relative position 0 to 1 among the sizes.
    fn errors(self, rounds: u32, position: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut last = standard_normal(rng);
        (0..rounds)
            .map(|round| {
                let z = standard_normal(rng);
                match self {
                    Self::Normal => z,
                    Self::Heteroscedastic => z * (2.0 * position - 1.0).exp2(),
                    Self::Autoregressive | Self::Persistent => {
                        let share: f64 = if self == Self::Persistent { 0.9 } else { 0.5 };
                        if round > 0 {
                            last = share * last + (1.0 - share * share).sqrt() * z;
                        }
                        last
                    }
                    Self::Heavy => z / (0..3).map(|_| standard_normal(rng).powi(2)).sum::<f64>().sqrt(),
                    Self::Bimodal => 0.95 * if uniform(rng) < 0.5 { 1.0 } else { -1.0 } + 0.312 * z,
                }
            })
            .collect()
    }
}

/// Standard deviations of relative errors, and rates of disturbances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// How both errors are distributed.
    pub family: Family,
    /// The error of a size in a round.
    pub cell: f64,
    /// The error that all sizes of a round share.
    pub round: f64,
    /// The rate of rounds that are 1.3 times slower.
    pub slow_rounds: f64,
    /// The rate of cells that are up to 1.65 times slower.
    pub outliers: f64,
}

impl Noise {
    /// Normal noise of each size in a round, and nothing else.
    pub const fn cells(cell: f64) -> Self {
        Self { family: Family::Normal, cell, round: 0.0, slow_rounds: 0.0, outliers: 0.0 }
    }

    /// What a laptop in use does: rounds that differ, some of them slow, and cells that are disturbed.
    pub const fn laptop(cell: f64) -> Self {
        Self { round: 0.03, slow_rounds: 0.1, outliers: 0.02, ..Self::cells(cell) }
    }
}

/// The costs of `law` at `sizes` in some rounds, from the generator of `seed`.
///
/// # Panics
/// As [`run`].
pub fn seeded(sizes: &[f64], rounds: u32, noise: Noise, seed: u64, law: impl Fn(f64) -> f64) -> Observations {
    run(sizes, rounds, noise, &mut ChaCha8Rng::seed_from_u64(seed), law)
}

/// The costs of `law` at `sizes` in some rounds.
///
/// # Panics
/// Sizes that are no sizes, as 0 or one that occurs twice, and a law that is not finite and above zero at all of them: what is
/// simulated is chosen by the program that asks for it.
pub fn run(sizes: &[f64], rounds: u32, noise: Noise, rng: &mut ChaCha8Rng, law: impl Fn(f64) -> f64) -> Observations {
    let mut shared = noise.family.errors(rounds, 0.5, rng);
    for error in &mut shared {
        *error *= noise.round;
    }
    // A rate of zero draws nothing, so that a series without disturbances is the same with or without this.
    if noise.slow_rounds > 0.0 {
        for error in &mut shared {
            *error += if uniform(rng) < noise.slow_rounds { SLOW_ROUND.ln() } else { 0.0 };
        }
    }
    let mut points = Vec::with_capacity(sizes.len() * rounds as usize);
    for (s, &n) in sizes.iter().enumerate() {
        let own = noise.family.errors(rounds, s as f64 / (sizes.len() - 1) as f64, rng);
        for (round, (own, shared)) in own.iter().zip(&shared).enumerate() {
            let mut error = noise.cell * own + shared;
            if noise.outliers > 0.0 && uniform(rng) < noise.outliers {
                error += MAX_DISTURBANCE * uniform(rng);
            }
            points.push((n, round as u32, law(n) * error.exp()));
        }
    }
    Observations::new(points).unwrap_or_else(|error| unreachable!("a simulated series has {error}"))
}
