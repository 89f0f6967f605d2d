//! Data that no law was meant for: each ends in a stated outcome.

use crate::law::simulate::{Noise, TOKENS, seeded};
use crate::law::{Class, Fit, FitError, FitOptions, Observations, ObservationsError, fit};

fn series(points: &[(f64, f64)], rounds: u32) -> Result<Fit, FitError> {
    let all = (0..rounds).flat_map(|r| points.iter().map(move |&(n, cost)| (n, r, cost)));
    fit(&Observations::new(all).unwrap(), &FitOptions::default())
}

fn law(f: impl Fn(f64) -> f64, rounds: u32) -> Result<Fit, FitError> {
    let points: Vec<(f64, f64)> = (1..=10).map(|i| (f64::from(i), f(f64::from(i)))).collect();
    series(&points, rounds)
}

#[track_caller]
fn assert_finite(fit: &Fit) {
    let numbers = fit.parameters.iter().flat_map(|p| [p.interval.estimate, p.interval.lower, p.interval.upper]);
    assert!(numbers.chain(fit.residuals.iter().copied()).chain([fit.r_squared]).all(f64::is_finite), "{fit:?}");
}

#[test]
fn bad_points_are_refused() {
    assert_eq!(Observations::new([]), Err(ObservationsError::Empty));
    assert!(matches!(Observations::new([(0.0, 0, 1.0)]), Err(ObservationsError::Size { .. })));
    assert!(matches!(Observations::new([(f64::NAN, 0, 1.0)]), Err(ObservationsError::Size { .. })));
    assert!(matches!(Observations::new([(1.0, 0, f64::NAN)]), Err(ObservationsError::Cost { .. })));
    assert!(matches!(Observations::new([(1.0, 0, -1.0)]), Err(ObservationsError::Cost { .. })));
    assert!(matches!(Observations::new([(1.0, 0, 1.0), (1.0, 0, 1.0)]), Err(ObservationsError::Duplicate { .. })));
}

#[test]
fn few_sizes_have_no_law() {
    for n in 1..4 {
        let points: Vec<(f64, f64)> = (1..=n).map(|i| (f64::from(i), 2.0)).collect();
        for rounds in [1, 8] {
            assert_eq!(series(&points, rounds), Err(FitError::TooFewSizes { found: points.len() }));
        }
    }
}

#[test]
fn zero_cost_has_no_law() {
    assert_eq!(law(|_| 0.0, 3), Err(FitError::ZeroCost { size: 1.0 }));
    assert_eq!(law(|n| n - 1.0, 1), Err(FitError::ZeroCost { size: 1.0 }));
}

#[test]
fn equal_costs_are_constant() {
    for rounds in [1, 2, 8] {
        let fit = law(|_| 7.0, rounds).unwrap();
        assert_eq!((fit.class, fit.r_squared), (Class::Constant, 0.0));
        assert!((fit.parameter("intercept").unwrap().estimate - 7.0).abs() < 1e-12);
        assert_finite(&fit);
    }
}

#[test]
fn exact_laws_are_recognised_without_noise() {
    for rounds in [1, 2, 8] {
        for (expected, f) in [
            (Class::Linear, (|n| 3.0 + 2.0 * n) as fn(f64) -> f64),
            (Class::Linearithmic, |n| 1.0 + 2.0 * n * n.ln()),
            (Class::Quadratic, |n| 3.0 + 2.0 * n + 0.5 * n * n),
            (Class::Knee, |n| 3.0 + 2.0 * n.min(5.3) + 0.05 * n),
            (Class::Knee, |n| 3.0 + 2.0 * n.min(5.3)),
            (Class::Linear, |n| 30.0 - 2.0 * n),
        ] {
            let fit = law(f, rounds).unwrap();
            assert_eq!(fit.class, expected, "{rounds} rounds: {fit:?}");
            assert_finite(&fit);
            assert!(fit.residuals.iter().all(|r| r.abs() < 1e-9), "{fit:?}");
        }
    }
}

#[test]
fn four_sizes_are_enough_for_a_line() {
    for rounds in [1, 2, 8] {
        let fit = series(&[(1.0, 3.0), (2.0, 5.0), (4.0, 9.0), (8.0, 17.0)], rounds).unwrap();
        assert_eq!(fit.class, Class::Linear);
        assert!((fit.parameter("slope").unwrap().estimate - 2.0).abs() < 1e-9);
        assert_finite(&fit);
    }
}

#[test]
fn steps_of_tiles_are_not_curvature() {
    // A deterministic count with kernel tiles of 32 tokens.
    let counts = |n: f64| 5e6 + 1e5 * 32.0 * (n / 32.0).ceil();
    let points: Vec<(f64, f64)> =
        [20.0, 50.0, 100.0, 200.0, 333.0, 500.0, 700.0, 1024.0].map(|n| (n, counts(n))).into();
    for rounds in [1, 5] {
        assert_eq!(series(&points, rounds).unwrap().class, Class::Linear);
    }
}

#[test]
fn extreme_magnitudes_fit_or_are_refused() {
    for scale in [1e-300, 1e-30, 1e30, 1e300] {
        for rounds in [1, 3] {
            let fit = law(|n| scale * (3.0 + 2.0 * n), rounds).unwrap();
            assert_eq!(fit.class, Class::Linear);
            assert!((fit.parameter("slope").unwrap().estimate / scale - 2.0).abs() < 1e-6, "{fit:?}");
            assert_finite(&fit);
        }
    }
    let wild = [(1.0, 1e-300), (2.0, 1e300), (3.0, 1e-300), (4.0, 1e300), (5.0, 1.0)];
    assert!(matches!(series(&wild, 1), Err(FitError::NoLaw { .. } | FitError::Range)));
    let tiny_sizes = [(1e-300, 1.0), (2e-300, 2.0), (3e-300, 3.0), (4e-300, 4.0)];
    if let Ok(fit) = series(&tiny_sizes, 2) {
        assert_finite(&fit);
    }
    let wide_sizes = [(1e-300, 1.0), (1.0, 2.0), (1e200, 3.0), (1e300, 4.0), (1.5e300, 4.5), (1.7e300, 5.0)];
    if let Ok(fit) = series(&wide_sizes, 2) {
        assert_finite(&fit);
    }
}

#[test]
fn jumps_that_no_law_describes_have_none() {
    // Memory that is taken in blocks: next to nothing, then several hundredfold.
    let jumps = [1.0, 1.0, 300.0, 1.0, 2.0, 400.0, 300.0, 1.0, 500.0, 2.0];
    for rounds in [1, 2, 8] {
        let outcome = law(|n| jumps[n as usize - 1], rounds);
        assert!(matches!(outcome, Err(FitError::NoLaw { .. })), "{outcome:?}");
        assert!(outcome.unwrap_err().to_string().contains("none of the laws"));
    }
    for seed in 0..20 {
        let noisy = seeded(&TOKENS, 6, Noise::cells(0.05), seed, |n| jumps[(n as usize / 16) % 10]);
        assert!(matches!(fit(&noisy, &FitOptions::default()), Err(FitError::NoLaw { .. })));
    }
}

#[test]
fn a_law_that_four_sizes_cannot_prove_is_better_than_one_that_is_far_off() {
    let steep = series(&[(1.0, 2.0), (4.0, 17.0), (16.0, 257.0), (64.0, 4097.0)], 1).unwrap();
    assert_eq!(steep.class, Class::Quadratic, "{steep:?}");
    assert_finite(&steep);
}

#[test]
fn one_cost_far_off_does_not_make_the_misfit_alone() {
    let outcome = law(|n| if n == 4.0 { 1e-9 } else { f64::from(n as i32 % 3) + 0.1 }, 1);
    let is_bounded = |factor: &f64| (1.5..=1000.0).contains(factor);
    assert!(matches!(&outcome, Err(FitError::NoLaw { factor, .. }) if is_bounded(factor)), "{outcome:?}");
}

#[test]
fn noise_alone_is_no_reason_to_refuse_a_law() {
    for seed in 0..200 {
        for (rounds, sd) in [(2, 0.3), (3, 0.3), (5, 0.5), (10, 0.5), (1, 0.2)] {
            let outcome =
                fit(&seeded(&TOKENS, rounds, Noise::cells(sd), seed, |n| 5.0 + 0.1 * n), &FitOptions::default());
            assert!(outcome.is_ok(), "{rounds} rounds, {sd}: {outcome:?}");
        }
    }
}

#[test]
fn a_size_seen_in_one_round_is_left_out() {
    let all = (0..5).flat_map(|r| (1..=6).map(move |i| (f64::from(i), r, 2.0 * f64::from(i))));
    let observations = Observations::new(all.chain([(7.0, 3, 100.0)])).unwrap();
    let fit = fit(&observations, &FitOptions::default()).unwrap();
    assert_eq!((fit.n_sizes(), fit.class), (6, Class::Linear));
}
