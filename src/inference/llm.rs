//! A language model: prefill a prompt, then decode token by token.

use std::path::Path;

use tract_onnx::prelude::*;

use super::Logits;
use super::decoder::{Decoder, Sequence};
use crate::{Error, Result};

/// A language model. Clones share it.
#[derive(Debug, Clone)]
pub struct Llm {
    decoder: Decoder,
}

impl Llm {
    /// Loads `onnx/model.onnx` below `dir`.
    ///
    /// # Errors
    /// The file is missing, damaged, foreign, or lacks `input_ids` or the past keys and values.
    pub fn load(dir: &Path) -> Result<Self> {
        let decoder = Decoder::load(&dir.join("onnx").join("model.onnx"), "input_ids", 2)?;
        // A state that cannot be made is a fault of the model, and is told when it loads.
        decoder.sequence()?;
        Ok(Self { decoder })
    }

    /// The number of token ids, if the model's logits tell it.
    pub fn vocabulary(&self) -> Option<usize> {
        self.decoder.vocabulary()
    }

    /// A session without any tokens. Without a `kv_cache` every decoded token computes the whole context again.
    pub fn session(&self, kv_cache: bool) -> LlmSession {
        LlmSession { decoder: self.decoder.clone(), sequence: None, kv_cache, tokens: Vec::new() }
    }
}

/// One sequence of tokens. A session in which a step has failed is empty again.
///
/// To time one step at a given context, bring a session there, clone it outside of the timed part, time
/// [`LlmSession::decode`] on the clone, and drop the clone outside again. A clone copies the whole cache, spare capacity
/// included. Sharing the cache until the first write would be cheaper to clone, but would move that copy into the timed
/// step, where real use has none; a clone with a cache cut to its length would make the step grow it.
#[derive(Debug, Clone)]
pub struct LlmSession {
    decoder: Decoder,
    /// Absent before the first token.
    sequence: Option<Sequence>,
    kv_cache: bool,
    /// What has been read, kept only without a cache.
    tokens: Vec<i64>,
}

impl LlmSession {
    /// Reads `tokens` in one go behind those that the session has, and says what comes next.
    ///
    /// # Errors
    /// There are no tokens, one is not in the vocabulary, or the model fails.
    pub fn prefill(&mut self, tokens: &[i64]) -> Result<Logits> {
        self.decoder.check_tokens(tokens)?;
        if self.kv_cache {
            return self.read(tokens);
        }
        self.tokens.extend_from_slice(tokens);
        self.sequence = None;
        let tokens = std::mem::take(&mut self.tokens);
        let logits = self.read(&tokens)?;
        self.tokens = tokens;
        Ok(logits)
    }

    /// Reads one token behind those that the session has, and says what comes next.
    ///
    /// # Errors
    /// The token is not in the vocabulary, or the model fails.
    pub fn decode(&mut self, token: i64) -> Result<Logits> {
        self.prefill(&[token])
    }

    /// Brings the session to where it would be while generating: all but the last of `tokens` prefilled, that one decoded.
    ///
    /// The first token after a prefill finds a full cache and doubles it, once for all the tokens to come. After this
    /// call that is done, and the next decode costs what a typical one costs.
    ///
    /// # Errors
    /// As [`LlmSession::prefill`].
    pub fn resume(&mut self, tokens: &[i64]) -> Result<Logits> {
        match tokens.split_last() {
            Some((last, prompt)) if self.kv_cache && !prompt.is_empty() => {
                self.prefill(prompt)?;
                self.decode(*last)
            }
            _ => self.prefill(tokens),
        }
    }

    /// Tokens read so far.
    pub fn context(&self) -> usize {
        self.sequence.as_ref().map_or(0, Sequence::context)
    }

    fn read(&mut self, tokens: &[i64]) -> Result<Logits> {
        let ids = Tensor::from_shape(&[1, tokens.len()], tokens)
            .map_err(|cause| Error::new("tokens", format!("{cause:#}"), "give fewer tokens"))?;
        let sequence = match &mut self.sequence {
            Some(sequence) => sequence,
            empty => empty.insert(self.decoder.sequence()?),
        };
        let logits = self.decoder.read(sequence, ids, tokens.len());
        if logits.is_err() {
            self.sequence = None;
        }
        logits
    }
}
