use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::law::random::standard_normal;

/// Sizes in pixels with the tokens that they become, as of Qwen2-VL's processor with a clamp of 200,704 pixels.
const CLAMPED: [(f64, f64); 14] = [
    (9408.0, 12.0),
    (18816.0, 24.0),
    (28224.0, 36.0),
    (43904.0, 56.0),
    (61152.0, 78.0),
    (84672.0, 108.0),
    (109760.0, 140.0),
    (144256.0, 184.0),
    (181888.0, 232.0),
    (261_000.0, 252.0),
    (411_000.0, 252.0),
    (647_000.0, 252.0),
    (1_019_000.0, 252.0),
    (1_605_000.0, 252.0),
];

/// Tiles of four treads.
const TILED: [(f64, f64); 12] = [
    (4e4, 2.0),
    (6e4, 2.0),
    (8e4, 2.0),
    (1e5, 2.0),
    (1.3e5, 5.0),
    (3.6e5, 5.0),
    (4.9e5, 10.0),
    (7.9e5, 10.0),
    (1.1e6, 17.0),
    (2e6, 17.0),
    (4e6, 17.0),
    (8e6, 17.0),
];

const FIXED: [(f64, f64); 8] =
    [(5e4, 1.0), (1e5, 1.0), (2e5, 1.0), (4e5, 1.0), (8e5, 1.0), (1.6e6, 1.0), (3.2e6, 1.0), (6.4e6, 1.0)];

type Cost = fn(f64) -> f64;

/// Smooth functions of the share of the largest number of units.
const COSTS: [Cost; 4] = [|_| 3.0, |u| 0.2 + u, |u| 0.02 + 0.4 * u + 0.6 * u * u, |u| 0.5 + u * u];

/// Observations whose cost is that of `actual` units by size.
fn observed(
    sizes: &[(f64, f64)],
    actual: impl Fn(f64, f64) -> f64,
    cost: Cost,
    (noise, rounds): (f64, u32),
    seed: u64,
) -> Observations {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let largest = sizes.iter().map(|its| its.1).fold(0.0, f64::max);
    let mut points = Vec::new();
    for round in 0..rounds {
        for (size, units) in sizes {
            let cost = cost(actual(*size, *units) / largest);
            points.push((*size, round, cost * (noise * standard_normal(&mut rng)).exp()));
        }
    }
    Observations::new(points).unwrap()
}

fn judged(sizes: &[(f64, f64)], observations: &Observations) -> Result<UnitLaw, NoUnitLaw> {
    let units = |size: f64| sizes.iter().find(|its| its.0 == size).map(|its| its.1);
    judge_units(observations, units, UNIT_ALARM)
}

/// How many of `series` simulated series have a size that is called dearer.
fn alarms(sizes: &[(f64, f64)], actual: fn(f64, f64) -> f64, cost: Cost, noise: (f64, u32), series: u64) -> u64 {
    let is_alarm =
        |seed: &u64| judged(sizes, &observed(sizes, actual, cost, noise, *seed)).is_ok_and(|law| law.worst().is_some());
    (0..series).filter(is_alarm).count() as u64
}

const NOISES: [(f64, u32); 6] = [(0.02, 1), (0.02, 5), (0.02, 10), (0.05, 1), (0.05, 5), (0.05, 10)];

/// Prints the rates, with `-- --nocapture`.
#[test]
#[expect(clippy::print_stdout, reason = "the rates are what the command is run for")]
fn costs_that_are_a_function_of_the_units_raise_no_alarm() {
    for noise in NOISES {
        let mut found = 0;
        for (index, cost) in COSTS.into_iter().enumerate() {
            for sizes in [&CLAMPED[..], &TILED, &FIXED] {
                let its = alarms(sizes, |_, units| units, cost, noise, 100);
                println!("{noise:?}, cost {index}, {} sizes: {its} of 100", sizes.len());
                found += its;
            }
        }
        assert!(found <= 2, "{found} of 1200 at {noise:?}");
    }
}

/// The clamp is ignored: every image becomes as many tokens as it has blocks.
#[test]
#[expect(clippy::print_stdout, reason = "the rates are what the command is run for")]
fn a_clamp_that_is_ignored_is_found() {
    for noise in NOISES {
        for cost in &COSTS[1..] {
            let found = alarms(&CLAMPED, |size, _| size / 784.0, *cost, noise, 50);
            println!("{noise:?}: {found} of 50");
            assert!(found >= 48, "{found} of 50 at {noise:?}");
        }
    }
}

#[test]
fn tiles_that_go_on_after_the_last_step_are_found() {
    for noise in NOISES {
        let more = |size: f64, units: f64| if size > 1.5e6 { 26.0 } else { units };
        let found = alarms(&TILED, more, COSTS[1], noise, 50);
        // Half as dear again is seen where the mean over the rounds is a thirtieth of that or less.
        let error = noise.0 / f64::from(noise.1).sqrt();
        let expected = if error < 0.015 { 45 } else { 20 };
        assert!(found >= expected || error > 0.03, "{found} of 50 at {noise:?}");
    }
}

#[test]
fn the_cost_is_told_as_the_units_that_it_stands_for() {
    let observations = observed(&CLAMPED, |size, _| size / 784.0, COSTS[2], (0.0, 1), 1);
    let law = judged(&CLAMPED, &observations).unwrap();
    let (worst, count) = law.worst().unwrap();
    assert_eq!((worst.size, worst.expected), (1_605_000.0, 252.0));
    let equivalent = worst.equivalent.unwrap();
    assert!((equivalent / (1_605_000.0 / 784.0) - 1.0).abs() < 0.02, "{equivalent}");
    assert_eq!(count, 5, "{law:?}");
    assert!(law.sizes[..9].iter().all(|its| its.standing == Standing::Within), "{law:?}");
}

#[test]
fn one_disturbed_round_is_no_alarm() {
    let quiet = observed(&CLAMPED, |_, units| units, COSTS[1], (0.02, 5), 4);
    let disturbed = quiet.points().map(|(size, round, cost)| {
        let is_hit = size == 647_000.0 && round == 2;
        (size, round, if is_hit { 4.0 * cost } else { cost })
    });
    let law = judged(&CLAMPED, &Observations::new(disturbed).unwrap()).unwrap();
    assert_eq!(law.worst(), None);
    let its = law.sizes.iter().find(|its| its.size == 647_000.0).unwrap();
    assert_eq!(its.standing, Standing::Unclear);
}

#[test]
fn without_a_function_of_the_units_nothing_is_said() {
    let growing = observed(&FIXED, |size, _| size / 6.4e6, COSTS[1], (0.0, 1), 0);
    assert_eq!(judged(&FIXED, &growing), Err(NoUnitLaw::Disagreement));
    let wild: Vec<(f64, u32, f64)> =
        FIXED.iter().enumerate().map(|(index, its)| (its.0, 0, 3f64.powi(index as i32))).collect();
    assert_eq!(judged(&FIXED, &Observations::new(wild).unwrap()), Err(NoUnitLaw::Disagreement));
    let zero = FIXED.map(|its| (its.0, 0, if its.0 == 1e5 { 0.0 } else { 1.0 }));
    assert_eq!(judged(&FIXED, &Observations::new(zero).unwrap()), Err(NoUnitLaw::Zero));
    let few = FIXED.map(|its| (its.0, 0, 1.0));
    assert_eq!(judged(&FIXED[..3], &Observations::new(few).unwrap()), Err(NoUnitLaw::Sizes));
}

#[test]
fn a_law_of_two_numbers_of_units_is_not_trusted_far_beyond_them() {
    let sizes = [(1e4, 1.0), (2e4, 1.0), (3e4, 1.0), (1e5, 2.0), (2e5, 2.0), (3e5, 2.0), (1e6, 9.0)];
    let cheap = |_, units| if units == 9.0 { 4.0 } else { units };
    let observations = observed(&sizes, cheap, |u| u, (0.0, 1), 0);
    let law = judged(&sizes, &observations).unwrap();
    let last = law.sizes[6];
    assert_eq!((last.standing, last.equivalent), (Standing::Unclear, None));
}
