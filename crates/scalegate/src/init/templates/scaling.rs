//! How the cost of this package's functions grows with their input. `cargo bench` measures it, and
//! `scalegate` gates it.

use std::process::ExitCode;

use scalegate::Axis;

const SIZES: [u64; 6] = [16_000, 32_000, 64_000, 128_000, 256_000, 512_000];

fn main() -> ExitCode {
    scalegate::bench!("scaling")
        // A workload: its name, what its size counts, and its sizes. The outer closure makes the
        // input of a size, which is not measured; the inner one is. Put a function of your own in
        // the place of `checksum`: what is in a `main.rs` alone has to move to a `lib.rs` first.
        .workload("example/checksum", Axis::BYTES, SIZES, |n| {
            let input = bytes(n);
            move || checksum(&input)
        })
        .run()
}

/// FNV-1a, 64 bits.
fn checksum(input: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    input.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The same bytes each time, so that nothing but the code can change the cost.
fn bytes(n: u64) -> Vec<u8> {
    let byte = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    (0..n).map(byte).collect()
}
