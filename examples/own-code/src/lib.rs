//! Three functions of three laws: words are counted, a signal is transformed, and keys are compared in pairs.

use std::collections::HashMap;

/// How often each word occurs in `text`. Linear in its bytes.
pub fn count_words(text: &str) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in text.split_ascii_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The Walsh-Hadamard spectrum of `signal`, whose length is a power of two: `n log n` additions.
pub fn spectrum(signal: &[i64]) -> Vec<i64> {
    let mut values = signal.to_vec();
    let mut half = 1;
    while half < values.len() {
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    values
}

/// How many keys lie closer than `distance` to each key. Every pair is looked at, so that this is quadratic.
pub fn neighbours(keys: &[u64], distance: u64) -> Vec<usize> {
    let close = |a: u64| keys.iter().filter(|b| a.abs_diff(**b) < distance).count() - 1;
    keys.iter().map(|key| close(*key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_signals_are_transformed_and_neighbours_are_found() {
        assert_eq!(count_words("a b a")["a"], 2);
        assert_eq!(spectrum(&[1, 0, 1, 0]), [2, 2, 0, 0]);
        assert_eq!(neighbours(&[1, 2, 10], 2), [1, 1, 0]);
    }
}
