//! A decoder with a KV cache: the heart of the LLM and the text half of the VLM.

use std::path::Path;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::TypedSimpleState;
use tract_onnx::tract_hir::internal::*;

use super::Logits;
use super::decoder_inputs::{AXES, check_axes, check_caches, lengthen_mask, row, rows};
use super::forms::{explicit, keep_last_position, select, stateful};
use super::onnx::OnnxFile;
use super::plan::{Plan, REMEDY, Runtime, floats, guarded};
use super::pooling::longest_context;
use super::probe::Rounding;
use super::rewrite::{Applied, Counts, with_caches, with_rotary};
use crate::{Error, Result};

pub(super) const MASK: &str = "attention_mask";
pub(super) const POSITIONS: &str = "position_ids";
pub(super) const PAST: &str = "past_key_values.";
/// The attention of onnxruntime-genai's exports.
pub(super) const GROUPED: &str = "GroupQueryAttention";

/// An input of a decoder, recognised by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `input_ids`, `[1, sequence]`, or `inputs_embeds`, `[1, sequence, hidden]`.
    Tokens,
    /// `attention_mask`, `[1, past + sequence]`: all ones, as nothing is padded.
    Mask,
    /// `position_ids`, `[1, sequence]`: counts on from the past.
    Positions,
    /// `position_ids`, `[3, 1, sequence]`, as of Qwen2-VL: frame, row and column of an image token; of text three times the
    /// same.
    Axes,
    /// `past_key_values.{i}.key|value`, `[1, kv heads, past, width]`.
    Past,
}

/// A decoder. Clones share the plans.
#[derive(Debug, Clone)]
pub(super) struct Decoder {
    plan: Plan,
    /// What reads the first tokens, of a model for which `plan` can read but one token after others.
    prompt: Option<Plan>,
    roles: Vec<Role>,
    vocabulary: Option<usize>,
    rounding: Rounding,
}

/// One sequence's place in a decoder: its KV cache and its length.
///
/// A clone is a sequence of its own: a cache in tract's state is copied, with its spare capacity, and an explicit one is
/// shared, as tensors are never written to.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    state: TypedSimpleState,
    past: TVec<TValue>,
    context: usize,
}

impl Sequence {
    /// Tokens read so far.
    pub(super) fn context(&self) -> usize {
        self.context
    }
}

impl Decoder {
    /// Loads the decoder at `path`, which takes its tokens through the input `tokens`, of the given rank.
    pub(super) fn load(path: &Path, tokens: &str, rank: usize, runtime: &Runtime) -> Result<Self> {
        let mut file = OnnxFile::read(path)?;
        let has_axes = file.inputs().iter().any(|name| name == POSITIONS) && file.dims(POSITIONS)?.len() == 3;
        let known = |name: &str| match name {
            POSITIONS if has_axes => Some(3),
            MASK | POSITIONS => Some(2),
            _ if name == tokens => Some(rank),
            _ if name.starts_with(PAST) => Some(4),
            _ => None,
        };
        file.check_inputs(known, &[tokens, PAST])?;
        let mut outputs = tvec![file.output("logits")?];
        for past in file.inputs().iter().filter_map(|name| name.strip_prefix(PAST)) {
            outputs.push(file.output(&format!("present.{past}"))?);
        }
        if has_axes {
            file.fix_dim(POSITIONS, 0, &AXES.to_dim())?;
            file.fix_dim(POSITIONS, 1, &1.to_dim())?;
            check_axes(&file)?;
        }
        for name in file.inputs().to_vec() {
            file.fix_dim(&name, 0, &1.to_dim())?;
        }
        lengthen_mask(&mut file, tokens)?;
        if file.has_operator(GROUPED) {
            return Self::in_two_plans(file, tokens, &outputs, runtime);
        }
        let (path, mut typed) = file.into_translated()?;
        check_caches(&path, &typed, &outputs)?;
        let rounding = Rounding::of(&typed);
        select(&mut typed, &outputs);
        let counts = Counts::of(&typed, tokens);
        let (typed, mut applied) = runtime.rewritten(&path, typed, counts.as_ref())?;
        let form = guarded(&path, "simplify", || simplest(typed, &mut applied))?;
        let plan = Plan::new(&path, form, runtime)?.with_rewrites(applied);
        Self::new(plan, tokens, rounding)
    }

    /// A decoder whose attention is one operator, of which tract has two forms: many tokens after an empty cache, and one
    /// token after a cache. Weights are in memory twice.
    fn in_two_plans(file: OnnxFile, tokens: &str, outputs: &[usize], runtime: &Runtime) -> Result<Self> {
        let mut prompt = file.clone();
        for name in file.inputs().iter().filter(|name| name.starts_with(PAST)) {
            prompt.fix_dim(name, 2, &0.to_dim())?;
        }
        let mut step = file;
        step.fix_dim(tokens, 1, &1.to_dim())?;
        let plan = |file: OnnxFile| {
            let (path, typed) = file.into_typed()?;
            check_caches(&path, &typed, outputs)?;
            let rounding = Rounding::of(&typed);
            let explicit = guarded(&path, "simplify", || explicit(typed, outputs))?;
            Ok((Plan::new(&path, explicit, runtime)?, rounding))
        };
        let (prompt, _) = plan(prompt)?;
        let (step, rounding) = plan(step)?;
        Ok(Self { prompt: Some(prompt), ..Self::new(step, tokens, rounding)? })
    }

    fn new(plan: Plan, tokens: &str, rounding: Rounding) -> Result<Self> {
        let mut roles = Vec::new();
        for (index, name) in plan.inputs().iter().enumerate() {
            roles.push(role(name, tokens, plan.input_fact(index)?.rank()));
        }
        let vocabulary = plan.output_fact(0)?.shape.last().and_then(|dim| dim.to_usize().ok());
        Ok(Self { plan, prompt: None, roles, vocabulary, rounding })
    }

    /// Whether a token's position is its place along [`AXES`] axes.
    pub(super) fn has_axes(&self) -> bool {
        self.roles.contains(&Role::Axes)
    }

    /// The type of the tokens' input.
    pub(super) fn token_type(&self) -> Result<DatumType> {
        let index = self.roles.iter().position(|role| *role == Role::Tokens).unwrap_or(0);
        Ok(self.plan.input_fact(index)?.datum_type)
    }

    /// The number of token ids, if the model's logits tell it.
    pub(super) fn vocabulary(&self) -> Option<usize> {
        self.vocabulary
    }

    /// The file that the decoder was read from.
    pub(super) fn path(&self) -> &Path {
        self.plan.path()
    }

    /// The kinds of operators that run.
    #[cfg(test)]
    pub(super) fn operators(&self) -> Vec<String> {
        self.plan.operators()
    }

    /// The rewrites that applied when it was loaded.
    pub(super) fn applied(&self) -> &Applied {
        self.plan.applied()
    }

    /// What rounding may change in its logits.
    pub(super) fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// Refuses a token that is not in the vocabulary: tract would read past the embedding.
    pub(super) fn check_tokens(&self, tokens: &[i64]) -> Result<()> {
        let vocabulary = self.vocabulary.map_or(i64::MAX, |size| size as i64);
        let place = || self.plan.path().display();
        if tokens.is_empty() {
            return Err(Error::new(place(), "there are no tokens to read", "give at least one token"));
        }
        match tokens.iter().find(|token| !(0..vocabulary).contains(*token)) {
            None => Ok(()),
            Some(token) => Err(Error::new(
                place(),
                format!("token {token} is not in the vocabulary"),
                format!("use token ids from 0 to {}", vocabulary - 1),
            )),
        }
    }

    /// A sequence without any tokens.
    pub(super) fn sequence(&self) -> Result<Sequence> {
        let mut past = tvec![];
        for (index, _) in self.roles.iter().enumerate().filter(|(_, role)| **role == Role::Past) {
            past.push(self.empty_past(index)?);
        }
        Ok(Sequence { state: self.plan.spawn()?, past, context: 0 })
    }

    /// Reads token ids after those that the sequence has, and says what comes next.
    pub(super) fn read_ids(&self, sequence: &mut Sequence, ids: &[i64]) -> Result<Logits> {
        let tensor = Tensor::from_shape(&[1, ids.len()], ids).map_err(|cause| self.unusable(&format!("{cause:#}")))?;
        self.read(sequence, tensor, ids.len())
    }

    /// Reads `count` tokens (ids or embeddings) after those that the sequence has, and says what comes next.
    pub(super) fn read(&self, sequence: &mut Sequence, tokens: Tensor, count: usize) -> Result<Logits> {
        self.read_at(sequence, tokens, count, None)
    }

    /// The same, with the positions along the axes of a model that takes them, `[3, count]`; without, they count on from the
    /// past.
    pub(super) fn read_at(
        &self,
        sequence: &mut Sequence,
        tokens: Tensor,
        count: usize,
        mut axes: Option<Vec<i64>>,
    ) -> Result<Logits> {
        let start = sequence.context;
        let total = start + count;
        let mut tokens = Some(tokens);
        let mut past = std::mem::take(&mut sequence.past).into_iter();
        let input = |role: &Role| match role {
            Role::Tokens => tokens.take().map(Tensor::into_tvalue),
            Role::Mask => Some(row(vec![1; total])),
            Role::Positions => Some(row((start as i64..total as i64).collect())),
            Role::Axes => rows(axes.take(), start, total).ok(),
            Role::Past => past.next(),
        };
        let inputs: Option<TVec<TValue>> = self.roles.iter().map(input).collect();
        let inputs =
            inputs.ok_or_else(|| self.unusable("two inputs of the model take the tokens, or positions are missing"))?;
        let mut outputs = match &self.prompt {
            Some(prompt) if start == 0 => prompt.run(&mut prompt.spawn()?, inputs),
            Some(_) if count > 1 => return Err(self.unusable_in_parts(count)),
            _ => self.plan.run(&mut sequence.state, inputs),
        }
        .map_err(|error| self.beyond_context(total).unwrap_or(error))?
        .into_iter();
        let logits = outputs.next().ok_or_else(|| self.unusable("the model gave no logits"))?;
        sequence.past = outputs.collect();
        sequence.context = total;
        floats(&logits).map(Logits::new).map_err(|cause| self.unusable(&format!("{cause:#}")))
    }

    fn empty_past(&self, index: usize) -> Result<TValue> {
        let fact = self.plan.input_fact(index)?;
        let dims = [fact.shape[1].to_usize(), fact.shape[3].to_usize()];
        let [Ok(heads), Ok(width)] = dims else {
            return Err(self.unusable("the KV cache has an unknown number or width of heads"));
        };
        let empty = Tensor::zero_dt(fact.datum_type, &[1, heads, 0, width]);
        empty.map(Tensor::into_tvalue).map_err(|cause| self.unusable(&format!("{cause:#}")))
    }

    /// Why so many tokens may have failed: tract says of positions that the model has no embedding of no more than that it gave up.
    fn beyond_context(&self, tokens: usize) -> Option<Error> {
        let (longest, key) = longest_context(self.path()).filter(|(longest, _)| tokens > *longest)?;
        Some(Error::new(
            self.path().display(),
            format!("it reads {longest} tokens at most (`{key}` in its config.json), and {tokens} were asked for"),
            "leave larger sizes out of its [[workload]]; llm/decode reads one token more than its size, llm/generate 16",
        ))
    }

    fn unusable_in_parts(&self, count: usize) -> Error {
        let cause = format!("{GROUPED} reads one token after others in tract, and not {count}");
        Error::new(
            self.path().display(),
            cause,
            "leave `prompt_chunk` out of `suite.toml`, and prefill a prompt in one go",
        )
    }

    fn unusable(&self, cause: &str) -> Error {
        Error::new(self.plan.path().display(), cause, REMEDY)
    }
}

/// The form of a decoder that is run, after the rewrites that `applied` and with more of them.
fn simplest(typed: TypedModel, applied: &mut Applied) -> TractResult<TypedModel> {
    let mut explicit = keep_last_position(typed.into_decluttered()?)?;
    if !applied.is_empty() {
        explicit = with_caches(explicit, applied)?;
    }
    // Measured on one thread, sides alternating: at 1024 tokens of context a decode step of the stateful form took 0.69
    // of the explicit one's time with 4 layers of 8 heads. With the suite's LLM (2 layers of 4 heads) it was 0.92, 0.96
    // and 1.02 in three runs on a busy machine, and at 16 to 256 tokens 0.92 to 1.17 around 1: noise. Prefill: 0.98 to
    // 1.03. So the stateful form is taken for what it saves on larger caches.
    let stateful = stateful(explicit.clone())?;
    if stateful.inputs.iter().any(|input| stateful.node(input.node).name.starts_with(PAST)) {
        return Ok(explicit);
    }
    if applied.is_empty() { Ok(stateful) } else { with_rotary(stateful, applied) }
}

fn role(name: &str, tokens: &str, rank: usize) -> Role {
    match name {
        MASK => Role::Mask,
        POSITIONS if rank == 3 => Role::Axes,
        POSITIONS => Role::Positions,
        _ if name == tokens => Role::Tokens,
        _ => Role::Past,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::materialise_llm;
    use crate::suite::LlmSpec;

    #[test]
    fn both_forms_of_a_decoder_agree() {
        let root = tempfile::tempdir().unwrap();
        let model = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap().path.join("onnx/model.onnx");
        let mut file = OnnxFile::read(&model).unwrap();
        file.fix_dim("input_ids", 0, &1.to_dim()).unwrap();
        let (path, typed) = file.into_typed().unwrap();
        let outputs: Vec<usize> = (0..typed.outputs.len()).collect();
        let explicit = explicit(typed, &outputs).unwrap();
        let stateful = stateful(explicit.clone()).unwrap();
        let rounding = Rounding::of(&explicit);
        let decoder = |plan| Decoder::new(plan, "input_ids", rounding).unwrap();
        let decoders = [explicit, stateful].map(|form| decoder(Plan::new(&path, form, &Runtime::default()).unwrap()));
        let past = decoders.each_ref().map(|decoder| decoder.roles.contains(&Role::Past));
        assert_eq!(past, [true, false]);

        let mut sequences = decoders.each_ref().map(|decoder| decoder.sequence().unwrap());
        for tokens in [&[5i64, 80, 200, 3][..], &[17], &[1, 2], &[255]] {
            let ids = Tensor::from_shape(&[1, tokens.len()], tokens).unwrap();
            let mut read = |form: usize| {
                decoders[form].read(&mut sequences[form], ids.clone(), tokens.len()).unwrap().values().to_vec()
            };
            let (a, b) = (read(0), read(1));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-4));
        }
        assert_eq!(sequences.map(|sequence| sequence.context()), [8, 8]);
    }
}
