//! `MatMul → (scale) → (+ mask) → Softmax → (IsNaN → Where) → MatMul` becomes one operator, with heads that share keys unrepeated,
//! the mask as a rule, and all scales in one.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};
use tract_onnx::tract_hir::internal::*;

use super::super::attention::{Attention, Mask};
use super::arrange::{arranged, permuted};
use super::counts::Counts;
use super::mask::Masks;
use super::moved::{Moved, Wanted, origin};
use super::products::{Operand, Output, Scored, Weighed};
use super::scores::{Scores, product_of};

/// The patch that replaces the attention around the softmax `node`, if it is one.
pub(super) fn rule(
    model: &TypedModel,
    counts: &Counts,
    masks: &mut Masks,
    node: &TypedNode,
) -> TractResult<Option<TypedModelPatch>> {
    let Some(found) = Found::around(model, counts, masks, node) else { return Ok(None) };
    found.patch(model).map(Some)
}

/// An attention in a graph.
struct Found {
    /// The product with the values.
    product: usize,
    /// Queries, keys, values.
    inputs: [Moved; 3],
    op: Attention,
    /// Over which heads are counted, the slowest first.
    heads: TVec<TDim>,
    output: Vec<Output>,
}

impl Found {
    fn around(model: &TypedModel, counts: &Counts, masks: &mut Masks, node: &TypedNode) -> Option<Self> {
        let softmax = node.op_as::<Softmax>().filter(|op| op.kind == SoftmaxKind::Softmax)?;
        let [keys_axis] = softmax.axes[..] else { return None };
        let scores = Scores::before(model, node)?;
        let scored = Scored::of(model, model.node(scores.product), keys_axis, counts.is_fixed())?;
        let product = product_of(model, node)?;
        let weighed = Weighed::of(model, model.node(product), node, &scored)?;
        let shape = &node.outputs[0].fact.shape;
        let rows = scored.rows.map_or_else(|| 1.to_dim(), |axis| shape[axis].clone());
        let mask = match scores.mask {
            None => Mask::Open,
            Some(mask) => masks.of(model, counts, mask, [&rows, &shape[keys_axis]])?,
        };
        let heads: TVec<TDim> = scored.heads.iter().map(|axis| shape[*axis].clone()).collect();
        let count = heads.iter().map(|dim| dim.to_usize().ok()).product::<Option<usize>>()?;
        let find = |operand: &Operand, rows: Option<usize>, columns: usize, most_shared: usize| {
            let heads = operand.heads(&scored.heads)?;
            origin(model, counts, operand.outlet, &Wanted { heads: &heads, rows, columns, most_shared })
        };
        let of_rows = scored.rows.and_then(|axis| scored.queries.axes[axis]);
        let queries = find(&scored.queries, of_rows, scored.queries.inner, 1)?;
        let keys = find(&scored.keys, scored.keys.axes[keys_axis], scored.keys.inner, count)?;
        let values = find(&weighed.values, Some(weighed.values.inner), weighed.columns, count)?;
        // What values are multiplied by would have to be put somewhere, and no exporter does it. Heads of keys are those of
        // values.
        let of_heads = |moved: &Moved| -> Option<TDim> {
            let Some(axis) = moved.axes[0] else { return Some(1.to_dim()) };
            Some(model.outlet_fact(moved.from).ok()?.shape[axis].clone())
        };
        if values.scale != 1.0 || of_heads(&keys)? != of_heads(&values)? {
            return None;
        }
        let op = Attention { scale: scores.scale * queries.scale * keys.scale, mask, after: 0.to_dim() };
        Some(Self { product, inputs: [queries, keys, values], op, heads, output: weighed.output })
    }

    fn patch(&self, model: &TypedModel) -> TractResult<TypedModelPatch> {
        let mut patch = TypedModelPatch::new("attention");
        let product = model.node(self.product);
        let name = &product.name;
        let mut inputs = tvec![];
        for (side, moved) in ["queries", "keys", "values"].iter().zip(&self.inputs) {
            let tap = patch.tap_model(model, moved.from)?;
            inputs.push(arranged(&mut patch, &format!("{name}.{side}"), tap, &moved.axes)?);
        }
        let mut wire = patch.wire_node(format!("{name}.attention"), self.op.clone(), &inputs)?[0];
        // The dimensions of the output that are not 1, first in the order of heads, rows and columns.
        let mut order: Vec<Output> = (0..self.heads.len()).map(Output::Head).collect();
        let all = patch.outlet_fact(wire)?.shape[0].clone();
        match self.heads.len() {
            0 => wire = patch.wire_node(format!("{name}.one_head"), AxisOp::Rm(0), &[wire])?[0],
            1 => (),
            _ => {
                let heads = AxisOp::Reshape(0, tvec![all], self.heads.clone());
                wire = patch.wire_node(format!("{name}.heads"), heads, &[wire])?[0];
            }
        }
        if self.output.contains(&Output::Rows) {
            order.push(Output::Rows);
        } else {
            wire = patch.wire_node(format!("{name}.one_row"), AxisOp::Rm(self.heads.len()), &[wire])?[0];
        }
        order.push(Output::Columns);
        let wanted = self.output.iter().filter(|output| **output != Output::One);
        let wanted: Option<Vec<usize>> = wanted.map(|it| order.iter().position(|other| other == it)).collect();
        let wanted = wanted.filter(|wanted| wanted.len() == order.len()).context("a dimension is missing")?;
        wire = permuted(&mut patch, &format!("{name}.output"), wire, &wanted)?;
        for (place, _) in self.output.iter().enumerate().filter(|(_, output)| **output == Output::One) {
            wire = patch.wire_node(format!("{name}.one.{place}"), AxisOp::Add(place), &[wire])?[0];
        }
        patch.shunt_outside(model, product.id.into(), wire)?;
        Ok(patch)
    }
}
