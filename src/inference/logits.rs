//! What a model thinks of the next token.

/// One logit per token id of the vocabulary, for the position after the last token.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits(Vec<f32>);

impl Logits {
    pub(super) fn new(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// The logits, `[vocabulary]`.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The token id with the highest logit: greedy sampling.
    pub fn best(&self) -> i64 {
        let best = self.0.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(id, _)| id as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_logit_is_the_best() {
        assert_eq!(Logits::new(vec![0.5, -1.0, 3.0, 2.0]).best(), 2);
    }
}
