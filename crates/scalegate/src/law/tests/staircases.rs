//! Staircases are found where they are, and nowhere else. `docs/evidence/staircases.md` has the rates of more of them.

use crate::law::simulate::{Noise, PIXELS, TILES, TOKENS, seeded};
use crate::law::{Class, Fit, FitOptions, PredictError, Predictor, band, fit};

type Cost = fn(f64) -> f64;

/// 10, and 5 more above each place.
fn three_steps(p: f64) -> f64 {
    10.0 + 5.0 * [6.2e5, 1.25e6, 1.85e6].iter().filter(|place| **place < p).count() as f64
}

fn fitted(rounds: u32, noise: f64, seed: u64, law: impl Fn(f64) -> f64) -> Fit {
    fit(&seeded(&TILES, rounds, Noise::cells(noise), seed, law), &FitOptions::default()).unwrap()
}

/// Between which sizes the steps are.
fn places(fit: &Fit) -> Vec<(f64, f64)> {
    fit.steps.iter().map(|step| (step.place.lower, step.place.upper)).collect()
}

#[test]
fn steps_are_found_between_the_sizes_that_they_lie_between() {
    for rounds in [1, 10] {
        let is_found = |seed: &u64| {
            let fit = fitted(rounds, 0.02, *seed, three_steps);
            fit.class == Class::Staircase && places(&fit) == [(6e5, 7e5), (1.2e6, 1.3e6), (1.8e6, 1.9e6)]
        };
        let found = (0..100).filter(is_found).count();
        assert!(found >= 95, "{found} of 100 in {rounds} rounds");
    }
}

#[test]
fn equal_steps_have_one_height_and_others_one_each() {
    let equal = fitted(10, 0.005, 1, three_steps);
    let height = equal.parameter("height").unwrap();
    assert!(height.lower <= 5.0 && 5.0 <= height.upper && height.upper - height.lower < 0.2, "{height:?}");
    assert!(equal.steps.iter().all(|step| step.height == height));
    assert_eq!(equal.parameter("slope"), None);
    let free = fitted(10, 0.005, 1, |p| 3e-6 * p + three_steps(p) + if p > 1.25e6 { 6.0 } else { 0.0 });
    assert_eq!((free.class, free.parameter("height")), (Class::Staircase, None));
    for (step, height) in free.steps.iter().zip([5.0, 11.0, 5.0]) {
        assert!((step.height.estimate / height - 1.0).abs() < 0.05, "{step:?}");
    }
    let slope = free.parameter("slope").unwrap();
    assert!(slope.lower <= 3e-6 && 3e-6 <= slope.upper, "{slope:?}");
}

#[test]
fn a_law_without_steps_is_no_staircase() {
    let laws: [(&[f64], Cost); 8] = [
        (&TILES, |_| 5.0),
        (&TOKENS, |n| 5.0 + 0.1 * n),
        (&TILES, |p| 5.0 + 1e-5 * p),
        (&TILES, |p| 5.0 + 1e-5 * p + 1e-11 * p * p),
        (&TILES, |p| 5.0 + 1e-5 * p.min(1.25e6)),
        (&PIXELS, |p| 5.0 + 1e-4 * p.min(1.2e5)),
        (&TILES, |p| 1e-2 * p.sqrt()),
        (&TILES, |p| 1e-8 * p.powf(1.5)),
    ];
    for (at, (sizes, law)) in laws.into_iter().enumerate() {
        for (rounds, noise) in [(1, 0.0005), (1, 0.02), (10, 0.02)] {
            let is_staircase = |seed: &u64| {
                let series = seeded(sizes, rounds, Noise::cells(noise), *seed, law);
                fit(&series, &FitOptions::default()).unwrap().class == Class::Staircase
            };
            let found = (0..50).filter(is_staircase).count();
            assert!(found <= 1, "law {at}: {found} of 50 in {rounds} rounds of {noise}");
        }
    }
}

#[test]
fn a_single_jump_is_no_staircase() {
    for (slope, curvature) in [(0.0, 0.0), (4e-6, 0.0), (1e-5, 0.0), (4e-6, 4e-12), (0.0, 8e-12)] {
        for (rounds, noise) in [(1, 0.005), (1, 0.02), (10, 0.02)] {
            for (at, place) in [2.5e5, 6.5e5, 1.25e6, 2.05e6].into_iter().enumerate() {
                let is_staircase = |seed: &u64| {
                    let jump = |p: f64| 10.0 + p * (slope + p * curvature) + if p > place { 10.0 } else { 0.0 };
                    fitted(rounds, noise, 100 * at as u64 + seed, jump).class == Class::Staircase
                };
                let found = (0..20).filter(is_staircase).count();
                assert!(
                    found <= 1,
                    "{slope} and {curvature}, after {place}: {found} of 20 in {rounds} rounds of {noise}"
                );
            }
        }
    }
}

#[test]
fn seven_sizes_show_two_equal_steps_and_eight_other_ones() {
    let is_staircase = |n_sizes: usize, law: Cost| {
        let sizes = &[10.0, 20.0, 30.0, 40.0, 60.0, 70.0, 80.0, 90.0][8 - n_sizes..];
        let series = seeded(sizes, 10, Noise::cells(0.0001), 1, law);
        fit(&series, &FitOptions::default()).unwrap().class == Class::Staircase
    };
    let equal = |n: f64| 10.0 * (n / 30.0).ceil();
    assert_eq!([6, 7].map(|n_sizes| is_staircase(n_sizes, equal)), [false, true]);
    let sloped = |n: f64| 10.0 * (n / 30.0).ceil() + 0.1 * n;
    assert_eq!([7, 8].map(|n_sizes| is_staircase(n_sizes, sloped)), [false, true]);
    let unequal = |n: f64| if n > 60.0 { 40.0 } else { 10.0 * (n / 30.0).ceil() };
    assert_eq!([7, 8].map(|n_sizes| is_staircase(n_sizes, unequal)), [false, true]);
}

#[test]
fn more_sizes_than_are_searched_show_no_steps() {
    let class = |n_sizes: u32| {
        let sizes: Vec<f64> = (1..=n_sizes).map(f64::from).collect();
        let stairs = |n: f64| 10.0 + 5.0 * [40.0, 100.0].iter().filter(|place| **place < n).count() as f64;
        fit(&seeded(&sizes, 2, Noise::cells(0.01), 1, stairs), &FitOptions::default()).unwrap().class
    };
    assert_eq!(class(128), Class::Staircase);
    assert_ne!(class(129), Class::Staircase);
}

#[test]
fn a_staircase_has_no_band_at_sizes_that_it_was_not_fitted_to() {
    let series = |sizes: &[f64]| seeded(sizes, 10, Noise::cells(0.01), 1, three_steps);
    let fit = fit(&series(&TILES), &FitOptions::default()).unwrap();
    assert_eq!(band(&series(&TILES), &fit, &[1e6]).unwrap().len(), 1);
    // Fewer sizes than it has steps after.
    assert_eq!(band(&series(&TILES[..6]), &fit, &[1e6]), None);
}

#[test]
fn costs_are_predicted_on_treads_and_between_the_sizes_of_a_step_with_both_sides_of_it() {
    let series = seeded(&TILES, 10, Noise::cells(0.01), 1, three_steps);
    let predictor = Predictor::new(&series, &FitOptions::default()).unwrap();
    assert_eq!(predictor.class(), Class::Staircase);
    let on_tread = predictor.at(9.5e5).unwrap().cost;
    assert!(on_tread.lower < 15.0 && 15.0 < on_tread.upper && on_tread.upper < 16.0, "{on_tread:?}");
    for size in [6.1e5, 6.9e5] {
        let in_gap = predictor.at(size).unwrap().cost;
        assert!(in_gap.lower < 10.0 && 15.0 < in_gap.upper, "{size}: {in_gap:?}");
    }
    assert_eq!(predictor.at(2.5e6).unwrap_err(), PredictError::BeyondSteps { size: 2.5e6, largest: 2.4e6 });
}
