//! Intervals over passages.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::score::Score;
use crate::law::Interval;
use crate::law::random::uniform;

/// Share of the intervals that hold the true value.
pub(super) const CONFIDENCE: f64 = 0.95;
/// Enough for the ends of a 95 % interval (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 19.3).
const RESAMPLES: usize = 2000;
pub(super) const SEED: u64 = 1;

/// The passages together.
pub(super) fn total(scores: &[Score]) -> Score {
    scores.iter().fold(Score::default(), |mut sum, score| {
        sum.join(score);
        sum
    })
}

/// Sums of passages drawn with replacement. All quantities are taken from the same draws, so that what the two models have in
/// common, the difficulty of a passage, falls out of their comparison.
pub(super) fn resampled(scores: &[Score]) -> Vec<Score> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut draw = || (uniform(&mut rng) * scores.len() as f64) as usize;
    (0..RESAMPLES).map(|_| total(&scores.iter().map(|_| scores[draw()]).collect::<Vec<_>>())).collect()
}

/// A quantity of all passages, between the percentiles of the same quantity over the draws (ibid., chapter 13).
pub(super) fn interval(total: &Score, resampled: &[Score], quantity: impl Fn(&Score) -> f64) -> Interval {
    let mut values: Vec<f64> = resampled.iter().map(&quantity).collect();
    values.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - CONFIDENCE);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    Interval { estimate: quantity(total), lower: at(tail), upper: at(1.0 - tail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_as_wide_as_the_standard_error_says() {
        // 400 passages of one token with a uniform divergence in (0, 1): standard error √(1/12/400).
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let score = |divergence_nats| Score { tokens: 1.0, divergence_nats, ..Score::default() };
        let scores: Vec<Score> = (0..400).map(|_| score(uniform(&mut rng))).collect();
        let interval = interval(&total(&scores), &resampled(&scores), |sum| sum.divergence_nats / sum.tokens);
        let expected = 2.0 * 1.96 * (1.0_f64 / 12.0 / 400.0).sqrt();
        let width = interval.upper - interval.lower;
        assert!((width / expected - 1.0).abs() < 0.1, "{width} instead of {expected}");
        assert!(interval.lower < 0.5 && interval.upper > 0.5);
    }

    #[test]
    fn draws_repeat() {
        let scores = [Score { tokens: 1.0, ..Score::default() }, Score { tokens: 2.0, ..Score::default() }];
        assert_eq!(resampled(&scores), resampled(&scores));
    }
}
