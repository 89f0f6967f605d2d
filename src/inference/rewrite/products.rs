//! The two products of an attention, dimension by dimension.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::internal::*;

use super::scores::product_of;

/// An input of a product.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) outlet: OutletId,
    /// For each dimension of the scores the one of the operand that is the same, if there is one.
    pub(super) axes: Vec<Option<usize>>,
    /// The dimension that is summed over.
    pub(super) inner: usize,
}

impl Operand {
    /// Its dimensions over which heads are counted. Heads that it does not tell apart have to be neighbours: it may lack the last
    /// ones of the dimensions.
    pub(super) fn heads(&self, heads: &[usize]) -> Option<Vec<usize>> {
        let found: Vec<usize> = heads.iter().map_while(|axis| self.axes[*axis]).collect();
        let lacks_the_others = heads[found.len()..].iter().all(|axis| self.axes[*axis].is_none());
        lacks_the_others.then_some(found)
    }
}

/// The product of queries and keys.
pub(super) struct Scored {
    pub(super) queries: Operand,
    pub(super) keys: Operand,
    /// The dimensions of the scores over which heads are counted, the slowest first.
    pub(super) heads: Vec<usize>,
    /// The dimension of the scores over which queries are counted, if there is more than one.
    pub(super) rows: Option<usize>,
    keys_axis: usize,
}

impl Scored {
    /// What is what in `product`, whose keys are counted over `keys_axis`. Where lengths are not fixed, they are symbols.
    pub(super) fn of(model: &TypedModel, product: &TypedNode, keys_axis: usize, fixed: bool) -> Option<Self> {
        let op = plain(product)?;
        let shape = &product.outputs[0].fact.shape;
        let side = op.axes.axis((InOut::Out(0), keys_axis)).ok()?;
        let of_keys = match [side.inputs[0].len(), side.inputs[1].len()] {
            [1, 0] => 0,
            [0, 1] => 1,
            _ => return None,
        };
        let operand = |slot: usize| operand(model, product, op, slot, shape.rank());
        let (keys, queries) = (operand(of_keys)?, operand(1 - of_keys)?);
        let (mut heads, mut rows) = (Vec::new(), Vec::new());
        for axis in (0..shape.rank()).filter(|axis| *axis != keys_axis && !shape[*axis].is_one()) {
            // Every dimension but that of the keys is one of the queries, or has nothing to do with them.
            queries.axes[axis]?;
            let is_length = fixed || shape[axis].to_usize().is_err();
            if keys.axes[axis].is_none() && is_length { rows.push(axis) } else { heads.push(axis) }
        }
        let rows = match rows[..] {
            [] => None,
            [rows] => Some(rows),
            _ => return None,
        };
        Some(Self { queries, keys, heads, rows, keys_axis })
    }
}

/// What a dimension of the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// One of those over which heads are counted, by its place among them.
    Head(usize),
    Rows,
    Columns,
    /// A dimension of 1.
    One,
}

/// The product of weights and values.
pub(super) struct Weighed {
    pub(super) values: Operand,
    /// The dimension of the values that is their columns.
    pub(super) columns: usize,
    pub(super) output: Vec<Output>,
}

impl Weighed {
    /// What is what in `product`, which takes the weights that `softmax` makes of the scores.
    pub(super) fn of(model: &TypedModel, product: &TypedNode, softmax: &TypedNode, scored: &Scored) -> Option<Self> {
        debug_assert_eq!(product_of(model, softmax), Some(product.id));
        let op = plain(product)?;
        let rank = softmax.outputs[0].fact.rank();
        let comes_from_softmax = |outlet: &OutletId| {
            let node = model.node(outlet.node);
            node.id == softmax.id || node.inputs.iter().any(|input| input.node == softmax.id)
        };
        let weights = match [0, 1].map(|slot| comes_from_softmax(&product.inputs[slot])) {
            [true, false] => 0,
            [false, true] => 1,
            _ => return None,
        };
        let values = 1 - weights;
        let at = |slot: usize, axis: &Axis| axis.inputs[slot].first().copied();
        let mut axes = vec![None; rank];
        for (axis, of_values) in axes.iter_mut().enumerate() {
            *of_values = at(values, op.axes.axis((InOut::In(weights), axis)).ok()?);
        }
        let inner = op.axes.axis((InOut::In(weights), scored.keys_axis)).ok()?;
        let inner = at(values, inner).filter(|_| inner.outputs[0].is_empty())?;
        let shape = &product.outputs[0].fact.shape;
        let (mut output, mut columns) = (Vec::new(), None);
        for place in 0..shape.rank() {
            let axis = op.axes.axis((InOut::Out(0), place)).ok()?;
            output.push(match (at(weights, axis), at(values, axis)) {
                _ if shape[place].is_one() => Output::One,
                (Some(scores), _) if scored.rows == Some(scores) => Output::Rows,
                (Some(scores), _) => Output::Head(scored.heads.iter().position(|head| *head == scores)?),
                (None, Some(column)) if columns.is_none() => {
                    columns = Some(column);
                    Output::Columns
                }
                _ => return None,
            });
        }
        let heads = output.iter().filter(|output| matches!(output, Output::Head(_))).count();
        let has_rows = output.contains(&Output::Rows) == scored.rows.is_some();
        let values = Operand { outlet: product.inputs[values], axes, inner };
        (heads == scored.heads.len() && has_rows).then_some(Self { values, columns: columns?, output })
    }
}

/// A product of two tensors of floats, each of whose dimensions stands for itself.
fn plain(product: &TypedNode) -> Option<&EinSum> {
    let op = product.op_as::<EinSum>()?;
    let once = |axis: &Axis| axis.inputs.iter().chain(&axis.outputs).all(|places| places.len() <= 1);
    let is_plain = product.inputs.len() == 2
        && op.q_params.is_none()
        && op.operating_dt.is_float()
        && op.axes.iter_all_axes().all(once);
    is_plain.then_some(op)
}

fn operand(model: &TypedModel, product: &TypedNode, op: &EinSum, slot: usize, rank: usize) -> Option<Operand> {
    let mut axes = vec![None; rank];
    let mut inner = None;
    let shape = &model.outlet_fact(product.inputs[slot]).ok()?.shape;
    for axis in op.axes.iter_all_axes() {
        let Some(place) = axis.inputs[slot].first().copied() else { continue };
        match axis.outputs[0].first() {
            Some(output) => axes[*output] = Some(place),
            None if shape[place].is_one() => (),
            None if inner.is_none() && axis.inputs.iter().all(|places| places.len() == 1) => inner = Some(place),
            None => return None,
        }
    }
    Some(Operand { outlet: product.inputs[slot], axes, inner: inner? })
}
