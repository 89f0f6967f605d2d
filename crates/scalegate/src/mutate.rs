//! Damaged copies of sound files, for the tests of everything that reads untrusted input.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What numbers, lengths and the syntax of JSON are replaced by.
const WORDS: [&[u8]; 20] = [
    b"-1",
    b"0",
    b"1",
    b"3",
    b"777",
    b"16384",
    b"1e999",
    b"-9e307",
    b"18446744073709551615",
    b"99999999999999999999",
    b"null",
    b"true",
    b"[",
    b"{",
    b"\"",
    b",",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x08",
];

/// `count` copies of `sound`, each damaged in one or two places; the same for the same seed.
pub(crate) fn damaged(sound: &[u8], seed: u64, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(move |_| {
        let mut bytes = sound.to_vec();
        for _ in 0..=random.next_u64() % 2 {
            damage(&mut bytes, &mut random);
        }
        bytes
    })
}

fn damage(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let mut below = |limit: usize| (random.next_u64() % limit.max(1) as u64) as usize;
    // Half of the damage is near the front, where headers are.
    let near = if below(2) == 0 { 200 } else { usize::MAX };
    let at = below(bytes.len().min(near));
    let end = (at + below(32)).min(bytes.len());
    match below(10) {
        0 if at < bytes.len() => bytes[at] ^= 1 << below(8),
        1 if at < bytes.len() => bytes[at] = below(256) as u8,
        2 => bytes.truncate(below(bytes.len())),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let copy = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, copy));
        }
        5 => {
            let (from, length) = (below(bytes.len()), below(64));
            let copy = bytes[from..(from + length).min(bytes.len())].to_vec();
            drop(bytes.splice(at..end, copy));
        }
        6 => drop(bytes.splice(at..end, WORDS[below(WORDS.len())].iter().copied())),
        // A number in a text, or a run of bytes that look like one.
        _ => {
            let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) {
                let length = digits(&bytes[start..]);
                drop(bytes.splice(start..start + length, WORDS[below(WORDS.len())].iter().copied()));
            }
        }
    }
}
