//! Rotary positions, which tract recognises in an export and runs by copying halves, become an operator that reads each value once.

use tract_onnx::prelude::*;
use tract_transformers::ops::apply_rope::ApplyRope;

use super::super::attention::Rotary;

/// Replaces them in `model`, and says how many.
pub(super) fn replaced(model: &mut TypedModel) -> TractResult<usize> {
    let mut count = 0;
    for id in model.eval_order()? {
        if !model.node(id).op_is::<ApplyRope>() || !fits(model, id)? {
            continue;
        }
        let node = model.node(id);
        TypedModelPatch::replace_single_op(model, node, &node.inputs, Rotary)?.apply(model)?;
        count += 1;
    }
    Ok(count)
}

/// Whether all are of 32-bit floats, and the angles are those of the rows, the same for all heads.
fn fits(model: &TypedModel, id: usize) -> TractResult<bool> {
    let facts = model.node_input_facts(id)?;
    let [x, cos, sin] = facts[..] else { return Ok(false) };
    let rank = x.rank();
    let angles = |angles: &TypedFact| {
        angles.rank() == rank
            && angles.shape[rank - 2..] == x.shape[rank - 2..]
            && angles.shape[..rank - 2].iter().all(|dim| dim.is_one())
    };
    let are_floats = facts.iter().all(|fact| fact.datum_type == DatumType::F32);
    Ok(rank >= 2 && are_floats && angles(cos) && angles(sin))
}
