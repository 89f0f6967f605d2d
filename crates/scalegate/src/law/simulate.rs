//! Simulated runs: multiplicative noise, rounds that are slow as a whole, cells that were disturbed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::law::Observations;
use crate::law::random::{standard_normal, uniform};

/// Sizes like those of the default suite.
pub(crate) const TOKENS: [f64; 8] = [16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 768.0, 1024.0];
pub(crate) const PIXELS: [f64; 13] = [12e3, 25e3, 50e3, 75e3, 100e3, 140e3, 170e3, 250e3, 350e3, 500e3, 1e6, 2e6, 4e6];

/// Standard deviations of relative errors, and rates of disturbances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    /// Of a size in a round.
    pub(crate) cell: f64,
    /// Of a whole round.
    pub(crate) round: f64,
    /// Rate of rounds that are 1.3 times slower.
    pub(crate) slow_rounds: f64,
    /// Rate of cells that are up to 1.65 times slower.
    pub(crate) outliers: f64,
}

pub(crate) const fn cells(cell: f64) -> Noise {
    Noise { cell, round: 0.0, slow_rounds: 0.0, outliers: 0.0 }
}

pub(crate) const fn laptop(cell: f64) -> Noise {
    Noise { cell, round: 0.03, slow_rounds: 0.1, outliers: 0.02 }
}

pub(crate) fn run(sizes: &[f64], rounds: u32, noise: Noise, seed: u64, law: impl Fn(f64) -> f64) -> Observations {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut points = Vec::new();
    for round in 0..rounds {
        let mut effect = noise.round * standard_normal(&mut rng);
        if uniform(&mut rng) < noise.slow_rounds {
            effect += 1.3_f64.ln();
        }
        for &n in sizes {
            let mut error = noise.cell * standard_normal(&mut rng);
            if uniform(&mut rng) < noise.outliers {
                error += 0.5 * uniform(&mut rng);
            }
            points.push((n, round, law(n) * (effect + error).exp()));
        }
    }
    Observations::new(points).unwrap()
}
