//! Finds the weights of a graph that can be compressed.

use std::collections::{BTreeMap, HashMap};

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use super::tensor::Stored;

/// Operators of quantised weights, of ONNX and of ONNX Runtime.
const QUANTISED: [&str; 8] = [
    "DequantizeLinear",
    "DynamicQuantizeMatMul",
    "GatherBlockQuantized",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "MatMulNBits",
    "QLinearMatMul",
    "QuantizeLinear",
];

/// A constant matrix of a `MatMul` or `Gemm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weight {
    /// What a user knows it by.
    pub(super) name: String,
    /// Index of the node that multiplies with it.
    pub(super) node: usize,
    /// Index of the initializer that holds it.
    pub(super) initializer: usize,
    /// Whether the initializer is `[n, m]`.
    pub(super) transposed: bool,
    /// The type that a `Cast` gives it on its way, by ONNX's number.
    pub(super) cast: Option<i64>,
    pub(super) stored: Stored,
    /// `[m, n]`: it takes `m` values to `n`.
    pub(super) shape: [usize; 2],
    /// Why it has to stay as it is.
    pub(super) kept: Option<&'static str>,
}

/// The weights in the order of their nodes. With `all`, the first and the last layer and what stands outside of layers
/// count in.
///
/// # Errors
/// The graph is quantised, or has no weight of a matrix product.
pub(super) fn weights(graph: &GraphProto, all: bool) -> Result<Vec<Weight>, String> {
    if let Some(node) = graph.node.iter().find(|node| QUANTISED.contains(&node.op_type.as_str())) {
        return Err(format!(
            "its weights are quantised ({}), and a product of factors can't be taken from rounded integers without losing twice",
            node.op_type
        ));
    }
    let lookup = Lookup::new(graph);
    let mut weights: Vec<Weight> = (0..graph.node.len()).filter_map(|node| lookup.weight(node)).collect();
    if weights.is_empty() {
        return Err("there is no MatMul or Gemm with a constant matrix of 32-bit or 16-bit floats".to_owned());
    }
    if !all {
        keep_ends(&mut weights);
    }
    Ok(weights)
}

/// Keeps what is outside of layers, and the first and last layer of every stack.
fn keep_ends(weights: &mut [Weight]) {
    let mut stacks: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (stack, layer) in weights.iter().filter_map(|weight| layer(&weight.name)) {
        let ends = stacks.entry(stack.to_owned()).or_insert((layer, layer));
        *ends = (ends.0.min(layer), ends.1.max(layer));
    }
    for weight in weights.iter_mut().filter(|weight| weight.kept.is_none()) {
        weight.kept = match layer(&weight.name) {
            None => Some("outside of layers"),
            Some((stack, layer)) if stacks[stack].0 == layer => Some("first layer"),
            Some((stack, layer)) if stacks[stack].1 == layer => Some("last layer"),
            Some(_) => None,
        };
    }
}

/// The stack that a node belongs to, and its layer there: `/model/layers.3/mlp/up_proj/MatMul` is in layer 3 of
/// `/model/layers.`.
fn layer(name: &str) -> Option<(&str, usize)> {
    let mut start = 0;
    for part in name.split_inclusive(['.', '/']) {
        if let Ok(layer) = part.trim_end_matches(['.', '/']).parse() {
            return Some((&name[..start], layer));
        }
        start += part.len();
    }
    None
}

/// A graph by the names of its values.
struct Lookup<'a> {
    graph: &'a GraphProto,
    initializers: HashMap<&'a str, usize>,
    makers: HashMap<&'a str, &'a NodeProto>,
    /// How often a value is used, inner graphs and outputs included.
    uses: HashMap<&'a str, usize>,
}

impl<'a> Lookup<'a> {
    fn new(graph: &'a GraphProto) -> Self {
        let initializers = graph.initializer.iter().enumerate().map(|(index, tensor)| (&*tensor.name, index)).collect();
        let outputs = |node: &'a NodeProto| node.output.iter().map(move |name| (name.as_str(), node));
        let makers = graph.node.iter().flat_map(outputs).collect();
        let mut uses = HashMap::new();
        let mut open = vec![graph];
        while let Some(graph) = open.pop() {
            let taken = graph.node.iter().flat_map(|node| &node.input);
            for name in taken.chain(graph.output.iter().map(|output| &output.name)) {
                *uses.entry(name.as_str()).or_default() += 1;
            }
            for attribute in graph.node.iter().flat_map(|node| &node.attribute) {
                open.extend(attribute.g.iter().chain(&attribute.graphs));
            }
        }
        Self { graph, initializers, makers, uses }
    }

    /// The weight of a node, if it has one.
    fn weight(&self, index: usize) -> Option<Weight> {
        let node = &self.graph.node[index];
        let flag = |name: &str| node.attribute.iter().find(|a| a.name == name).is_some_and(|a| a.i != 0);
        let mut transposed = match node.op_type.as_str() {
            "MatMul" => false,
            "Gemm" => flag("transB"),
            _ => return None,
        };
        let (mut value, mut cast, mut shared) = (node.input.get(1)?.as_str(), None, false);
        let initializer = loop {
            shared |= self.uses.get(value).is_some_and(|&uses| uses > 1);
            if let Some(&initializer) = self.initializers.get(value) {
                break initializer;
            }
            let maker = self.makers.get(value)?;
            match maker.op_type.as_str() {
                "Transpose" => transposed = !transposed,
                "Cast" => cast = cast.or(maker.attribute.iter().find(|a| a.name == "to").map(|a| a.i)),
                "Identity" => {}
                _ => return None,
            }
            value = maker.input.first()?;
        };
        let tensor = &self.graph.initializer[initializer];
        let mut shape = shape(tensor)?;
        if transposed {
            shape.reverse();
        }
        Some(Weight {
            name: Self::name(node, tensor),
            node: index,
            initializer,
            transposed,
            cast,
            stored: Stored::of(tensor)?,
            shape,
            // Its product with the first factor would be another operator's.
            kept: if flag("transA") { Some("input is transposed") } else { shared.then_some("shared") },
        })
    }

    /// The node's own name, or that of its weight, whichever tells the layer.
    fn name(node: &NodeProto, tensor: &TensorProto) -> String {
        let names = [Some(&node.name), Some(&tensor.name), node.output.first()];
        let mut names = names.into_iter().flatten().filter(|name| !name.is_empty());
        let first = names.clone().next();
        names.find(|name| layer(name).is_some()).or(first).cloned().unwrap_or_default()
    }
}

/// The dimensions of a matrix.
fn shape(tensor: &TensorProto) -> Option<[usize; 2]> {
    match tensor.dims[..] {
        [rows, columns] if rows > 0 && columns > 0 => Some([rows as usize, columns as usize]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_known_by_their_names() {
        assert_eq!(layer("/model/layers.3/mlp/up_proj/MatMul"), Some(("/model/layers.", 3)));
        assert_eq!(layer("model.layers.12.self_attn.q_proj.weight"), Some(("model.layers.", 12)));
        assert_eq!(layer("/transformer/h.0/attn/c_attn/Gemm"), Some(("/transformer/h.", 0)));
        assert_eq!(layer("/lm_head/MatMul"), None);
        assert_eq!(layer("onnx::MatMul_1234"), None);
    }
}
