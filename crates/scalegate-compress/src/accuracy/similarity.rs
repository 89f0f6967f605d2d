//! How close in meaning continuations are to answers.

use serde::Serialize;

use super::spread::{draws, interval};
use scalegate::law::Interval;

/// The share of prompts left out at each end of the similarities: as many of the highest as of the lowest, so that a degenerate
/// answer moves the mean as little as a lucky one. It is the trimmed mean of Tukey and McLaughlin (*Sankhyā* A 25, 1963,
/// p. 331-352); a tenth is what loses little where nothing is degenerate.
const TRIMMED: f64 = 0.1;

/// Cosine similarities of sentence embeddings, as means over prompts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Similarity {
    /// What an embedding is, for instance `mean of last_hidden_state`.
    pub embedding: String,
    /// Prompts that came with an answer; of the others the reference's continuation is the answer.
    pub answers: usize,
    /// Of the candidate's continuations and the answers.
    pub candidate: Interval,
    /// Of the reference's continuations and the answers; 1 where these are the same.
    pub reference: Interval,
    /// The candidate's less the reference's.
    pub change: Interval,
    /// Prompts that are left out at each end for the three that follow, of each model its own.
    pub trimmed_each_end: usize,
    /// As `candidate`.
    pub trimmed_candidate: Interval,
    /// As `reference`.
    pub trimmed_reference: Interval,
    /// `trimmed_candidate` less `trimmed_reference`.
    pub trimmed_change: Interval,
}

/// Sums up the similarities of each prompt: that of the candidate's continuation to the answer, and that of the reference's.
pub(super) fn similarity(embedding: String, answers: usize, candidate: &[f64], reference: &[f64]) -> Similarity {
    let over = |quantity: &dyn Fn(&[f64], &[f64]) -> f64| {
        let pick = |values: &[f64], draw: &[usize]| draw.iter().map(|&index| values[index]).collect::<Vec<f64>>();
        let drawn = draws(candidate.len()).map(|draw| quantity(&pick(candidate, &draw), &pick(reference, &draw)));
        interval(quantity(candidate, reference), drawn)
    };
    Similarity {
        embedding,
        answers,
        candidate: over(&|candidate, _| mean(candidate)),
        reference: over(&|_, reference| mean(reference)),
        change: over(&|candidate, reference| mean(candidate) - mean(reference)),
        trimmed_each_end: trimmed_each_end(candidate.len()),
        trimmed_candidate: over(&|candidate, _| trimmed_mean(candidate)),
        trimmed_reference: over(&|_, reference| trimmed_mean(reference)),
        trimmed_change: over(&|candidate, reference| trimmed_mean(candidate) - trimmed_mean(reference)),
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn trimmed_each_end(count: usize) -> usize {
    (TRIMMED * count as f64) as usize
}

/// The mean of what is left when as many of the highest values are taken away as of the lowest.
fn trimmed_mean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let left_out = trimmed_each_end(values.len());
    mean(&sorted[left_out..values.len() - left_out])
}

/// The cosine of the angle between two embeddings; not a number if one has no direction.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    // Rounding can leave that of a vector with itself just above 1.
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_those_of_angles() {
        assert_eq!(cosine(&[3.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine(&[1.0, 1.0], &[-2.0, -2.0]), -1.0);
        assert!((cosine(&[1.0, 0.0], &[1.0, 1.0]) - 0.5_f64.sqrt()).abs() < 1e-12);
        assert!(cosine(&[0.0], &[1.0]).is_nan());
    }

    #[test]
    fn as_many_of_the_highest_are_left_out_as_of_the_lowest() {
        // SciPy: scipy.stats.trim_mean([…], 0.1).
        let ten = [0.9, 0.8, -1.0, 0.7, 0.9, 0.8, 1.0, 0.7, 0.8, 0.9];
        assert!((trimmed_mean(&ten) - 0.8125).abs() < 1e-12);
        assert_eq!([trimmed_each_end(9), trimmed_each_end(10), trimmed_each_end(29)], [0, 1, 2]);
    }

    #[test]
    fn one_degenerate_answer_moves_the_mean_and_not_the_trimmed_one() {
        let reference = [0.9; 20];
        let mut candidate = reference;
        candidate[3] = -0.5;
        let found = similarity("any".to_owned(), 20, &candidate, &reference);
        assert!((found.change.estimate + 0.07).abs() < 1e-12, "{found:?}");
        assert_eq!((found.trimmed_each_end, found.trimmed_change.estimate), (2, 0.0));
        for interval in [found.candidate, found.change, found.trimmed_candidate] {
            assert!(interval.lower <= interval.estimate && interval.estimate <= interval.upper, "{interval:?}");
        }
    }
}
