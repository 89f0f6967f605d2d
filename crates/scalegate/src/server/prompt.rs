//! Prompts of token ids that no server has seen before: each is drawn anew, so that a cache of prompts, or of their beginnings, holds none
//! of them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// `count` ids, uniformly from those between the two of `ids`, which are included.
pub(super) fn tokens(count: u64, ids: [u32; 2], random: &mut ChaCha8Rng) -> Vec<u32> {
    let range = u64::from(ids[1] - ids[0]) + 1;
    // The modulo's bias is below 1e-9 for any vocabulary.
    (0..count).map(|_| ids[0] + (random.next_u64() % range) as u32).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn prompts_have_their_length_differ_and_repeat_with_the_seed() {
        let random = || ChaCha8Rng::seed_from_u64(1);
        let mut one = random();
        let (first, second) = (tokens(100, [1_000, 1_003], &mut one), tokens(100, [1_000, 1_003], &mut one));
        assert_eq!((first.len(), first.iter().min(), first.iter().max()), (100, Some(&1_000), Some(&1_003)));
        assert_ne!(first, second);
        assert_eq!(tokens(100, [1_000, 1_003], &mut random()), first);
        assert_eq!(tokens(2, [7, 7], &mut one), [7, 7]);
    }
}
