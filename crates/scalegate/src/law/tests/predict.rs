//! Predictions of sizes that were held out, on simulated data.

#![expect(clippy::print_stdout, reason = "the rates go into docs/evidence/predictions.md")]

use crate::law::simulate::{Family, Noise, PIXELS, TOKENS, seeded};
use crate::law::{Class, FitOptions, Observations, PredictError, Predictor, Within};

/// A law by its class, with sizes that suit it.
type Law = (Class, &'static [f64], fn(f64) -> f64);

const LAWS: [Law; 7] = [
    (Class::Constant, &TOKENS, |_| 5.0),
    (Class::Linear, &TOKENS, |n| 5.0 + 0.1 * n),
    (Class::Linearithmic, &TOKENS, |n| 5.0 + 0.05 * n * n.ln()),
    (Class::Quadratic, &TOKENS, |n| 1.0 + 0.084 * n + 9e-5 * n * n),
    (Class::Quadratic, &TOKENS, |n| 1.0 + 0.1 * n + 1e-5 * n * n),
    (Class::Knee, &PIXELS, |p| 5.0 + 1e-4 * p.min(1.2e5)),
    (Class::Knee, &PIXELS, |p| 5.0 + 1e-4 * p.min(1.2e5) + 3e-6 * (p - 1.2e5).max(0.0)),
];

/// Of the cells of the two largest sizes, which were held out: how many lie within their 95 % intervals, and how many there are.
fn held_out(observations: &Observations) -> (u32, u32) {
    let sizes = observations.sizes();
    let (kept, held) = sizes.split_at(sizes.len() - 2);
    let predictor = Predictor::new(&observations.restricted_to(kept).unwrap(), &FitOptions::default()).unwrap();
    let predictions: Vec<_> = held.iter().map(|size| predictor.at(*size).unwrap().cost).collect();
    let mut counts = (0, 0);
    for (size, _, cost) in observations.points() {
        if let Some(index) = held.iter().position(|its| *its == size) {
            let its = predictions[index];
            counts = (counts.0 + u32::from(its.lower <= cost && cost <= its.upper), counts.1 + 1);
        }
    }
    counts
}

#[test]
fn intervals_of_95_percent_hold_at_least_nine_in_ten_costs_of_sizes_that_were_held_out() {
    const RUNS: u64 = 60;
    for (class, sizes, law) in LAWS {
        for rounds in [1, 5, 10] {
            for family in [Family::Normal, Family::Heavy, Family::Bimodal] {
                for cell in [0.003, 0.02] {
                    let noise = Noise { family, round: 0.02, ..Noise::cells(cell) };
                    let counts = (0..RUNS).map(|seed| held_out(&seeded(sizes, rounds, noise, seed, law)));
                    let (within, all) = counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
                    let rate = f64::from(within) / f64::from(all);
                    println!(
                        "| {class} | {rounds} | {} | {:.1} % | {:.1} % |",
                        family.name(),
                        100.0 * cell,
                        100.0 * rate
                    );
                    assert!(rate >= 0.9, "{class}, {rounds} rounds, {} of {cell}: {rate}", family.name());
                }
            }
        }
    }
}

fn line() -> Predictor {
    let line = seeded(&TOKENS, 8, Noise::cells(0.01), 1, |n| 5.0 + 0.1 * n);
    Predictor::new(&line, &FitOptions::default()).unwrap()
}

#[test]
fn an_interval_widens_beyond_the_sizes() {
    let width = |size: f64| {
        let prediction = line().at(size).unwrap();
        (prediction.cost.upper / prediction.cost.lower, prediction.extrapolation)
    };
    let [inside, twice, farthest] = [512.0, 2048.0, 4096.0].map(width);
    assert!(inside.0 < twice.0 && twice.0 < farthest.0, "{inside:?} {twice:?} {farthest:?}");
    assert_eq!((inside.1, twice.1, farthest.1), (0.5, 2.0, 4.0));
}

#[test]
fn nothing_is_predicted_below_the_smallest_size_or_beyond_four_times_the_largest() {
    assert_eq!(line().at(15.0).unwrap_err(), PredictError::TooSmall { size: 15.0, smallest: 16.0 });
    assert_eq!(line().at(4097.0).unwrap_err(), PredictError::TooLarge { size: 4097.0, largest: 1024.0 });
    assert!(line().at(f64::NAN).is_err() && line().at(f64::INFINITY).is_err());
}

#[test]
fn the_largest_size_within_a_limit_is_below_that_of_the_law_and_its_interval_touches_the_limit() {
    let found = match line().within(55.0).unwrap() {
        Within::UpTo(found) => Some(found),
        _ => None,
    };
    let found = found.unwrap();
    assert!(found.size < 500.0 && found.size > 470.0 && found.size.fract() == 0.0, "{found:?}");
    assert!(found.cost.estimate < 55.0);
    assert!(matches!(line().within(1e9).unwrap(), Within::All(all) if all.size == 4096.0));
    assert!(matches!(line().within(6.0).unwrap(), Within::None(none) if none.size == 16.0));
}
