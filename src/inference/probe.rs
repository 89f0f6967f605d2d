//! Whether a language model's two ways to the same logits agree.

use tract_onnx::prelude::*;

use super::Logits;
use super::decoder::Decoder;
use crate::{Error, Result};

/// Tokens of the prompt: more than one block of any quantised form has rows, and few enough to take no time.
const PROMPT: usize = 16;

/// What rounding may change, relative to the largest logit; the largest seen is stated in `docs/models.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rounding(f32);

impl Rounding {
    /// Of a model, by the least precise floats in it.
    pub(super) fn of(typed: &TypedModel) -> Self {
        let mut kinds = typed.nodes().iter().flat_map(|node| &node.outputs).map(|output| output.fact.datum_type);
        Self(if kinds.any(|kind| kind == DatumType::F16) { 0.02 } else { 1e-4 })
    }
}

/// A prefill of `PROMPT` + 1 tokens against a prefill of `PROMPT` and a decode.
pub(super) fn probe(decoder: &Decoder) -> Result<()> {
    // Spread over the vocabulary, whose ends are often unused.
    let vocabulary = decoder.vocabulary().unwrap_or(PROMPT + 1);
    let tokens: Vec<i64> = (0..=PROMPT).map(|index| (index * vocabulary / (PROMPT + 1)) as i64).collect();
    let (prompt, next) = tokens.split_at(PROMPT);
    let whole = read(decoder, &[&tokens])?;
    let cached = read(decoder, &[prompt, next])?;
    let difference = difference(&whole, &cached);
    let rounding = decoder.rounding().0;
    if difference <= rounding {
        return Ok(());
    }
    Err(Error::new(
        decoder.path().display(),
        format!(
            "after a prefill of {PROMPT} tokens and a decode the logits differ from those after a prefill of {} by \
             {difference:.1e} of the largest, where rounding explains {rounding:.0e}",
            PROMPT + 1,
        ),
        "export the model with its KV cache (task text-generation-with-past) in f32, f16 or with MatMulNBits of 4 bits",
    ))
}

/// The logits after the last of `parts`.
fn read(decoder: &Decoder, parts: &[&[i64]]) -> Result<Logits> {
    let mut sequence = decoder.sequence()?;
    let mut logits = Logits::new(Vec::new());
    for part in parts {
        logits = decoder.read_ids(&mut sequence, part)?;
    }
    Ok(logits)
}

/// The largest difference, relative to the largest logit; not a number if a logit is none.
fn difference(a: &Logits, b: &Logits) -> f32 {
    if a.values().iter().chain(b.values()).any(|logit| !logit.is_finite()) {
        return f32::NAN;
    }
    let scale = a.values().iter().map(|a| a.abs()).fold(0.0, f32::max);
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / scale
}
