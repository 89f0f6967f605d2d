//! Whether tract can read the dimensions of inputs. What a file says of other values is not read.

use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::type_proto;
use tract_onnx::pb::{GraphProto, ValueInfoProto};

/// Operators and brackets in the expression for one dimension (`past_sequence_length + 1`). tract's parser calls itself for
/// each of them: 50,000 end the process, since a stack that is used up can't be caught.
pub(super) const MAX_OPERATORS: usize = 32;

/// Checks the inputs of a graph and of the graphs within its nodes.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    let mut open = vec![graph];
    while let Some(graph) = open.pop() {
        graph.input.iter().try_for_each(checked)?;
        let attributes = graph.node.iter().flat_map(|node| &node.attribute);
        open.extend(attributes.flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)));
    }
    Ok(())
}

fn checked(value: &ValueInfoProto) -> Result<(), String> {
    let tensor = value.r#type.iter().flat_map(|kind| &kind.value).map(|type_proto::Value::TensorType(tensor)| tensor);
    let dims = tensor.flat_map(|tensor| &tensor.shape).flat_map(|shape| &shape.dim);
    for expression in dims.filter_map(|dim| match &dim.value {
        Some(dimension::Value::DimParam(expression)) => Some(expression),
        _ => None,
    }) {
        let operators = expression.bytes().filter(|byte| b"+-*/(,".contains(byte)).count();
        if operators > MAX_OPERATORS {
            let name = &value.name;
            return Err(format!(
                "a dimension of {name} is computed by {operators} operators; {MAX_OPERATORS} are read"
            ));
        }
    }
    Ok(())
}
