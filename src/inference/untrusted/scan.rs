//! Whether a loop has the inputs that it says it has.

use tract_onnx::pb::{GraphProto, NodeProto};

/// Checks the loops of a graph and of the graphs within its nodes.
///
/// tract subtracts the scanned inputs of a `Scan` from those of its body and makes a list as long as the difference, which is no
/// less than 2⁶⁴ minus a few where they are more.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    let mut open = vec![graph];
    while let Some(graph) = open.pop() {
        for node in &graph.node {
            if node.op_type == "Scan" {
                checked(node).map_err(|cause| format!("the Scan {}: {cause}", node.name))?;
            }
            open.extend(node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)));
        }
    }
    Ok(())
}

fn checked(node: &NodeProto) -> Result<(), String> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let scanned = attribute("num_scan_inputs").ok_or("without num_scan_inputs")?.i;
    let body = attribute("body").and_then(|attribute| attribute.g.as_ref()).ok_or("without a body")?;
    let is_constant = |name: &str| body.initializer.iter().any(|tensor| tensor.name == name);
    let inputs = body.input.iter().filter(|input| !is_constant(&input.name)).count();
    if usize::try_from(scanned).is_ok_and(|scanned| scanned <= inputs) {
        Ok(())
    } else {
        Err(format!("{scanned} inputs are scanned of the {inputs} of its body"))
    }
}
