//! Quantiles far out in the tail, and the coverage of intervals.

#![expect(clippy::print_stdout, reason = "a number goes into docs/policy.md")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::law::interval::{Spread, t_quantile};
use crate::law::random::standard_normal;
use crate::law::simulate::{Noise, TOKENS, seeded};
use crate::law::{FitOptions, fit};

#[test]
fn quantiles_hold_far_out_in_the_tail() {
    // One degree of freedom has a closed form, tan(π/2·confidence), and so have two.
    for tail in [1e-2, 1e-4, 1e-6] {
        let one = (std::f64::consts::PI * (0.5 - tail)).tan();
        assert!((t_quantile(1.0 - 2.0 * tail, 1.0) / one - 1.0).abs() < 1e-6);
        let p = 1.0 - 2.0 * tail;
        let two = p * (2.0 / (1.0 - p * p)).sqrt();
        assert!((t_quantile(p, 2.0) / two - 1.0).abs() < 1e-6);
    }
    assert!((t_quantile(0.95, 7.0) - 2.364_624_251_592_785).abs() < 1e-9);
    for (df, expected) in [(199.0, 1.971_956_544), (201.0, 1.971_836_507), (1e6, 1.959_966_357), (1e12, 1.959_963_985)]
    {
        assert!((t_quantile(0.95, df) - expected).abs() < 1e-6, "{df}: {}", t_quantile(0.95, df));
    }
    // Both ways agree where they meet, out in the tail too.
    let (below, above) = (t_quantile(1.0 - 2e-5, 199.999), t_quantile(1.0 - 2e-5, 200.0));
    assert!((below / above - 1.0).abs() < 1e-5, "{below} {above}");
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    let covered = (0..500)
        .filter(|&seed| {
            let series = seeded(&TOKENS, 8, Noise::laptop(0.02), seed, |n| 5.0 + 0.1 * n);
            let share = fit(&series, &FitOptions::default()).unwrap().parameter("curvature_share");
            share.is_some_and(|interval| interval.lower <= 0.0 && 0.0 <= interval.upper)
        })
        .count();
    // 475 are expected, with a standard deviation of 5.
    assert!((455..=492).contains(&covered), "{covered} of 500");
}

/// Of the mean of ten rounds, each with half of the last one's noise.
#[test]
fn rounds_that_carry_over_would_need_wider_intervals() {
    const ROUNDS: usize = 10;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut errors: Vec<f64> = (0..100_000)
        .map(|_| {
            let mut last = standard_normal(&mut rng);
            let mut rounds = vec![last];
            rounds.resize_with(ROUNDS, || {
                last = 0.5 * last + 0.75_f64.sqrt() * standard_normal(&mut rng);
                last
            });
            let sum: f64 = rounds.iter().sum();
            let without: Vec<f64> = rounds.iter().map(|round| (sum - round) / (ROUNDS - 1) as f64).collect();
            let interval = Spread::jackknife(sum / ROUNDS as f64, &without).interval(0.95);
            interval.estimate.abs() / (interval.upper - interval.estimate)
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    let covered = errors.partition_point(|error| *error <= 1.0) as f64 / errors.len() as f64;
    let factor = errors[errors.len() * 95 / 100];
    println!("covered {covered:.3}; intervals that cover 0.95 are {factor:.2} times as wide");
    assert!((0.74..0.77).contains(&covered) && (1.8..1.9).contains(&factor), "{covered} {factor}");
}
