//! How the cost of this crate's functions grows with their input.

use std::process::ExitCode;

use own_code::{count_words, neighbours, spectrum};
use scalegate::Axis;

fn main() -> ExitCode {
    scalegate::bench!("scaling")
        .workload("text/count_words", Axis::BYTES, [4_000, 8_000, 16_000, 32_000, 64_000, 128_000], |n| {
            let text = text(n);
            move || count_words(&text).len()
        })
        .workload("signal/spectrum", Axis::new("items"), [256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768], |n| {
            let signal: Vec<i64> = keys(n).into_iter().map(|key| (key % 1_000) as i64).collect();
            move || spectrum(&signal)
        })
        .workload("keys/neighbours", Axis::new("items"), [100, 200, 400, 800, 1_600, 3_200], |n| {
            let keys = keys(n);
            move || neighbours(&keys, 1_000)
        })
        .run()
}

/// The same keys each time (splitmix64, Steele et al., OOPSLA 2014).
fn keys(n: u64) -> Vec<u64> {
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (1..=n).map(|i| mix(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
}

/// `n` bytes of short words, of which there are not many.
fn text(n: u64) -> String {
    let mut text: String = keys(n / 4 + 1).iter().map(|key| format!("w{:02} ", key % 97)).collect();
    text.truncate(n as usize);
    text
}
