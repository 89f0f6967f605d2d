//! What a decoder's inputs have to be, and the values of those that only count.

use std::path::Path;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use super::decoder::{MASK, PAST, POSITIONS};
use super::onnx::{EXPORT, OnnxFile};
use crate::{Error, Result};

/// Numbers in the position of a token that has a place in an image.
pub(super) const AXES: usize = 3;

/// `[1, length]`.
pub(super) fn row(values: Vec<i64>) -> TValue {
    tract_ndarray::Array1::from_vec(values).insert_axis(tract_ndarray::Axis(0)).into_tensor().into_tvalue()
}

/// `[3, 1, total - start]`: the given positions, or those from `start` on along each axis.
pub(super) fn rows(axes: Option<Vec<i64>>, start: usize, total: usize) -> TractResult<TValue> {
    let counted = || (start as i64..total as i64).cycle().take(AXES * (total - start)).collect();
    let values: Vec<i64> = axes.unwrap_or_else(counted);
    Ok(Tensor::from_shape(&[AXES, 1, total - start], &values)?.into_tvalue())
}

/// Refuses positions along another number of axes.
pub(super) fn check_axes(file: &OnnxFile) -> Result<()> {
    let dims = file.dims(POSITIONS)?;
    if dims[0] == AXES.to_dim() {
        return Ok(());
    }
    let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
    let cause = format!("the model's input {POSITIONS} is [{}] instead of [{AXES}, 1, sequence]", dims.join(", "));
    Err(Error::new(file.path().display(), cause, EXPORT))
}

/// Makes the mask as long as the past and the tokens together. The exports of Qwen2-VL that are published name its length after
/// the tokens alone, which fits an empty cache only.
pub(super) fn lengthen_mask(file: &mut OnnxFile, tokens: &str) -> Result<()> {
    let Some(past) = file.inputs().iter().find(|name| name.starts_with(PAST)).cloned() else { return Ok(()) };
    if !file.inputs().iter().any(|name| name == MASK) {
        return Ok(());
    }
    let (mask, tokens) = (file.dims(MASK)?[1].clone(), file.dims(tokens)?[1].clone());
    if mask != tokens {
        return Ok(());
    }
    let total = file.dims(&past)?[2].clone() + tokens;
    file.set_dims(MASK, tvec![1.to_dim(), total])
}

/// Refuses a model whose caches do not grow by the tokens that are read: `[1, kv heads, past, width]` to
/// `[1, kv heads, past + sequence, width]`.
pub(super) fn check_caches(path: &Path, typed: &TypedModel, outputs: &[usize]) -> Result<()> {
    let error = |cause: String| Error::new(path.display(), cause, EXPORT);
    let described = |cause: TractError| error(format!("{cause:#}"));
    let pasts = (0..typed.inputs.len()).filter(|&input| typed.node(typed.inputs[input].node).name.starts_with(PAST));
    for (input, &output) in pasts.zip(&outputs[1..]) {
        let past = typed.input_fact(input).map_err(described)?;
        let present = typed.output_fact(output).map_err(described)?;
        let name = &typed.node(typed.inputs[input].node).name;
        let fixed = |fact: &TypedFact| [0, 1, 3].map(|axis| fact.shape.get(axis).and_then(|dim| dim.to_usize().ok()));
        let [Some(1), Some(_), Some(_)] = fixed(past) else {
            return Err(error(format!(
                "the input {name} has the shape {:?} instead of [1, heads, past, width]",
                past.shape
            )));
        };
        if fixed(past) != fixed(present) || past.datum_type != present.datum_type {
            return Err(error(format!("the input {name} is {past:?}, but comes back as {present:?}")));
        }
    }
    Ok(())
}
