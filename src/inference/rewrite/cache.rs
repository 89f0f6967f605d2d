//! Attention over keys and values that are joined to those of earlier tokens keeps them itself, and they are inputs and outputs
//! of the graph no more: the cache grows in place.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::TypedConcat;
use tract_onnx::tract_core::ops::source::TypedSource;
use tract_onnx::tract_hir::internal::*;

use super::super::attention::{Attention, CachedAttention};

/// Keeps the caches of all attentions in them, if they are all caches that there are; says how many. A cache that is read by
/// something else has to stay what it is.
pub(super) fn kept(model: &mut TypedModel, is_past: impl Fn(&str) -> bool) -> TractResult<usize> {
    let attentions = model.nodes().iter().filter(|node| node.op_is::<Attention>());
    let joined: Option<Vec<(usize, [Joined; 2])>> = attentions
        .map(|node| {
            // The queries have to be those of the last tokens.
            node.op_as::<Attention>().filter(|op| op.after == 0.to_dim())?;
            Some((node.id, [Joined::before(model, node.inputs[1])?, Joined::before(model, node.inputs[2])?]))
        })
        .collect();
    let Some(joined) = joined else { return Ok(0) };
    let pasts = model.inputs.iter().filter(|input| is_past(&model.node(input.node).name)).count();
    let mut sources: Vec<usize> = joined.iter().flat_map(|(_, sides)| sides.each_ref().map(|side| side.past)).collect();
    sources.sort_unstable();
    sources.dedup();
    if sources.len() != pasts || sources.len() != 2 * joined.len() {
        return Ok(0);
    }
    for (id, sides) in &joined {
        patch(model, *id, sides)?.apply(model)?;
    }
    let gone: Vec<usize> = joined.iter().flat_map(|(_, sides)| sides.each_ref().map(|side| side.join)).collect();
    model.outputs.retain(|output| !gone.contains(&output.node));
    model.inputs.retain(|input| !sources.contains(&input.node));
    for id in gone {
        model.outlet_labels.remove(&id.into());
    }
    Ok(joined.len())
}

/// Keys or values that are joined to earlier ones.
struct Joined {
    past: usize,
    join: usize,
    new: OutletId,
    axis: usize,
    /// What is done to them before the attention.
    moves: Vec<AxisOp>,
}

impl Joined {
    fn before(model: &TypedModel, outlet: OutletId) -> Option<Self> {
        let (mut at, mut moves) = (outlet, Vec::new());
        loop {
            let node = model.node(at.node);
            let others = node.outputs[at.slot].successors.len() - 1;
            if let Some(op) = node.op_as::<TypedConcat>() {
                let [past, new] = node.inputs[..] else { return None };
                let is_joined = others == 0
                    && model.outputs.contains(&at)
                    && model.node(past.node).op_is::<TypedSource>()
                    && model.outlet_successors(past).len() == 1
                    && model.outlet_fact(past).ok()?.shape[op.axis].to_usize().is_err();
                moves.reverse();
                return is_joined.then_some(Self { past: past.node, join: node.id, new, axis: op.axis, moves });
            }
            match node.op_as::<AxisOp>()? {
                AxisOp::Reshape(..) => return None,
                op if others == 0 && !model.outputs.contains(&at) => moves.push(op.clone()),
                _ => return None,
            }
            at = node.inputs[0];
        }
    }
}

fn patch(model: &TypedModel, id: usize, sides: &[Joined; 2]) -> TractResult<TypedModelPatch> {
    let node = model.node(id);
    let Attention { scale, mask, .. } = *node.op_as::<Attention>().context("an attention that is none")?;
    let mut patch = TypedModelPatch::new("cache");
    let mut inputs = tvec![patch.tap_model(model, node.inputs[0])?];
    for (side, joined) in ["keys", "values"].iter().zip(sides) {
        let mut wire = patch.tap_model(model, joined.new)?;
        for (place, op) in joined.moves.iter().enumerate() {
            wire = patch.wire_node(format!("{}.{side}.{place}", node.name), op.clone(), &[wire])?[0];
        }
        inputs.push(wire);
    }
    let [keys, _] = sides;
    let past = model.node(keys.past);
    let fact = past.outputs[0].fact.clone();
    let op = CachedAttention { name: past.name.clone(), past: fact, axis: keys.axis, scale, mask };
    let wire = patch.wire_node(format!("{}.cached", node.name), op, &inputs)?;
    patch.shunt_outside(model, id.into(), wire[0])?;
    Ok(patch)
}
