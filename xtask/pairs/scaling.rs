//! Six sizes of each function, from about 0.1 to 10 ms.

use std::process::ExitCode;

use pairs::{chain, numbers, words};
use scalegate::Axis;

fn main() -> ExitCode {
    let items = Axis::new("items");
    scalegate::bench!("scaling")
        .workload("pairs/chain", items, [50_000, 100_000, 250_000, 600_000, 1_500_000, 4_000_000], |n| {
            move || chain(n as usize)
        })
        .workload("pairs/words", Axis::BYTES, [6_000, 15_000, 40_000, 100_000, 250_000, 600_000], |n| {
            let text = text(n);
            move || words(&text)
        })
        .workload("pairs/numbers", Axis::BYTES, [40_000, 100_000, 250_000, 600_000, 1_500_000, 4_000_000], |n| {
            let text = text(n);
            move || numbers(&text)
        })
        .run()
}

/// `n` bytes of short words and numbers, the same each time (splitmix64, Steele et al., OOPSLA 2014).
fn text(n: u64) -> String {
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let word = |i: u64| match mix(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
        key if key % 3 == 0 => format!("w{:02} ", key % 97),
        key => format!("{} ", key % 9_973),
    };
    let mut text: String = (1..=n / 3).map(word).collect();
    text.truncate(n as usize);
    text
}
