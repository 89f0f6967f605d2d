//! Two models over one text.

use std::path::Path;

use serde::Serialize;

use super::score::Score;
use super::spread::{self, FEWEST, draws, interval};
use crate::compress::context;
use scalegate::law::Interval;
use scalegate::{Error, Result};
use scalegate_suite::inference::{Passages, Tokenizer, language_model_file, passages};

/// The logits of a passage are held for all of its positions, twice: 0.6 GB with a vocabulary of 150,000.
pub const LONGEST_PASSAGE: usize = 512;

/// The predictions of a candidate beside those of its reference. Intervals hold the true value with 95 %.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Passages of the text.
    pub passages: usize,
    /// Tokens of a passage at most.
    pub passage_tokens: usize,
    /// Tokens that were predicted.
    pub predicted_tokens: usize,
    /// Perplexity of the reference.
    pub reference_perplexity: Interval,
    /// Perplexity of the candidate.
    pub candidate_perplexity: Interval,
    /// By how much the candidate's perplexity is larger, relative to the reference's.
    pub perplexity_change: Interval,
    /// Mean Kullback-Leibler divergence of the candidate's predictions from the reference's, in nats for each token.
    pub divergence_nats: Interval,
    /// Share of tokens for which both think the same one most likely.
    pub top1_agreement: Interval,
    /// Mean share of the reference's five most likely tokens that are among the candidate's five.
    pub top5_agreement: Interval,
    /// Seed of the draws that the intervals come from.
    pub seed: u64,
}

/// Compares the model in `candidate` with that in `reference` over a text. `progress` hears how many passages are done, and of
/// how many.
///
/// # Errors
/// A model or tokenizer is missing or does not run, their vocabularies or tokens differ, or the text makes fewer than ten
/// passages.
pub fn compare(
    reference: &Path,
    candidate: &Path,
    text: &str,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Accuracy> {
    let length = context(reference)?.min(context(candidate)?).min(LONGEST_PASSAGE);
    let tokens = text_passages(reference, text, length)?;
    if text_passages(candidate, text, length)? != tokens {
        return Err(Error::new(
            candidate.display(),
            format!("its tokenizer makes other tokens of the text than that of {}", reference.display()),
            "compare models that share a tokenizer",
        ));
    }
    if tokens.len() < FEWEST {
        return Err(Error::new(
            "the text",
            format!("{} passages of {length} tokens; intervals need {FEWEST}", tokens.len()),
            "give a longer text",
        ));
    }
    let models = [reference, candidate].map(|dir| Passages::with_logits(&language_model_file(dir)?));
    let [reference_model, candidate_model] = models;
    let (reference_model, candidate_model) = (reference_model?, candidate_model?);
    let sizes = [reference_model.vocabulary(), candidate_model.vocabulary()];
    if sizes[0] != sizes[1] {
        return Err(Error::new(
            candidate.display(),
            format!("it predicts {} tokens, and {} predicts {}", sizes[1], reference.display(), sizes[0]),
            "compare models that share a vocabulary",
        ));
    }
    let mut scores = Vec::with_capacity(tokens.len());
    for passage in &tokens {
        progress(scores.len(), tokens.len());
        scores.push(score(&reference_model, &candidate_model, passage)?);
    }
    finite(&scores, candidate)?;
    Ok(summary(&scores, length))
}

/// The passages that a text makes with the tokenizer in `dir`.
///
/// # Errors
/// There is no tokenizer, or the text has fewer than two tokens.
pub fn text_passages(dir: &Path, text: &str, length: usize) -> Result<Vec<Vec<i64>>> {
    let tokens = Tokenizer::from_file(&dir.join("tokenizer.json"))?.encode(text)?;
    let passages: Vec<_> = passages(&tokens, length).map(<[i64]>::to_vec).collect();
    if passages.is_empty() {
        return Err(Error::new("the text", "fewer than two tokens", "give a longer text"));
    }
    Ok(passages)
}

fn score(reference: &Passages, candidate: &Passages, passage: &[i64]) -> Result<Score> {
    let (reference, candidate) = (reference.read(passage)?, candidate.read(passage)?);
    let mut score = Score::default();
    for ((p, q), &next) in reference[0].rows().zip(candidate[0].rows()).zip(&passage[1..]) {
        // A token is in the vocabulary once it has been read.
        score.add(p, q, next as usize);
    }
    Ok(score)
}

/// Logits that aren't finite make sums that aren't.
fn finite(scores: &[Score], candidate: &Path) -> Result<()> {
    let total = total(scores.iter());
    if (total.reference_nats + total.candidate_nats + total.divergence_nats).is_finite() {
        return Ok(());
    }
    let cause = "some logits of it or of its reference are not finite";
    Err(Error::new(candidate.display(), cause, "compress less, or export with 32-bit floats"))
}

fn summary(scores: &[Score], passage_tokens: usize) -> Accuracy {
    let total_score = total(scores.iter());
    let drawn: Vec<Score> =
        draws(scores.len()).map(|draw| total(draw.into_iter().map(|index| &scores[index]))).collect();
    let over = |quantity: fn(&Score) -> f64| interval(quantity(&total_score), drawn.iter().map(quantity));
    Accuracy {
        passages: scores.len(),
        passage_tokens,
        predicted_tokens: total_score.tokens as usize,
        reference_perplexity: over(|sum| (sum.reference_nats / sum.tokens).exp()),
        candidate_perplexity: over(|sum| (sum.candidate_nats / sum.tokens).exp()),
        perplexity_change: over(|sum| ((sum.candidate_nats - sum.reference_nats) / sum.tokens).exp() - 1.0),
        divergence_nats: over(|sum| sum.divergence_nats / sum.tokens),
        top1_agreement: over(|sum| sum.same_best / sum.tokens),
        top5_agreement: over(|sum| sum.same_likely / sum.tokens),
        seed: spread::SEED,
    }
}

/// Passages together.
fn total<'a>(scores: impl Iterator<Item = &'a Score>) -> Score {
    scores.fold(Score::default(), |mut sum, score| {
        sum.join(score);
        sum
    })
}
