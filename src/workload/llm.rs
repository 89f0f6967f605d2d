//! The workloads of the language model, along the tokens axis.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;

use super::prompt::{prompt, repeated, tokens_of};
use super::registry::{Source, options};
use super::traced::Traced;
use crate::Result;
use crate::inference::{Llm, LlmSession};
use crate::suite::Suite;
use scalegate::workload::WorkloadName;
use scalegate::{Axis, Prepared, Workload};

/// Tokens that `llm/generate` makes.
const NEW_TOKENS: u64 = 16;

/// The phases of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A prompt of n tokens to its first logits.
    Prefill,
    /// One token after n tokens of context.
    Decode,
    /// A prompt of n tokens, then [`NEW_TOKENS`] tokens.
    Generate,
}

impl Phase {
    pub(super) const ALL: [(&'static str, Self); 3] =
        [("llm/prefill", Self::Prefill), ("llm/decode", Self::Decode), ("llm/generate", Self::Generate)];
}

/// The model, loaded when the first workload needs it.
pub(super) type SharedLlm = Rc<OnceCell<Rc<Llm>>>;

pub(super) struct LlmWorkload {
    pub(super) name: WorkloadName,
    pub(super) phase: Phase,
    pub(super) sizes: Vec<u64>,
    pub(super) suite: Rc<Suite>,
    pub(super) source: Source,
    pub(super) model: SharedLlm,
    /// The tokens of the prompt file, once they are known.
    pub(super) text: OnceCell<Vec<i64>>,
}

impl LlmWorkload {
    fn model(&self) -> Result<Rc<Llm>> {
        if let Some(model) = self.model.get() {
            return Ok(Rc::clone(model));
        }
        let model = Llm::load_on(&self.source.llm(&self.suite)?, options(&self.suite))?;
        if self.source != Source::Embedded {
            model.probe()?;
        }
        let model = Rc::new(model);
        Ok(Rc::clone(self.model.get_or_init(|| model)))
    }
}

impl LlmWorkload {
    /// The prompt file, for a model that has a tokenizer: the embedded one has none.
    fn prompt_file(&self) -> Option<&Path> {
        self.suite.inference.prompt.as_deref().filter(|_| self.source != Source::Embedded)
    }

    fn prompt(&self, length: u64, vocabulary: Option<usize>) -> Result<Vec<i64>> {
        let (Some(file), Source::User(model)) = (self.prompt_file(), &self.source) else {
            return Ok(prompt(length, vocabulary, self.suite.seed()));
        };
        if self.text.get().is_none() {
            let tokens = tokens_of(file, &model.directory()?.join("tokenizer.json"))?;
            self.text.get_or_init(|| tokens);
        }
        Ok(self.text.get().map(|tokens| repeated(tokens, length)).unwrap_or_default())
    }
}

impl Workload for LlmWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn axis(&self) -> Axis {
        Axis::TOKENS
    }

    fn sizes(&self) -> Vec<u64> {
        self.sizes.clone()
    }

    fn protocol(&self) -> BTreeMap<String, String> {
        let mut protocol = BTreeMap::from([match self.prompt_file() {
            Some(file) => ("prompt".to_owned(), file.display().to_string()),
            None => ("prompt_seed".to_owned(), self.suite.seed().to_string()),
        }]);
        if self.phase == Phase::Generate {
            protocol.insert("new_tokens".to_owned(), NEW_TOKENS.to_string());
        }
        protocol
    }

    fn tokens(&self, size: u64) -> Option<u64> {
        Some(match self.phase {
            Phase::Prefill => size,
            Phase::Decode => 1,
            Phase::Generate => size + NEW_TOKENS,
        })
    }

    fn load(&self) -> Result<()> {
        self.model().map(drop)
    }

    fn prepare(&self, size: u64) -> Result<Box<dyn Prepared>> {
        let model = self.model()?;
        let settings = &self.suite.inference;
        let mut start = model.session(settings.kv_cache).with_prompt_chunk(settings.prompt_chunk);
        let tokens = self.prompt(size, model.vocabulary())?;
        if self.phase == Phase::Decode {
            start.resume(&tokens)?;
        }
        Ok(Box::new(Traced(Generation { phase: self.phase, tokens, session: start.clone(), start })))
    }
}

/// A generation at one prompt length.
struct Generation {
    phase: Phase,
    tokens: Vec<i64>,
    start: LlmSession,
    session: LlmSession,
}

impl Prepared for Generation {
    fn reset(&mut self) {
        self.session = self.start.clone();
    }

    fn run(&mut self) -> Result<()> {
        match self.phase {
            Phase::Prefill => {
                black_box(self.session.prefill(&self.tokens)?);
            }
            Phase::Decode => {
                black_box(self.session.decode(0)?);
            }
            Phase::Generate => {
                let mut logits = self.session.prefill(&self.tokens)?;
                for _ in 0..NEW_TOKENS {
                    logits = self.session.decode(logits.best())?;
                }
                black_box(logits);
            }
        }
        Ok(())
    }
}
