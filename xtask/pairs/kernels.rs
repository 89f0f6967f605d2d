//! What `cargo xtask pairs` measures: three functions that a change of layout, of memory or of branches does different things to.

use std::collections::HashMap;

/// Work that is planted, in hundredths of what the functions do without it.
pub const MORE: usize = 0;

/// A chain of multiplications, each of which waits for the one before.
pub fn chain(length: usize) -> u64 {
    let mut state = length as u64;
    for step in 0..length + length * MORE / 100 {
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ step as u64;
    }
    state
}

/// How many different words there are.
pub fn words(text: &str) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in text.split_ascii_whitespace().chain(text[..text.len() * MORE / 100].split_ascii_whitespace()) {
        *counts.entry(word).or_default() += 1;
    }
    counts.len()
}

/// The sum of all numbers among the words, by a machine of states whose branches nobody can foresee.
pub fn numbers(text: &str) -> u64 {
    let sum = sum_of_numbers(text.as_bytes());
    sum ^ sum_of_numbers(&text.as_bytes()[..text.len() * MORE / 100])
}

#[inline(never)]
fn sum_of_numbers(text: &[u8]) -> u64 {
    let (mut state, mut sum, mut number) = (0_u8, 0_u64, 0_u64);
    for &byte in text {
        match (state, byte) {
            (0, b'0'..=b'9') => (number, state) = (u64::from(byte - b'0'), 1),
            (1, b'0'..=b'9') => number = number * 10 + u64::from(byte - b'0'),
            (1, b' ') => (sum, state) = (sum.wrapping_add(number), 0),
            (1, _) => state = 2,
            (2, b' ') => state = 0,
            (_, b'w') => sum = sum.rotate_left(3) ^ 7,
            _ => {}
        }
    }
    sum
}
