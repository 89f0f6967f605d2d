//! Intervals over passages or prompts.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use scalegate::law::Interval;
use scalegate::law::random::uniform;

/// Share of the intervals that hold the true value.
const CONFIDENCE: f64 = 0.95;
/// Enough for the ends of a 95 % interval (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 19.3).
const RESAMPLES: usize = 2000;
pub(super) const SEED: u64 = 1;
/// With fewer of them, percentiles of draws are no intervals.
pub(super) const FEWEST: usize = 10;

/// Draws of `count` out of `count` with replacement, by their indices. They are the same ones each time, so that what two models
/// have in common, the difficulty of a passage, falls out of their comparison.
pub(super) fn draws(count: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    (0..RESAMPLES).map(move |_| (0..count).map(|_| (uniform(&mut rng) * count as f64) as usize).collect())
}

/// An estimate between the percentiles of the same quantity over the draws (ibid., chapter 13).
pub(super) fn interval(estimate: f64, drawn: impl Iterator<Item = f64>) -> Interval {
    let mut values: Vec<f64> = drawn.collect();
    values.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - CONFIDENCE);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    Interval { estimate, lower: at(tail), upper: at(1.0 - tail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_as_wide_as_the_standard_error_says() {
        // The mean of 400 uniform values in (0, 1): standard error √(1/12/400).
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let values: Vec<f64> = (0..400).map(|_| uniform(&mut rng)).collect();
        let mean = |draw: Vec<usize>| draw.iter().map(|&index| values[index]).sum::<f64>() / draw.len() as f64;
        let interval = interval(mean((0..400).collect()), draws(400).map(mean));
        let expected = 2.0 * 1.96 * (1.0_f64 / 12.0 / 400.0).sqrt();
        let width = interval.upper - interval.lower;
        assert!((width / expected - 1.0).abs() < 0.1, "{width} instead of {expected}");
        assert!(interval.lower < 0.5 && interval.upper > 0.5);
    }

    #[test]
    fn draws_repeat() {
        assert!(draws(3).eq(draws(3)));
    }
}
