//! Tables of error rates, printed on request: `cargo test --release -- --ignored --nocapture rates coverage`.
#![expect(clippy::print_stdout, reason = "tables are what these tests are for")]

use std::collections::BTreeMap;
use std::time::Instant;

use crate::law::simulate::{Noise, PIXELS, TOKENS, cells, laptop, run};
use crate::law::{Class, FitOptions, fit};

const NOISES: [(&str, Noise); 5] = [
    ("1 %", cells(0.01)),
    ("3 %", cells(0.03)),
    ("5 %", cells(0.05)),
    ("10 %", cells(0.1)),
    ("laptop 3 %", laptop(0.03)),
];

type Law = (&'static str, &'static [f64], fn(f64) -> f64);

type Truth = (Law, Class, &'static [(&'static str, f64)]);

const LAWS: [Law; 10] = [
    ("constant", &TOKENS, |_| 5.0),
    ("line of tokens", &TOKENS, |n| 5.0 + 0.1 * n),
    ("line of pixels", &PIXELS, |p| 1e5 + p),
    ("curvature of 10 %", &TOKENS, |n| 5.0 + 0.1 * n * (1.0 + 0.117 * n / 1024.0)),
    ("curvature of 2 %", &TOKENS, |n| 0.5 + 0.1 * n * (1.0 + 0.0205 * n / 1024.0)),
    ("square root", &PIXELS, |p| 100.0 + p.sqrt()),
    ("power 0.7", &PIXELS, |p| 100.0 + p.powf(0.7)),
    ("hyperbola", &PIXELS, |p| 0.1 + p / (p + 2e5)),
    ("knee", &PIXELS, |p| 1e4 + p.min(2e5) + 0.01 * p),
    ("weak knee", &PIXELS, |p| 1e5 + p.min(2e5) + 0.2 * p),
];

#[test]
#[ignore = "prints a table"]
fn class_rates() {
    let options = FitOptions { resamples: 399, ..FitOptions::default() };
    for (law, sizes, f) in LAWS {
        for (name, noise) in NOISES {
            for rounds in [1, 5, 10] {
                let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
                for seed in 0..200 {
                    let class = fit(&run(sizes, rounds, noise, seed, f), &options).unwrap().class;
                    *counts.entry(class.as_str()).or_default() += 1;
                }
                println!("{law}, {name}, {rounds} rounds: {counts:?}");
            }
        }
    }
}

#[test]
#[ignore = "prints a table"]
fn rare_errors() {
    let options = FitOptions { resamples: 399, ..FitOptions::default() };
    for (law, sizes, f) in &LAWS[..3] {
        for (name, noise) in &NOISES[2..] {
            for rounds in [1, 8] {
                let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
                for seed in 0..10_000 {
                    let class = fit(&run(sizes, rounds, *noise, seed, f), &options).unwrap().class;
                    *counts.entry(class.as_str()).or_default() += 1;
                }
                println!("{law}, {name}, {rounds} rounds: {counts:?}");
            }
        }
    }
}

#[test]
#[ignore = "prints a table"]
fn coverage() {
    let options = FitOptions { resamples: 199, ..FitOptions::default() };
    let noises = [
        ("1 %", cells(0.01)),
        ("5 %", cells(0.05)),
        ("laptop 2 %", laptop(0.02)),
        ("rounds 10 %", Noise { round: 0.1, ..cells(0.02) }),
    ];
    let truths: [Truth; 2] = [
        (LAWS[1], Class::Linear, &[("slope", 0.1), ("intercept", 5.0), ("curvature_share", 0.0)]),
        (LAWS[8], Class::Knee, &[("slope", 1.01), ("breakpoint", 2e5), ("level", 2.12e5), ("slope_above", 0.01)]),
    ];
    for (name, noise) in noises {
        for rounds in [1, 5, 8, 10, 20] {
            for ((law, sizes, f), class, truths) in truths {
                let mut covered = vec![0; truths.len()];
                let mut n = 0;
                for seed in 0..2000 {
                    let fit = fit(&run(sizes, rounds, noise, seed, f), &options).unwrap();
                    // A knee that was found to be curved below has another slope.
                    if fit.class != class || (class == Class::Knee && fit.parameter("curvature").is_some()) {
                        continue;
                    }
                    n += 1;
                    for (hits, (parameter, truth)) in covered.iter_mut().zip(truths) {
                        let interval = fit.parameter(parameter).unwrap();
                        *hits += u32::from(interval.lower <= *truth && *truth <= interval.upper);
                    }
                }
                let rates = truths
                    .iter()
                    .zip(covered)
                    .map(|((p, _), hits)| format!("{p} {:.1} %", 100.0 * f64::from(hits) / f64::from(n)));
                println!("{law}, {name}, {rounds} rounds: {} of {n}", rates.collect::<Vec<_>>().join(", "));
            }
        }
    }
}

#[test]
#[ignore = "prints a table"]
fn speed() {
    for (n_sizes, rounds) in [(8, 1250), (13, 770), (100, 100), (1000, 10), (2500, 4), (10_000, 1)] {
        let sizes: Vec<f64> = (1..=n_sizes).map(|i| 1e4 * f64::from(i)).collect();
        let end = 1e4 * f64::from(n_sizes);
        for (law, noise) in [("knee", 0.02), ("weak knee", 0.1), ("line", 0.02)] {
            let f = |p: f64| match law {
                "line" => 1e3 + p,
                "knee" => 1e3 + p.min(0.4 * end),
                _ => end + p.min(0.4 * end),
            };
            let observations = run(&sizes, rounds, cells(noise), 1, f);
            let start = Instant::now();
            let class = fit(&observations, &FitOptions::default()).unwrap().class;
            println!("{n_sizes} sizes, {rounds} rounds, {law}: {class} in {:.3} s", start.elapsed().as_secs_f64());
        }
    }
}
