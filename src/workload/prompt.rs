//! Synthetic prompts.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Used where a model does not tell its vocabulary; every model has these ids.
const LEAST_VOCABULARY: usize = 256;

/// `length` token ids below `vocabulary`, the same for the same seed.
///
/// A longer prompt starts with the shorter ones, so that sizes differ in length and in nothing else.
pub(super) fn prompt(length: u64, vocabulary: Option<usize>, seed: u64) -> Vec<i64> {
    let vocabulary = vocabulary.unwrap_or(LEAST_VOCABULARY).max(1) as u64;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| (random.next_u64() % vocabulary) as i64).collect()
}
