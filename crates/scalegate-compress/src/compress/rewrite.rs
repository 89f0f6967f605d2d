//! Puts products in the place of weights.

use std::collections::{BTreeMap, HashSet};

use crate::lowrank::{Cores, MatRef};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::Cut;
use super::graph::Weight;
use super::tensor;

/// A graph of which some nodes are being replaced.
pub(super) struct Rewrite<'a> {
    graph: &'a mut GraphProto,
    /// The nodes that take the place of one, by its index.
    replacements: BTreeMap<usize, Vec<NodeProto>>,
    /// Initializers that nothing uses any more.
    dropped: HashSet<String>,
    names: HashSet<String>,
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(graph: &'a mut GraphProto) -> Self {
        let values = graph.node.iter().flat_map(|node| node.input.iter().chain(&node.output));
        let names = values.chain(graph.initializer.iter().map(|tensor| &tensor.name)).cloned().collect();
        Self { graph, replacements: BTreeMap::new(), dropped: HashSet::new(), names }
    }

    /// The graph as it was, until [`Rewrite::finish`].
    pub(super) fn graph(&self) -> &GraphProto {
        self.graph
    }

    /// Replaces the weight by its cores; its input has `rank` dimensions.
    pub(super) fn replace(&mut self, weight: &Weight, cut: Cut, cores: &Cores, rank: usize) {
        let node = self.graph.node[weight.node].clone();
        self.dropped.insert(self.graph.initializer[weight.initializer].name.clone());
        let mut steps = Steps { rewrite: self, weight, base: node.output[0].clone(), nodes: Vec::new() };
        let first = steps.constant("first", cores.first.as_ref());
        let second = steps.constant("second", cores.second.as_ref());

        let Cut { input_parts, output_parts } = cut;
        let bond = cores.first.ncols() / output_parts;
        let shape = |sizes: &[usize]| -> Vec<i64> {
            // A zero keeps the dimension that is there.
            std::iter::repeat_n(0, rank - 1).chain(sizes.iter().map(|&size| size as i64)).collect()
        };
        let mut value = node.input[0].clone();
        if input_parts > 1 {
            value = steps.reshape("parts", &value, &shape(&[input_parts, cores.first.nrows()]));
        }
        value = steps.node("MatMul", "inner", &[&value, &first], Vec::new());
        value = match (input_parts, output_parts) {
            (1, 1) => value,
            (1, _) => steps.reshape("bonds", &value, &shape(&[output_parts, bond])),
            (_, 1) => steps.reshape("bonds", &value, &shape(&[input_parts * bond])),
            _ => {
                let split = steps.reshape("split", &value, &shape(&[input_parts, output_parts, bond]));
                let lead = rank as i64 - 1;
                let order = (0..lead).chain([lead + 1, lead, lead + 2]).collect();
                let turned = steps.node("Transpose", "turned", &[&split], vec![ints("perm", order)]);
                steps.reshape("bonds", &turned, &shape(&[output_parts, input_parts * bond]))
            }
        };
        if output_parts > 1 {
            value = steps.node("MatMul", "outer", &[&value, &second], Vec::new());
            steps.reshape("whole", &value, &shape(&[output_parts * cores.second.ncols()]));
        } else {
            let bias = node.input.iter().skip(2).map(String::as_str);
            let inputs: Vec<&str> = [value.as_str(), &second].into_iter().chain(bias).collect();
            // The second core stands as it is multiplied.
            let attributes = node.attribute.iter().filter(|attribute| attribute.name != "transB").cloned().collect();
            steps.node(&node.op_type, "outer", &inputs, attributes);
        }
        let mut nodes = steps.nodes;
        if let Some(last) = nodes.last_mut() {
            last.name = node.name;
            last.output = node.output;
        }
        self.replacements.insert(weight.node, nodes);
    }

    /// Makes the replacements, and removes what nothing uses any more.
    pub(super) fn finish(mut self) {
        let nodes = std::mem::take(&mut self.graph.node);
        for (index, node) in nodes.into_iter().enumerate() {
            match self.replacements.remove(&index) {
                Some(replacement) => self.graph.node.extend(replacement),
                None => self.graph.node.push(node),
            }
        }
        while self.remove_unused() {}
        self.graph.initializer.retain(|tensor| !self.dropped.contains(&tensor.name));
        // Older files list their weights as inputs too.
        self.graph.input.retain(|input| !self.dropped.contains(&input.name));
        let made: HashSet<&String> = self.graph.node.iter().flat_map(|node| &node.output).collect();
        self.graph.value_info.retain(|info| made.contains(&info.name));
    }

    /// Removes the nodes between a dropped weight and its product.
    fn remove_unused(&mut self) -> bool {
        let used: HashSet<&String> = self.graph.node.iter().flat_map(|node| &node.input).collect();
        let idle: HashSet<String> = (self.graph.node.iter())
            .filter(|node| node.input.len() == 1 && self.dropped.contains(&node.input[0]))
            .flat_map(|node| &node.output)
            .filter(|output| !used.contains(output))
            .cloned()
            .collect();
        self.graph.node.retain(|node| !node.output.iter().any(|output| idle.contains(output)));
        let some = !idle.is_empty();
        self.dropped.extend(idle);
        some
    }
}

/// The nodes that take the place of one.
struct Steps<'r, 'g> {
    rewrite: &'r mut Rewrite<'g>,
    weight: &'r Weight,
    base: String,
    nodes: Vec<NodeProto>,
}

impl Steps<'_, '_> {
    /// A name that nothing has, as the model may have been compressed before.
    fn fresh(&mut self, part: &str) -> String {
        let mut name = format!("{}/{part}", self.base);
        while !self.rewrite.names.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    fn node(&mut self, op: &str, part: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        let name = self.fresh(part);
        self.nodes.push(NodeProto {
            name: name.clone(),
            op_type: op.to_owned(),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            attribute,
            ..Default::default()
        });
        name
    }

    fn reshape(&mut self, part: &str, value: &str, shape: &[i64]) -> String {
        let name = self.fresh(&format!("{part}.shape"));
        self.initializer(tensor::integers(&name, shape));
        self.node("Reshape", part, &[value, &name], Vec::new())
    }

    /// A core, stored and cast as the weight was.
    fn constant(&mut self, part: &str, matrix: MatRef<'_, f64>) -> String {
        let name = self.fresh(&format!("{part}.weight"));
        self.initializer(tensor::tensor(&name, self.weight.stored, matrix));
        match self.weight.cast {
            None => name,
            Some(to) => {
                let to = AttributeProto {
                    name: "to".to_owned(),
                    i: to,
                    r#type: AttributeType::Int as i32,
                    ..Default::default()
                };
                self.node("Cast", &format!("{part}.cast"), &[&name], vec![to])
            }
        }
    }

    fn initializer(&mut self, tensor: TensorProto) {
        self.rewrite.graph.initializer.push(tensor);
    }
}

fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ints, r#type: AttributeType::Ints as i32, ..Default::default() }
}
