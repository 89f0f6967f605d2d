//! The first bench target of whoever takes Criterion alone: what `examples/own-code` measures, at one size.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use own_code::{count_words, neighbours, spectrum};

fn scaling(criterion: &mut Criterion) {
    let text = "w01 w02 w03 ".repeat(1_000);
    criterion.bench_function("text/count_words", |bencher| bencher.iter(|| count_words(black_box(&text)).len()));
    let signal: Vec<i64> = (0..1_024).collect();
    criterion.bench_function("signal/spectrum", |bencher| bencher.iter(|| spectrum(black_box(&signal))));
    let keys: Vec<u64> = (0..1_000).collect();
    criterion.bench_function("keys/neighbours", |bencher| bencher.iter(|| neighbours(black_box(&keys), 1_000)));
}

criterion_group!(benches, scaling);
criterion_main!(benches);
