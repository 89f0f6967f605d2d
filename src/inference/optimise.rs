//! Makes a graph ready to run, a few nodes at a time.
//!
//! tract packs the weights of products for its kernels, and keeps what they were made of until all are packed: twice the model in
//! memory. Between steps of a few nodes what nothing needs any more is dropped.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::optim::Optimizer;
use tract_onnx::tract_hir::internal::*;

/// Changes of the graph in a step.
const CHANGES: usize = 8;

/// `model`, optimised.
pub(super) fn optimised(mut model: TypedModel) -> TractResult<TypedModel> {
    model.declutter()?;
    // A step changes something, or there is nothing left; a node takes a few changes at most.
    for _ in 0..model.nodes().len() {
        let before = outline(&model);
        model.optimize_with_session(&mut Optimizer::codegen().stopping_at(CHANGES).session())?;
        if outline(&model) == before {
            break;
        }
    }
    model.optimize()?;
    Ok(model)
}

/// What a step changes: which nodes there are, and what they are.
fn outline(model: &TypedModel) -> Vec<(String, StaticName)> {
    model.nodes().iter().map(|node| (node.name.clone(), node.op.name())).collect()
}
