//! How two models predict one token.

/// Tokens that count as likely.
const LIKELY: usize = 5;

/// Sums over the predicted tokens of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Score {
    /// Predicted tokens.
    pub(super) tokens: f64,
    /// Negative log-likelihood under the reference, in nats.
    pub(super) reference_nats: f64,
    /// Negative log-likelihood under the candidate, in nats.
    pub(super) candidate_nats: f64,
    /// Kullback-Leibler divergence of the candidate's distribution from the reference's, in nats.
    pub(super) divergence_nats: f64,
    /// Tokens for which both think the same one most likely.
    pub(super) same_best: f64,
    /// Share of the reference's five most likely tokens that are among the candidate's.
    pub(super) same_likely: f64,
}

impl Score {
    /// Adds the prediction of the token `next` from the logits of both models, `[vocabulary]` each.
    pub(super) fn add(&mut self, reference: &[f32], candidate: &[f32], next: usize) {
        let (p, q) = (LogProbabilities::new(reference), LogProbabilities::new(candidate));
        self.tokens += 1.0;
        self.reference_nats -= p.of(next);
        self.candidate_nats -= q.of(next);
        let divergence = (0..reference.len()).map(|token| p.of(token).exp() * (p.of(token) - q.of(token)));
        // Rounding can leave a sum of zero just below it.
        self.divergence_nats += divergence.sum::<f64>().max(0.0);
        let (likely, also_likely) = (most_likely(reference), most_likely(candidate));
        self.same_best += f64::from(likely.first() == also_likely.first());
        let common = likely.iter().filter(|token| also_likely.contains(token)).count();
        self.same_likely += common as f64 / likely.len() as f64;
    }

    /// Adds the sums of another passage.
    pub(super) fn join(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.reference_nats += other.reference_nats;
        self.candidate_nats += other.candidate_nats;
        self.divergence_nats += other.divergence_nats;
        self.same_best += other.same_best;
        self.same_likely += other.same_likely;
    }
}

/// Logits, and the logarithm of the sum of their exponentials.
pub(super) struct LogProbabilities<'a> {
    logits: &'a [f32],
    log_sum: f64,
}

impl<'a> LogProbabilities<'a> {
    pub(super) fn new(logits: &'a [f32]) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
        Self { logits, log_sum: f64::from(largest) + sum.ln() }
    }

    pub(super) fn of(&self, token: usize) -> f64 {
        f64::from(self.logits[token]) - self.log_sum
    }
}

/// The most likely tokens, the likeliest first; of equal ones the lower id.
fn most_likely(logits: &[f32]) -> Vec<usize> {
    let mut tokens: Vec<usize> = (0..logits.len()).collect();
    let order = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    if tokens.len() > LIKELY {
        tokens.select_nth_unstable_by(LIKELY - 1, order);
        tokens.truncate(LIKELY);
    }
    tokens.sort_by(order);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_scored_as_by_hand() {
        let logits = |p: [f32; 3]| p.map(f32::ln);
        let mut score = Score::default();
        score.add(&logits([0.5, 0.25, 0.25]), &logits([0.25, 0.5, 0.25]), 0);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(close(score.reference_nats, 2.0_f64.ln()) && close(score.candidate_nats, 4.0_f64.ln()));
        // 0.5·ln 2 − 0.25·ln 2.
        assert!(close(score.divergence_nats, 0.25 * 2.0_f64.ln()));
        assert_eq!((score.same_best, score.same_likely), (0.0, 1.0));
    }

    #[test]
    fn logits_may_have_any_offset() {
        let (mut a, mut b) = (Score::default(), Score::default());
        a.add(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0], 1);
        b.add(&[901.0, 902.0, 903.0], &[-897.0, -899.0, -898.0], 1);
        assert!((a.divergence_nats - b.divergence_nats).abs() < 1e-6 && a.divergence_nats > 0.0);
        assert!((a.candidate_nats - b.candidate_nats).abs() < 1e-6);
    }

    #[test]
    fn the_likely_tokens_are_counted_apart_from_their_order() {
        let reference: Vec<f32> = (0..10).map(|token| token as f32).collect();
        let mut candidate = reference.clone();
        candidate.swap(9, 8);
        candidate.swap(5, 0);
        let mut score = Score::default();
        score.add(&reference, &candidate, 3);
        assert_eq!((score.same_best, score.same_likely), (0.0, 0.8));
    }
}
