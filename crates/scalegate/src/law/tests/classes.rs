//! Classes on simulated data.

#![expect(clippy::print_stdout, reason = "a number goes into docs/laws.md")]

use crate::law::simulate::{Noise, PIXELS, TOKENS, seeded};
use crate::law::{Class, FitOptions, Observations, fit};

#[test]
fn lines_and_knees_are_told_apart() {
    for seed in 0..20 {
        let line = seeded(&TOKENS, 8, Noise::cells(0.03), seed, |n| 5.0 + 0.1 * n);
        assert_eq!(fit(&line, &FitOptions::default()).unwrap().class, Class::Linear);
        let knee = seeded(&PIXELS, 8, Noise::cells(0.03), seed, |p| 5.0 + 1e-4 * p.min(2e5) + 1e-7 * p);
        let knee = fit(&knee, &FitOptions::default()).unwrap();
        assert_eq!(knee.class, Class::Knee);
        assert!((knee.parameter("breakpoint").unwrap().estimate / 2e5 - 1.0).abs() < 0.1);
    }
}

/// Costs by size, as an allocator's steps have them: no law, but noise that is small beside the steps.
fn in_steps(steps: &[(f64, f64)], seed: u64) -> Class {
    let sizes: Vec<f64> = steps.iter().map(|(size, _)| *size).collect();
    let cost = |n: f64| steps.iter().find(|(size, _)| *size == n).map_or(f64::NAN, |(_, cost)| *cost);
    fit(&seeded(&sizes, 8, Noise::cells(0.003), seed, cost), &FitOptions::default()).unwrap().class
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

/// A constant of 5 with 5 % of noise that makes a curve which falls and rises again, with a probability of some 1e-7: the worst of
/// 600,000 series of one round at these sizes, and of 200,000 of ten.
const SIZES: [f64; 8] = [16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 768.0, 1024.0];
const ONE_ROUND: [[f64; 8]; 1] = [[4.9691, 4.9229, 4.8910, 4.7929, 4.6884, 4.6484, 4.8629, 5.4054]];
const TEN_ROUNDS: [[f64; 8]; 10] = [
    [5.0321, 4.9259, 4.7441, 4.6641, 5.2486, 4.8832, 5.0169, 5.1546],
    [4.9202, 4.8549, 4.9589, 4.7599, 4.6117, 4.8530, 4.9552, 5.1221],
    [4.5330, 4.7149, 5.1739, 4.8744, 4.6736, 4.5612, 5.2834, 5.0570],
    [4.9025, 4.8468, 4.7757, 4.7763, 4.8960, 4.9471, 5.6568, 5.5596],
    [5.2968, 4.7863, 4.8871, 4.9277, 4.9405, 4.7927, 5.2846, 5.2113],
    [5.0339, 4.8853, 5.0312, 4.9825, 4.8472, 4.8590, 4.8028, 5.2476],
    [4.7589, 5.0384, 5.1540, 4.6921, 4.9485, 5.1916, 5.2183, 4.9950],
    [5.2240, 5.1157, 5.0468, 4.6778, 5.0862, 4.9148, 5.4673, 5.5944],
    [5.1902, 4.9810, 5.3178, 4.9366, 4.6989, 4.8960, 4.5958, 5.5389],
    [5.1012, 4.9448, 4.9928, 4.8608, 4.8717, 5.0146, 5.0182, 5.4664],
];

#[test]
fn noise_that_falls_and_rises_is_no_curve() {
    for rounds in [&ONE_ROUND[..], &TEN_ROUNDS] {
        let cells = (0..).zip(rounds).flat_map(|(r, costs)| SIZES.iter().zip(costs).map(move |(&n, &c)| (n, r, c)));
        let constant = Observations::new(cells).unwrap();
        assert_eq!(fit(&constant, &FitOptions::default()).unwrap().class, Class::Constant);
    }
}

#[test]
#[ignore = "prints a number, and takes minutes"]
fn constants_that_are_called_something_else() {
    for (rounds, runs) in [(1, 600_000), (10, 200_000)] {
        let is_another = |seed: &u64| {
            let constant = seeded(&TOKENS, rounds, Noise::cells(0.05), *seed, |_| 5.0);
            fit(&constant, &FitOptions::default()).unwrap().class != Class::Constant
        };
        println!("{} of {runs} constants of {rounds} rounds", (0..runs).filter(is_another).count());
    }
}
