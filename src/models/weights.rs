//! Seeded weights, equal to the last bit on every machine.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// `count` values, uniform with mean 0 and standard deviation `deviation`, for the tensor called `name`.
///
/// The stream depends on the seed and the name alone, so that a model with one layer more keeps the weights of the
/// others.
pub(super) fn uniform(seed: u64, name: &str, count: usize, deviation: f32) -> Vec<f32> {
    let key = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize();
    let mut random = ChaCha8Rng::from_seed(key.into());
    // The standard deviation of the uniform distribution on (-w, w) is w / √3.
    let width = deviation * 3f32.sqrt();
    (0..count).map(|_| signed_unit(random.random()) * width).collect()
}

/// A value in (-1, 1): odd multiples of 2⁻²⁴, which `f32` holds exactly.
fn signed_unit(bits: u32) -> f32 {
    let steps = (bits >> 8) as i32 - (1 << 23);
    (2 * steps + 1) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_depend_on_seed_and_name_only() {
        assert_eq!(uniform(1, "a", 8, 1.0), uniform(1, "a", 8, 1.0));
        assert_eq!(uniform(1, "a", 8, 1.0), uniform(1, "a", 9, 1.0)[..8]);
        assert_ne!(uniform(1, "a", 8, 1.0), uniform(2, "a", 8, 1.0));
        assert_ne!(uniform(1, "a", 8, 1.0), uniform(1, "b", 8, 1.0));
    }

    #[test]
    fn weights_have_the_deviation_asked_for() {
        let values = uniform(7, "w", 20_000, 0.5);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.02 && (variance.sqrt() - 0.5).abs() < 0.01, "{mean} {}", variance.sqrt());
    }

    #[test]
    fn the_ends_of_the_range_are_exact() {
        assert_eq!(signed_unit(0), -1.0 + 1.0 / 16_777_216.0);
        assert_eq!(signed_unit(u32::MAX), 1.0 - 1.0 / 16_777_216.0);
    }
}
