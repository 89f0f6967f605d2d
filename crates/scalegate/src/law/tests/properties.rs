//! Properties that hold for any data.

use proptest::prelude::*;

use crate::law::simulate::{Noise, PIXELS, TOKENS, seeded};
use crate::law::{Class, Fit, FitOptions, Observations, fit};

fn fitted(observations: &Observations) -> Fit {
    fit(observations, &FitOptions { resamples: 199, ..FitOptions::default() }).unwrap()
}

fn noise() -> impl Strategy<Value = Noise> {
    prop_oneof![(0.0..0.05).prop_map(Noise::cells), (0.005..0.04).prop_map(Noise::laptop)]
}

/// A line, a curve or a knee.
fn series() -> impl Strategy<Value = Observations> {
    (0..3, 2_u32..10, noise(), 0_u64..1000, 0.0..2.0, 0.2..0.8).prop_map(|(kind, rounds, noise, seed, share, at)| {
        match kind {
            0 => seeded(&TOKENS, rounds, noise, seed, |n| 5.0 + 0.1 * n),
            1 => seeded(&TOKENS, rounds, noise, seed, |n| 5.0 + 0.1 * n * (1.0 + share * n / 1024.0)),
            _ => seeded(&PIXELS, rounds, noise, seed, |p| 1e4 + p.min(at * 1e6)),
        }
    })
}

fn map(observations: &Observations, f: impl Fn(f64, u32, f64) -> (f64, u32, f64)) -> Observations {
    Observations::new(observations.points().map(|(n, r, cost)| f(n, r, cost))).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * a.abs().max(b.abs()) + 1e-12
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn scaling_costs_scales_the_law_and_leaves_its_shape(series in series(), factor in 1e-9..1e9) {
        let (before, after) = (fitted(&series), fitted(&map(&series, |n, r, cost| (n, r, factor * cost))));
        prop_assert_eq!(before.class, after.class);
        for (p, q) in before.parameters.iter().zip(&after.parameters) {
            let scale = if matches!(p.name, "breakpoint" | "curvature_share") { 1.0 } else { factor };
            prop_assert!(close(p.interval.estimate * scale, q.interval.estimate), "{:?} {:?}", p, q);
        }
    }

    #[test]
    fn permuting_rounds_changes_nothing(series in series()) {
        let last = series.n_rounds() as u32;
        let (before, after) = (fitted(&series), fitted(&map(&series, |n, r, cost| (n, last - r, cost))));
        prop_assert_eq!(before.class, after.class);
        for (p, q) in before.parameters.iter().zip(&after.parameters) {
            prop_assert!(close(p.interval.lower, q.interval.lower) && close(p.interval.upper, q.interval.upper));
        }
    }

    #[test]
    fn a_constant_cost_more_changes_only_the_intercept_and_levels(
        slope in 0.01..10.0, intercept in 0.1..100.0, more in 0.1..50.0, at in 0.2..0.8
    ) {
        let knee = |extra: f64| seeded(&PIXELS, 3, Noise::cells(0.0), 1, |p| extra + intercept + slope * p.min(at * 1e6) * 1e-4);
        let (before, after) = (fitted(&knee(0.0)), fitted(&knee(more)));
        prop_assume!(before.class == Class::Knee && after.class == Class::Knee);
        for p in &before.parameters {
            let shift = if matches!(p.name, "intercept" | "level") { more } else { 0.0 };
            let Some(q) = after.parameter(p.name) else { continue };
            prop_assert!(close(p.interval.estimate + shift, q.estimate), "{:?} {:?}", p, q);
        }
    }

    #[test]
    fn no_breakpoint_of_a_fine_grid_is_better(seed in 0_u64..10_000, sd in 0.0..0.1, curved in any::<bool>(), at in 0.1..0.9) {
        use crate::law::form::{Form, Points};
        let observations = seeded(&PIXELS, 1, Noise::cells(sd), seed, |p| 1e4 + p.min(at * 1e6) + 0.1 * p);
        let x: Vec<f64> = PIXELS.iter().map(|p| p / PIXELS[PIXELS.len() - 1]).collect();
        let y: Vec<f64> = observations.round(0).iter().map(|c| c.unwrap() / 1e5).collect();
        let w: Vec<f64> = y.iter().map(|y| 1.0 / y).collect();
        let points = Points { x: &x, x_max: 1.0, y, w: &w };
        let form = if curved { Form::CurvedKnee } else { Form::Knee };
        let found = form.fit(&points).unwrap();
        let first = if curved { 2 } else { 1 };
        for i in 0..=2000 {
            let k = x[first] + (x[x.len() - 2] - x[first]) * f64::from(i) / 2000.0;
            let below = |x: f64| x.min(k);
            let square = |x: f64| if curved { below(x).powi(2) } else { 0.0 };
            let mut rss = points.coefficients(|x| [1.0, below(x), square(x)]).unwrap().1;
            if let Some((estimates, free)) = points.coefficients(|x| [1.0, below(x), square(x), (x - k).max(0.0)])
                && estimates[3] >= 0.0
            {
                rss = free;
            }
            prop_assert!(found.rss <= rss * (1.0 + 1e-9) + 1e-20, "{} > {} at {}", found.rss, rss, k);
        }
    }
}
