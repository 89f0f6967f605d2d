//! What is between the product of queries and keys and the product with the values.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::math::{Add, IsNan};

use super::moved::scaled;
use super::partial::number;

/// What a softmax is taken of.
pub(super) struct Scores {
    /// The product of queries and keys.
    pub(super) product: usize,
    /// What is added to it.
    pub(super) mask: Option<OutletId>,
    /// What it is multiplied by, before that.
    pub(super) scale: f32,
}

impl Scores {
    /// What is before `softmax`, if it is a product, perhaps scaled, perhaps with something added.
    pub(super) fn before(model: &TypedModel, softmax: &TypedNode) -> Option<Self> {
        let plain = |outlet: OutletId| {
            let (mut at, mut scale) = (outlet, 1.0);
            while let Some((input, factor)) = scaled(model, model.node(at.node)) {
                at = model.node(at.node).inputs[input];
                scale *= factor;
            }
            model.node(at.node).op_is::<EinSum>().then_some((at.node, scale))
        };
        let before = softmax.inputs[0];
        let shape = &softmax.outputs[0].fact.shape;
        let found = match plain(before) {
            Some((product, scale)) => Self { product, mask: None, scale },
            None => {
                let node = model.node(before.node);
                node.op_as::<TypedBinOp>().filter(|op| op.0.is::<Add>())?;
                let sides = (0..2).find_map(|side| Some((plain(node.inputs[side])?, node.inputs[1 - side])));
                let ((product, scale), mask) = sides?;
                Self { product, mask: Some(mask), scale }
            }
        };
        (&model.node(found.product).outputs[0].fact.shape == shape).then_some(found)
    }
}

/// The product that takes what `softmax` makes, and nothing else takes it; a guard that makes zeros of what is no number may be
/// between. No row of a mask here is all shut, so that nothing is no number.
pub(super) fn product_of(model: &TypedModel, softmax: &TypedNode) -> Option<usize> {
    if model.outputs.contains(&softmax.id.into()) {
        return None;
    }
    let product = |successors: &[InletId]| match successors {
        [only] if model.node(only.node).op_is::<EinSum>() => Some(only.node),
        _ => None,
    };
    let successors = &softmax.outputs[0].successors;
    if let Some(product) = product(successors) {
        return Some(product);
    }
    let [first, second] = successors[..] else { return None };
    let guard = |test: InletId, choice: InletId| {
        let (test, choice) = (model.node(test.node), model.node(choice.node));
        test.op_as::<ElementWiseOp>().filter(|op| op.0.is::<IsNan>())?;
        choice.op_as::<Iff>()?;
        let [condition, if_true, if_false] = choice.inputs[..] else { return None };
        let is_guard = condition.node == test.id
            && number(model, if_true) == Some(0.0)
            && if_false.node == softmax.id
            && test.outputs[0].successors.len() == 1
            && !model.outputs.contains(&choice.id.into());
        if is_guard { product(&choice.outputs[0].successors) } else { None }
    };
    guard(first, second).or_else(|| guard(second, first))
}
