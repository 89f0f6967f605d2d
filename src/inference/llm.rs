//! A language model: prefill a prompt, then decode token by token.

use std::num::NonZeroUsize;
use std::path::Path;

use super::decoder::{Decoder, Sequence};
use super::onnx::locate;
use super::plan::{Options, Runtime};
use super::probe::probe;
use super::{Applied, Logits};
use crate::Result;

/// A language model. Clones share it.
#[derive(Debug, Clone)]
pub struct Llm {
    decoder: Decoder,
}

impl Llm {
    /// Loads `onnx/model.onnx` or `model.onnx` below the directory `path`, or the ONNX file `path`.
    ///
    /// # Errors
    /// The file is missing, damaged, foreign, or lacks `input_ids` or the past keys and values.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_on(path, Options::default())
    }

    /// The same with `options`, or on so many threads. The logits are those of one thread, bit for bit.
    ///
    /// # Errors
    /// As [`Llm::load`].
    pub fn load_on(path: &Path, options: impl Into<Options>) -> Result<Self> {
        let decoder = Decoder::load(&locate(path, "model.onnx"), "input_ids", 2, &Runtime::of(options.into())?)?;
        // A state that cannot be made is a fault of the model, and is reported when it loads.
        decoder.sequence()?;
        Ok(Self { decoder })
    }

    /// Refuses a model that gives other logits after a prefill and a decode than after one longer prefill, for which
    /// there are many reasons: a mask or positions that the export has fixed, or an operator that tract reads otherwise.
    ///
    /// # Errors
    /// The two differ, with the figure; or the model fails.
    pub fn probe(&self) -> Result<()> {
        probe(&self.decoder)
    }

    /// The rewrites that applied when it was loaded.
    pub fn applied(&self) -> &Applied {
        self.decoder.applied()
    }

    /// The number of token ids, if the model's logits tell it.
    pub fn vocabulary(&self) -> Option<usize> {
        self.decoder.vocabulary()
    }

    /// A session without any tokens. Without a `kv_cache` every decoded token computes the whole context again.
    pub fn session(&self, kv_cache: bool) -> LlmSession {
        LlmSession { decoder: self.decoder.clone(), sequence: None, kv_cache, prompt_chunk: None, tokens: Vec::new() }
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
    prompt_chunk: Option<NonZeroUsize>,
    /// What has been read, kept only without a cache.
    tokens: Vec<i64>,
}

impl LlmSession {
    /// The session that reads prompts in chunks of so many tokens, so that the scores of its attention take memory for a
    /// chunk and not for the prompt. Without a KV cache there is nothing to put a chunk after, and prompts stay whole.
    #[must_use]
    pub fn with_prompt_chunk(self, prompt_chunk: Option<NonZeroUsize>) -> Self {
        Self { prompt_chunk, ..self }
    }

    /// Reads `tokens` after those that the session has, and says what comes next.
    ///
    /// # Errors
    /// There are no tokens, one is not in the vocabulary, or the model fails.
    pub fn prefill(&mut self, tokens: &[i64]) -> Result<Logits> {
        self.decoder.check_tokens(tokens)?;
        if self.kv_cache {
            return self.read_in_chunks(tokens);
        }
        self.tokens.extend_from_slice(tokens);
        self.sequence = None;
        let tokens = std::mem::take(&mut self.tokens);
        let logits = self.read(&tokens)?;
        self.tokens = tokens;
        Ok(logits)
    }

    /// Reads one token after those that the session has, and says what comes next.
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

    fn read_in_chunks(&mut self, tokens: &[i64]) -> Result<Logits> {
        let chunk = self.prompt_chunk.map_or(tokens.len(), NonZeroUsize::get);
        // The last chunk is the one whose logits count.
        let last = (tokens.len() - 1) / chunk * chunk;
        for chunk in tokens[..last].chunks(chunk) {
            self.read(chunk)?;
        }
        self.read(&tokens[last..])
    }

    fn read(&mut self, tokens: &[i64]) -> Result<Logits> {
        let sequence = match &mut self.sequence {
            Some(sequence) => sequence,
            empty => empty.insert(self.decoder.sequence()?),
        };
        let logits = self.decoder.read_ids(sequence, tokens);
        if logits.is_err() {
            self.sequence = None;
        }
        logits
    }
}
