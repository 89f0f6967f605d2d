//! A decoder with a KV cache: the heart of the LLM and the text half of the VLM.

use std::path::Path;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::TypedSimpleState;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_core::transform::get_transform;
use tract_onnx::tract_hir::internal::*;

use super::Logits;
use super::onnx::OnnxFile;
use super::plan::{Plan, REMEDY, floats, guarded};
use crate::{Error, Result};

const MASK: &str = "attention_mask";
const POSITIONS: &str = "position_ids";
const PAST: &str = "past_key_values.";

/// An input of a decoder, recognised by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `input_ids`, `[1, sequence]`, or `inputs_embeds`, `[1, sequence, hidden]`.
    Tokens,
    /// `attention_mask`, `[1, past + sequence]`: all ones, as nothing is padded.
    Mask,
    /// `position_ids`, `[1, sequence]`: counts on from the past.
    Positions,
    /// `past_key_values.{i}.key|value`, `[1, kv heads, past, width]`.
    Past,
}

/// A decoder. Clones share the plan.
#[derive(Debug, Clone)]
pub(super) struct Decoder {
    plan: Plan,
    roles: Vec<Role>,
    vocabulary: Option<usize>,
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
    pub(super) fn load(path: &Path, tokens: &str, rank: usize) -> Result<Self> {
        let mut file = OnnxFile::read(path)?;
        let known = |name: &str| match name {
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
        file.fix_dim(tokens, 0, &1.to_dim())?;
        let (path, typed) = file.into_typed()?;
        let (explicit, stateful) = guarded(&path, "simplify", || forms(typed, &outputs))?;
        // Measured on one thread, sides alternating: at 1024 tokens of context a decode step of the stateful form took 0.69
        // of the explicit one's time with 4 layers of 8 heads. With the suite's LLM (2 layers of 4 heads) it was 0.92, 0.96
        // and 1.02 in three runs on a busy machine, and at 16 to 256 tokens 0.92 to 1.17 around 1: noise. Prefill: 0.98 to
        // 1.03. So the stateful form is taken for what it saves on larger caches.
        let stateful = Plan::new(&path, stateful)?;
        let absorbed = !stateful.inputs().iter().any(|name| name.starts_with(PAST));
        Self::new(if absorbed { stateful } else { Plan::new(&path, explicit)? }, tokens)
    }

    fn new(plan: Plan, tokens: &str) -> Result<Self> {
        let roles = plan.inputs().iter().map(|name| role(name, tokens)).collect();
        let vocabulary = plan.output_fact(0)?.shape.last().and_then(|dim| dim.to_usize().ok());
        Ok(Self { plan, roles, vocabulary })
    }

    /// The number of token ids, if the model's logits tell it.
    pub(super) fn vocabulary(&self) -> Option<usize> {
        self.vocabulary
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

    /// Reads `count` tokens (ids or embeddings) behind those that the sequence has, and says what comes next.
    pub(super) fn read(&self, sequence: &mut Sequence, tokens: Tensor, count: usize) -> Result<Logits> {
        let start = sequence.context;
        let total = start + count;
        let mut tokens = Some(tokens);
        let mut past = std::mem::take(&mut sequence.past).into_iter();
        let input = |role: &Role| match role {
            Role::Tokens => tokens.take().map(Tensor::into_tvalue),
            Role::Mask => Some(row(vec![1; total])),
            Role::Positions => Some(row((start as i64..total as i64).collect())),
            Role::Past => past.next(),
        };
        let inputs: Option<TVec<TValue>> = self.roles.iter().map(input).collect();
        let inputs = inputs.ok_or_else(|| self.unusable("two inputs of the model take the tokens"))?;
        let mut outputs = self.plan.run(&mut sequence.state, inputs)?.into_iter();
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

    fn unusable(&self, cause: &str) -> Error {
        Error::new(self.plan.path().display(), cause, REMEDY)
    }
}

/// `[1, length]`.
fn row(values: Vec<i64>) -> TValue {
    tract_ndarray::Array1::from_vec(values).insert_axis(tract_ndarray::Axis(0)).into_tensor().into_tvalue()
}

fn role(name: &str, tokens: &str) -> Role {
    match name {
        MASK => Role::Mask,
        POSITIONS => Role::Positions,
        _ if name == tokens => Role::Tokens,
        _ => Role::Past,
    }
}

/// The decoder in two forms: with the KV cache in its inputs and outputs, and with the cache in tract's state.
///
/// `transformers_detect_all` makes the second, where the cache grows in place. It takes the past out of the inputs of
/// the graphs that it understands, as those of [`crate::models`], and leaves it in those of others.
fn forms(mut typed: TypedModel, outputs: &[usize]) -> TractResult<(TypedModel, TypedModel)> {
    typed.outputs = outputs.iter().map(|&output| typed.outputs[output]).collect();
    let explicit = keep_last_position(typed)?;
    let mut stateful = explicit.clone();
    let transform = get_transform("transformers_detect_all")?.context("tract-transformers is not linked")?;
    transform.transform(&mut stateful)?;
    Ok((explicit, stateful))
}

/// Cuts the logits to the last position; simplifying then moves the cut in front of the product with the vocabulary.
///
/// Exports of Hugging Face give logits for every position, which nobody reads while a prompt is prefilled.
fn keep_last_position(mut model: TypedModel) -> TractResult<TypedModel> {
    let logits = model.outputs[0];
    let fact = model.outlet_fact(logits)?;
    ensure!(fact.rank() == 3, "the logits have {} dimensions instead of 3", fact.rank());
    let length = fact.shape[1].clone();
    let last = Slice::new(1, length.clone() - 1, length);
    model.outputs[0] = model.wire_node("logits.last_position", last, &[logits])?[0];
    model.into_decluttered()
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
        let (explicit, stateful) = forms(typed, &outputs).unwrap();
        let decoders =
            [explicit, stateful].map(|form| Decoder::new(Plan::new(&path, form).unwrap(), "input_ids").unwrap());
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
