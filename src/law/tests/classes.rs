//! Classes on simulated data.

use crate::law::simulate::{PIXELS, TOKENS, cells, run};
use crate::law::{Class, FitOptions, fit};

#[test]
fn lines_and_knees_are_told_apart() {
    for seed in 0..20 {
        let line = run(&TOKENS, 8, cells(0.03), seed, |n| 5.0 + 0.1 * n);
        assert_eq!(fit(&line, &FitOptions::default()).unwrap().class, Class::Linear);
        let knee = run(&PIXELS, 8, cells(0.03), seed, |p| 5.0 + 1e-4 * p.min(2e5) + 1e-7 * p);
        let knee = fit(&knee, &FitOptions::default()).unwrap();
        assert_eq!(knee.class, Class::Knee);
        assert!((knee.parameter("breakpoint").unwrap().estimate / 2e5 - 1.0).abs() < 0.1);
    }
}
