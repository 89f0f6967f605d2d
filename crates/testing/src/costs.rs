//! Made-up costs, as rows of comma-separated values.

use std::fmt::Write;

/// The columns of costs as comma-separated values.
pub const HEAD: &str = "workload,axis,metric,unit,size,round,value\n";

/// Sizes along tokens.
pub const TOKENS: [u64; 8] = [16, 32, 64, 128, 192, 256, 512, 1024];

/// Rows of wall times of a workload over `sizes` and `rounds`, with the cost in seconds that `cost(size)` gives and a little noise by
/// round and size, the same in every run of the test.
pub fn rows(workload: &str, axis: &str, sizes: &[u64], rounds: u32, cost: impl Fn(f64) -> f64) -> String {
    let mut rows = String::new();
    for round in 0..rounds {
        for (i, &size) in sizes.iter().enumerate() {
            let wobble = 1.0 + 0.004 * (f64::from(round) * 2.3 + i as f64 * 1.7).sin();
            let value = cost(size as f64) * wobble;
            writeln!(rows, "{workload},{axis},wall_time,s,{size},{round},{value:e}").unwrap();
        }
    }
    rows
}

/// Prefill, without a KV cache's worth of doubt: 1 ms and 150 µs a token.
pub fn line(n: f64) -> f64 {
    1e-3 + 150e-6 * n
}
