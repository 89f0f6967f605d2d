//! The forms in which a decoder's graph can be run.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_core::transform::get_transform;
use tract_onnx::tract_hir::internal::*;

/// The `explicit` form of a decoder with the KV cache in tract's state.
///
/// `transformers_detect_all` takes the past out of the inputs of the graphs that it understands, and leaves it in those of
/// others.
pub(super) fn stateful(explicit: TypedModel) -> TractResult<TypedModel> {
    let mut stateful = explicit;
    let transform = get_transform("transformers_detect_all")?.context("tract-transformers is not linked")?;
    transform.transform(&mut stateful)?;
    Ok(stateful)
}

/// The decoder with the KV cache in its inputs and in its `outputs`, after the logits.
pub(super) fn explicit(mut typed: TypedModel, outputs: &[usize]) -> TractResult<TypedModel> {
    select(&mut typed, outputs);
    keep_last_position(typed)
}

/// Takes away all but these outputs, and puts them in this order.
pub(super) fn select(typed: &mut TypedModel, outputs: &[usize]) {
    typed.outputs = outputs.iter().map(|&output| typed.outputs[output]).collect();
}

/// Cuts the logits to the last position; simplifying then moves the cut in front of the product with the vocabulary.
///
/// Exports of Hugging Face give logits for every position, which nobody reads while a prompt is prefilled.
pub(super) fn keep_last_position(mut model: TypedModel) -> TractResult<TypedModel> {
    let logits = model.outputs[0];
    let fact = model.outlet_fact(logits)?;
    ensure!(fact.rank() == 3, "the logits have {} dimensions instead of 3", fact.rank());
    let length = fact.shape[1].clone();
    let last = Slice::new(1, length.clone() - 1, length);
    model.outputs[0] = model.wire_node("logits.last_position", last, &[logits])?[0];
    model.into_decluttered()
}
