//! Cumulative sums of dimensions.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::CumSum;
use tract_onnx::tract_core::ops::cast::cast;

/// `model`, in which sums along an axis are of numbers.
///
/// tract takes 64-bit integers that a graph casts for dimensions, of which it has no cumulative sum; the exports of families that count
/// positions in their mask (BLOOM) ask for it.
pub(super) fn of_numbers(mut model: TypedModel) -> TractResult<TypedModel> {
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        if !node.op_is::<CumSum>() || model.outlet_fact(node.inputs[0])?.datum_type != TDim::datum_type() {
            continue;
        }
        let mut patch = TypedModelPatch::default();
        let dims = patch.tap_model(&model, node.inputs[0])?;
        let numbers = patch.wire_node(format!("{}.numbers", node.name), cast(i64::datum_type()), &[dims])?;
        let sums = patch.wire_node(format!("{}.sums", node.name), node.op.clone(), &numbers)?;
        let dims = patch.wire_node(format!("{}.dims", node.name), cast(TDim::datum_type()), &sums)?;
        patch.shunt_outside(&model, id.into(), dims[0])?;
        patch.apply(&mut model)?;
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_dimensions_is_that_of_their_numbers() {
        let mut model = TypedModel::default();
        let length = model.symbols.sym("length").to_dim();
        let source = model.add_source("mask", TDim::datum_type().fact([1.to_dim(), length])).unwrap();
        let op = CumSum { axis: 1, exclusive: false, reverse: false };
        let sums = model.wire_node("sums", op, &[source]).unwrap();
        model.select_output_outlets(&sums).unwrap();
        let run = |model: TypedModel| {
            let ones = tensor2(&[[1_i64, 1, 1]]).cast_to::<TDim>().unwrap().into_owned();
            model.into_runnable().and_then(|plan| plan.run(tvec![ones.into_tvalue()]))
        };
        assert!(run(model.clone()).is_err(), "without this the file would not be needed");
        let sums = run(of_numbers(model).unwrap()).unwrap();
        assert_eq!(sums[0].cast_to::<i64>().unwrap().as_ref(), &tensor2(&[[1_i64, 2, 3]]));
    }
}
