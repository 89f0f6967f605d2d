//! One model over one text.

use std::path::Path;

use super::compare::{LONGEST_PASSAGE, text_passages};
use super::score::LogProbabilities;
use crate::compress::context;
use scalegate::{Error, Result};
use scalegate_suite::inference::{Passages, language_model_file};

/// How well a model predicts a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Perplexity {
    /// The exponential of the mean negative log-likelihood of the predicted tokens, in nats.
    pub value: f64,
    /// Passages of the text.
    pub passages: usize,
    /// Tokens of a passage at most.
    pub passage_tokens: usize,
    /// Tokens that were predicted.
    pub predicted_tokens: usize,
}

/// The perplexity of a text under the model in `dir`. `progress` hears how many passages are done, and of how many.
///
/// # Errors
/// The model, its tokenizer or its `config.json` is missing or does not run, the text makes no passage, or the logits are not
/// finite.
pub fn perplexity(dir: &Path, text: &str, progress: &mut dyn FnMut(usize, usize)) -> Result<Perplexity> {
    let passage_tokens = context(dir)?.min(LONGEST_PASSAGE);
    let passages = text_passages(dir, text, passage_tokens)?;
    let model = Passages::with_logits(&language_model_file(dir)?)?;
    let (mut nats, mut predicted_tokens) = (0.0, 0);
    for (done, passage) in passages.iter().enumerate() {
        progress(done, passages.len());
        let logits = model.read(passage)?;
        for (row, &next) in logits[0].rows().zip(&passage[1..]) {
            // A token is in the vocabulary once it has been read.
            nats -= LogProbabilities::new(row).of(next as usize);
            predicted_tokens += 1;
        }
    }
    let value = (nats / predicted_tokens as f64).exp();
    if !value.is_finite() {
        let cause = "its logits are not finite, or give a token of the text no probability";
        return Err(Error::new(dir.display(), cause, "compress less, or export with 32-bit floats"));
    }
    Ok(Perplexity { value, passages: passages.len(), passage_tokens, predicted_tokens })
}
