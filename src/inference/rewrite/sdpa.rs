//! ONNX's own `Attention`, which tract reads as its operator `Sdpa`, becomes the operator of this crate.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;
use tract_transformers::ops::sdpa::Sdpa;

use super::super::attention::{Attention, Mask};
use super::counts::Counts;
use super::mask::Masks;

/// The patch that replaces `node`, if it is an `Sdpa` of one batch with a mask that is recognised.
pub(super) fn rule(
    model: &TypedModel,
    counts: &Counts,
    masks: &mut Masks,
    node: &TypedNode,
) -> TractResult<Option<TypedModelPatch>> {
    let Some(op) = node.op_as::<Sdpa>() else { return Ok(None) };
    let [queries, keys] = [0, 1].map(|input| model.outlet_fact(node.inputs[input]));
    let (queries, keys) = (queries?, keys?);
    if op.is_causal || queries.rank() != 4 || !queries.shape[0].is_one() {
        return Ok(None);
    }
    let mask = match node.inputs.get(3) {
        None => Some(Mask::Open),
        Some(mask) => masks.of(model, counts, *mask, [&queries.shape[2], &keys.shape[2]]),
    };
    let Some(mask) = mask else { return Ok(None) };
    let scale = match &op.scale {
        Some(scale) => scale.cast_to_scalar::<f32>()?,
        None => (queries.shape[3].to_usize()? as f32).sqrt().recip(),
    };
    let mut patch = TypedModelPatch::new("sdpa");
    let name = &node.name;
    let mut inputs = tvec![];
    for (side, input) in ["queries", "keys", "values"].iter().zip(&node.inputs) {
        let tap = patch.tap_model(model, *input)?;
        inputs.push(patch.wire_node(format!("{name}.{side}"), AxisOp::Rm(0), &[tap])?[0]);
    }
    let wire = patch.wire_node(format!("{name}.attention"), Attention { scale, mask, after: 0.to_dim() }, &inputs)?;
    let wire = patch.wire_node(format!("{name}.batch"), AxisOp::Add(0), &wire)?[0];
    patch.shunt_outside(model, node.id.into(), wire)?;
    Ok(Some(patch))
}
