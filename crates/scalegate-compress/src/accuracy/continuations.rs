//! Two models that continue the same prompts, greedily.

use std::num::NonZeroUsize;
use std::path::Path;

use serde::Serialize;

use super::prompts::Prompt;
use super::similarity::{Similarity, cosine, mean, similarity};
use super::spread::{self, FEWEST, draws, interval};
use super::stops::stop_tokens;
use crate::compress::context;
use scalegate::law::Interval;
use scalegate::{Error, Result};
use scalegate_suite::inference::{Embedder, Llm, Tokenizer, language_model_file};

/// What the candidate writes beside what its reference writes. Intervals hold the true value with 95 %.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Continuations {
    /// Prompts that were continued.
    pub prompts: usize,
    /// New tokens of a prompt at most.
    pub new_tokens: usize,
    /// Share of prompts that both continue with the same tokens.
    pub equal: Interval,
    /// New tokens until the first that differs, as a mean over prompts.
    pub common_prefix_tokens: Interval,
    /// How close in meaning the continuations are to the answers, if there is a model that tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<Similarity>,
    /// Seed of the draws that the intervals come from.
    pub seed: u64,
    /// Each prompt.
    pub each: Vec<Continued>,
}

/// One prompt and how it was continued.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Continued {
    /// The prompt.
    pub prompt: String,
    /// The answer that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What the reference writes.
    pub reference: String,
    /// What the candidate writes.
    pub candidate: String,
    /// Whether both write the same tokens.
    pub equal: bool,
    /// New tokens until the first that differs.
    pub common_prefix_tokens: usize,
    /// Cosine similarity of the reference's continuation and the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_similarity: Option<f64>,
    /// Cosine similarity of the candidate's continuation and the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_similarity: Option<f64>,
}

/// Lets the models in `reference` and `candidate` continue prompts by their most likely tokens, at most `new_tokens` each, and
/// compares what they write; in meaning too, by the sentence-embedding model in `embed`. `progress` hears how many steps are done,
/// of how many, and what they are.
///
/// # Errors
/// There are fewer than ten prompts; a model or tokenizer is missing or does not run; their tokens differ; or a prompt leaves no
/// room for its continuation.
pub fn continuations(
    reference: &Path,
    candidate: &Path,
    prompts: &[Prompt],
    new_tokens: NonZeroUsize,
    embed: Option<&Path>,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Continuations> {
    if prompts.len() < FEWEST {
        let cause = format!("there are {} of them; intervals need {FEWEST}", prompts.len());
        return Err(Error::new("the prompts", cause, "give more prompts"));
    }
    // What is wrong with it is better known before anything is written.
    let embedder = embed.map(Embedder::load).transpose()?;
    let writers = [Writer::new(reference)?, Writer::new(candidate)?];
    let tokens = writers[0].tokens(prompts)?;
    if writers[1].tokens(prompts)? != tokens {
        return Err(Error::new(
            candidate.display(),
            format!("its tokenizer makes other tokens of the prompts than that of {}", reference.display()),
            "compare models that share a tokenizer",
        ));
    }
    let new_tokens = new_tokens.get();
    for writer in &writers {
        writer.check_room(&tokens, new_tokens)?;
    }
    let steps = prompts.len() * if embedder.is_some() { 3 } else { 2 };
    let mut done = 0;
    let mut step = |what: &str| {
        progress(done, steps, what);
        done += 1;
    };
    // One model after the other, so that only one is in memory.
    let [by_reference, by_candidate] = writers;
    let by_reference = by_reference.write_all(&tokens, new_tokens, &mut || step("continuations"))?;
    let by_candidate = by_candidate.write_all(&tokens, new_tokens, &mut || step("continuations"))?;
    let mut each: Vec<Continued> = prompts
        .iter()
        .zip(by_reference.into_iter().zip(by_candidate))
        .map(|(prompt, written)| Continued::new(prompt, written))
        .collect();
    let similarity =
        embedder.map(|embedder| compare_meanings(&embedder, &mut each, &mut || step("embeddings"))).transpose()?;
    let over = |values: Vec<f64>| {
        let drawn = draws(values.len()).map(|draw| draw.iter().map(|&index| values[index]).sum::<f64>());
        interval(mean(&values), drawn.map(|sum| sum / prompts.len() as f64))
    };
    Ok(Continuations {
        prompts: prompts.len(),
        new_tokens,
        equal: over(each.iter().map(|it| f64::from(it.equal)).collect()),
        common_prefix_tokens: over(each.iter().map(|it| it.common_prefix_tokens as f64).collect()),
        similarity,
        seed: spread::SEED,
        each,
    })
}

/// New tokens, and the text that they are.
struct Written {
    tokens: Vec<i64>,
    text: String,
}

impl Continued {
    fn new(prompt: &Prompt, (reference, candidate): (Written, Written)) -> Self {
        let pairs = reference.tokens.iter().zip(&candidate.tokens);
        Self {
            prompt: prompt.text.clone(),
            answer: prompt.answer.clone(),
            equal: reference.tokens == candidate.tokens,
            common_prefix_tokens: pairs.take_while(|(a, b)| a == b).count(),
            reference: reference.text,
            candidate: candidate.text,
            reference_similarity: None,
            candidate_similarity: None,
        }
    }
}

/// A model with its tokenizer, which is loaded when it writes.
struct Writer<'a> {
    dir: &'a Path,
    tokenizer: Tokenizer,
    stops: Vec<i64>,
    context: usize,
}

impl<'a> Writer<'a> {
    fn new(dir: &'a Path) -> Result<Self> {
        let tokenizer = Tokenizer::from_file(&dir.join("tokenizer.json"))?;
        Ok(Self { dir, tokenizer, stops: stop_tokens(dir)?, context: context(dir)? })
    }

    fn tokens(&self, prompts: &[Prompt]) -> Result<Vec<Vec<i64>>> {
        prompts.iter().map(|prompt| self.tokenizer.encode(&prompt.text)).collect()
    }

    /// Refuses prompts whose continuation would lead out of the context.
    fn check_room(&self, prompts: &[Vec<i64>], new_tokens: usize) -> Result<()> {
        let too_long = |tokens: &&Vec<i64>| tokens.len().saturating_add(new_tokens) > self.context;
        let Some(tokens) = prompts.iter().find(too_long) else { return Ok(()) };
        Err(Error::new(
            self.dir.display(),
            format!(
                "a prompt of {} tokens and {new_tokens} new ones are more than its context of {}",
                tokens.len(),
                self.context
            ),
            "shorten the prompt, or lower `--new-tokens`",
        ))
    }

    fn write_all(self, prompts: &[Vec<i64>], new_tokens: usize, step: &mut dyn FnMut()) -> Result<Vec<Written>> {
        let model = Llm::load(&language_model_file(self.dir)?)?;
        model.probe()?;
        let mut all = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            step();
            let tokens = self.continuation(&model, prompt, new_tokens)?;
            all.push(Written { text: self.tokenizer.decode(&tokens)?, tokens });
        }
        Ok(all)
    }

    /// The most likely token, again and again, until the text ends.
    fn continuation(&self, model: &Llm, prompt: &[i64], new_tokens: usize) -> Result<Vec<i64>> {
        let mut session = model.session(true);
        let mut written = Vec::new();
        let mut logits = session.prefill(prompt)?;
        loop {
            if !logits.values().iter().all(|logit| logit.is_finite()) {
                let cause = "some of its logits are not finite";
                let remedy = "compress less, or export with 32-bit floats";
                return Err(Error::new(self.dir.display(), cause, remedy));
            }
            let next = logits.best();
            if self.stops.contains(&next) {
                return Ok(written);
            }
            written.push(next);
            if written.len() == new_tokens {
                return Ok(written);
            }
            logits = session.decode(next)?;
        }
    }
}

/// Notes the similarities of each prompt, and sums them up.
fn compare_meanings(embedder: &Embedder, each: &mut [Continued], step: &mut dyn FnMut()) -> Result<Similarity> {
    let (mut of_candidate, mut of_reference) = (Vec::new(), Vec::new());
    for continued in each.iter_mut() {
        step();
        let reference = embedder.embed(&continued.reference)?;
        let candidate = embedder.embed(&continued.candidate)?;
        let answer = match &continued.answer {
            Some(answer) => embedder.embed(answer)?,
            None => reference.clone(),
        };
        let [reference, candidate] = [reference, candidate].map(|embedding| cosine(&embedding, &answer));
        continued.reference_similarity = Some(reference);
        continued.candidate_similarity = Some(candidate);
        of_reference.push(reference);
        of_candidate.push(candidate);
    }
    let answers = each.iter().filter(|continued| continued.answer.is_some()).count();
    Ok(similarity(embedder.description(), answers, &of_candidate, &of_reference))
}
