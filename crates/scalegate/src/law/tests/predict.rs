//! Predictions of sizes that were held out, on simulated data.

use crate::law::simulate::{Family, LAWS, Noise, STAIRCASES, TOKENS, seeded};
use crate::law::{FitOptions, PredictError, Predictor, Within, hold_out, hold_out_sizes};

#[test]
fn intervals_of_95_percent_hold_at_least_nine_in_ten_costs_of_sizes_that_were_held_out() {
    const RUNS: u64 = 60;
    for (class, sizes, law) in LAWS {
        for rounds in [1, 5, 10] {
            for family in [Family::Normal, Family::Heteroscedastic, Family::Heavy, Family::Bimodal] {
                for cell in [0.003, 0.02] {
                    let noise = Noise { family, round: 0.02, ..Noise::cells(cell) };
                    let counts = (0..RUNS).map(|seed| hold_out(&seeded(sizes, rounds, noise, seed, law)).unwrap());
                    let (within, all) = counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
                    let rate = within as f64 / all as f64;
                    assert!(rate >= 0.9, "{class}, {rounds} rounds, {} of {cell}: {rate}", family.name());
                }
            }
        }
    }
}

#[test]
fn intervals_of_95_percent_hold_at_least_nine_in_ten_costs_of_sizes_between_those_of_a_staircase() {
    const RUNS: usize = 22;
    for (_, sizes, law) in STAIRCASES {
        for rounds in [1, 5] {
            let noise = Noise { round: 0.02, ..Noise::cells(0.02) };
            let held = |run: usize| [sizes[1 + run], sizes[1 + (run + 7) % RUNS]];
            let counts = (0..RUNS)
                .map(|run| hold_out_sizes(&seeded(sizes, rounds, noise, run as u64, law), &held(run)).unwrap());
            let (within, all) = counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            assert!(within as f64 / all as f64 >= 0.9, "{rounds} rounds: {within} of {all}");
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
