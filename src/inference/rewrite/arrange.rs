//! Dimensions in the order in which attention takes them.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

/// `outlet` of a patch with its dimensions `axes` in that order and no others, which have to be 1. An absent one becomes a new
/// dimension of 1.
pub(super) fn arranged(
    patch: &mut TypedModelPatch,
    name: &str,
    outlet: OutletId,
    axes: &[Option<usize>],
) -> TractResult<OutletId> {
    let rank = patch.outlet_fact(outlet)?.rank();
    let chosen: Vec<usize> = axes.iter().flatten().copied().collect();
    let rest = (0..rank).filter(|axis| !chosen.contains(axis));
    let order: Vec<usize> = chosen.iter().copied().chain(rest).collect();
    let mut wire = permuted(patch, name, outlet, &order)?;
    for axis in (chosen.len()..rank).rev() {
        wire = patch.wire_node(format!("{name}.rm.{axis}"), AxisOp::Rm(axis), &[wire])?[0];
    }
    for (place, _) in axes.iter().enumerate().filter(|(_, axis)| axis.is_none()) {
        wire = patch.wire_node(format!("{name}.add.{place}"), AxisOp::Add(place), &[wire])?[0];
    }
    Ok(wire)
}

/// `outlet` of a patch with its dimensions in this order.
pub(super) fn permuted(
    patch: &mut TypedModelPatch,
    name: &str,
    outlet: OutletId,
    order: &[usize],
) -> TractResult<OutletId> {
    let mut wire = outlet;
    let mut now: Vec<usize> = (0..order.len()).collect();
    for (to, axis) in order.iter().enumerate() {
        let from = now.iter().position(|it| it == axis).context("an order without one of the dimensions")?;
        if from != to {
            wire = patch.wire_node(format!("{name}.move.{to}"), AxisOp::Move(from, to), &[wire])?[0];
            let moved = now.remove(from);
            now.insert(to, moved);
        }
    }
    Ok(wire)
}
