//! Classes on simulated data.

#![expect(clippy::print_stdout, reason = "a number goes into docs/laws.md")]

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

/// Costs by size, as an allocator's steps have them: no law, but noise that is small beside the steps.
fn in_steps(steps: &[(f64, f64)], seed: u64) -> Class {
    let sizes: Vec<f64> = steps.iter().map(|(size, _)| *size).collect();
    let cost = |n: f64| steps.iter().find(|(size, _)| *size == n).map_or(f64::NAN, |(_, cost)| *cost);
    fit(&run(&sizes, 8, cells(0.003), seed, cost), &FitOptions::default()).unwrap().class
}

#[test]
fn a_trend_in_steps_is_no_constant_where_rounds_leave_no_doubt() {
    // Megabytes that `llm/decode` held at most, as measured on a virtual machine with two cores.
    let peaks = [(16.0, 68.7), (64.0, 72.3), (128.0, 72.5), (256.0, 80.3), (512.0, 82.6), (1024.0, 94.1)];
    for seed in 0..20 {
        assert_eq!(in_steps(&peaks, seed), Class::Linear);
    }
}

#[test]
fn steps_that_go_up_and_down_are_a_constant() {
    let steps = [(16.0, 70.0), (64.0, 74.0), (128.0, 69.0), (256.0, 75.0), (512.0, 70.0), (1024.0, 72.0)];
    for seed in 0..20 {
        assert_eq!(in_steps(&steps, seed), Class::Constant);
    }
}

/// Constants whose noise makes a curve that falls and rises again, with a probability of some 1e-7.
#[test]
fn noise_that_falls_and_rises_is_no_curve() {
    for (rounds, seed) in [(1, 105_497), (10, 13_413)] {
        let constant = run(&TOKENS, rounds, cells(0.05), seed, |_| 5.0);
        assert_eq!(fit(&constant, &FitOptions::default()).unwrap().class, Class::Constant);
    }
}

#[test]
#[ignore = "prints a number, and takes minutes"]
fn constants_that_are_called_something_else() {
    for (rounds, runs) in [(1, 600_000), (10, 200_000)] {
        let is_another = |seed: &u64| {
            let constant = run(&TOKENS, rounds, cells(0.05), *seed, |_| 5.0);
            fit(&constant, &FitOptions::default()).unwrap().class != Class::Constant
        };
        println!("{} of {runs} constants of {rounds} rounds", (0..runs).filter(is_another).count());
    }
}
