//! What in the graph of a vision tower is settled by its being given one still image without padding.
//!
//! Exports ask the values of their inputs for it, with operators that tract does not have, or whose shapes it cannot know:
//! - Qwen2-VL repeats the size of each image as often as it has frames, in a `Loop` over sequences. A still image has one,
//!   and is not repeated.
//! - Idefics3 and SmolVLM take away tiles of zeros, which fill up a batch of images with fewer tiles, by `NonZero`. No
//!   tile of an image is one: with their mean of 0.5 none of the 256 levels becomes zero.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// What the size of the image in patches is called.
pub(super) const GRIDS: [&str; 2] = ["image_grid_thw", "grid_thw"];

/// Replaces what is settled in the graph of a tower whose image comes in by `pixels`.
pub(super) fn settle(graph: &mut GraphProto, pixels: &str) {
    repeat_once(graph);
    keep_all(graph, pixels);
}

/// Makes `repeat_interleave` by the frames of each image the identity.
fn repeat_once(graph: &mut GraphProto) {
    let makers = Makers::of(graph);
    let mut once = Vec::new();
    for (index, node) in graph.node.iter().enumerate().filter(|(_, node)| node.op_type == "ConcatFromSequence") {
        if let Some(repeated) = node.input.first().and_then(|name| repeated(graph, &makers, name)) {
            once.push((index, repeated));
        }
    }
    let mut sizes = Vec::new();
    for (index, repeated) in once {
        sizes.extend(graph.node[index].output.iter().cloned());
        pass(&mut graph.node[index], repeated);
    }
    // Sizes are integers of 64 bits already. Cast to them, they would become tract's dimensions, which it does not pad.
    for node in graph.node.iter_mut().filter(|node| node.op_type == "Cast") {
        if let Some(size) = node.input.first().filter(|name| sizes.contains(name)).cloned() {
            pass(node, size);
        }
    }
    drop_unused(graph);
}

/// What the loop that makes the sequence `name` repeats, if it does so by the frames of each image.
fn repeated(graph: &GraphProto, makers: &Makers, name: &str) -> Option<String> {
    let make = makers.node(graph, name).filter(|node| node.op_type == "Loop")?;
    let body = make.attribute.iter().find_map(|attribute| attribute.g.as_ref())?;
    let inner = Makers::of(body);
    // Of the two sequences that the body looks into one is spread, and the other one says how often.
    let spread = body.node.iter().find(|node| matches!(node.op_type.as_str(), "Expand" | "Tile"))?;
    let looked_into = |name: &String| {
        let found = inner.before(body, name).into_iter().filter(|node| node.op_type == "SequenceAt");
        let sequences: HashSet<&String> = found.filter_map(|node| node.input.first()).collect();
        let [sequence] = Vec::from_iter(sequences)[..] else { return None };
        makers.node(graph, sequence).filter(|node| node.op_type == "SplitToSequence")?.input.first().cloned()
    };
    let (data, times) = (looked_into(spread.input.first()?)?, looked_into(spread.input.get(1)?)?);
    let places: Vec<&NodeProto> = makers
        .before(graph, &times)
        .into_iter()
        .filter(|node| {
            node.op_type == "Gather" && node.input.first().is_some_and(|name| GRIDS.contains(&name.as_str()))
        })
        .collect();
    let is_frames = |node: &&NodeProto| node.input.get(1).and_then(|name| makers.integer(graph, name)) == Some(0);
    (!places.is_empty() && places.iter().all(is_frames)).then_some(data)
}

/// What a search for tiles of zeros consists of; what else is computed of an image, nobody knows beforehand.
const SEARCH: [&str; 9] =
    ["Cast", "Equal", "Flatten", "Identity", "Not", "ReduceSum", "Reshape", "Squeeze", "Unsqueeze"];

/// Makes every place one that is not zero, in a search for tiles of zeros among `pixels`.
fn keep_all(graph: &mut GraphProto, pixels: &str) {
    let mut seen = HashSet::from([pixels.to_owned()]);
    let mut nodes = Vec::with_capacity(graph.node.len());
    for mut node in graph.node.drain(..) {
        let sees = node.input.iter().any(|name| seen.contains(name));
        if sees && SEARCH.contains(&node.op_type.as_str()) {
            seen.extend(node.output.iter().cloned());
        }
        if sees && node.op_type == "NonZero" {
            let output = node.output.first().cloned().unwrap_or_default();
            let (shape, ones) = (format!("{output}.shape"), format!("{output}.ones"));
            nodes.push(simple("Shape", &node.input, &shape));
            nodes.push(NodeProto { attribute: vec![one()], ..simple("ConstantOfShape", &[shape], &ones) });
            node.input = vec![ones];
        }
        nodes.push(node);
    }
    graph.node = nodes;
}

/// Makes a node hand on `input`.
fn pass(node: &mut NodeProto, input: String) {
    "Identity".clone_into(&mut node.op_type);
    node.attribute.clear();
    node.input = vec![input];
}

fn simple(kind: &str, inputs: &[String], output: &str) -> NodeProto {
    NodeProto {
        op_type: kind.to_owned(),
        name: output.to_owned(),
        input: inputs.to_vec(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// What `ConstantOfShape` fills with.
fn one() -> AttributeProto {
    use tract_onnx::pb::attribute_proto::AttributeType;
    let value =
        TensorProto { dims: vec![1], data_type: DataType::Int64.into(), int64_data: vec![1], ..TensorProto::default() };
    AttributeProto {
        name: "value".to_owned(),
        r#type: AttributeType::Tensor.into(),
        t: Some(value),
        ..AttributeProto::default()
    }
}

/// Takes away nodes of sequences, and loops, that nothing needs: tract would stop at them.
fn drop_unused(graph: &mut GraphProto) {
    loop {
        let mut used: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
        used.extend(graph.node.iter().flat_map(|node| &node.input).cloned());
        for inner in graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.g.as_ref()) {
            used.extend(inner.node.iter().flat_map(|node| &node.input).cloned());
        }
        let before = graph.node.len();
        graph.node.retain(|node| {
            let is_foreign = node.op_type.contains("Sequence") || node.op_type == "Loop";
            !is_foreign || node.output.iter().any(|output| used.contains(output))
        });
        if graph.node.len() == before {
            return;
        }
    }
}

/// Which node makes a value.
struct Makers(HashMap<String, usize>);

impl Makers {
    fn of(graph: &GraphProto) -> Self {
        let outputs = |(index, node): (usize, &NodeProto)| {
            node.output.iter().map(|output| (output.clone(), index)).collect::<Vec<_>>()
        };
        Self(graph.node.iter().enumerate().flat_map(outputs).collect())
    }

    fn node<'a>(&self, graph: &'a GraphProto, name: &str) -> Option<&'a NodeProto> {
        self.0.get(name).map(|&index| &graph.node[index])
    }

    /// All nodes that the value `name` is computed by; only the shape of what is before a `Shape` counts.
    fn before<'a>(&self, graph: &'a GraphProto, name: &str) -> Vec<&'a NodeProto> {
        let (mut open, mut found) = (vec![name.to_owned()], HashSet::new());
        while let Some(name) = open.pop() {
            if let Some(&index) = self.0.get(&name)
                && found.insert(index)
            {
                let node = &graph.node[index];
                open.extend(node.input.iter().filter(|_| node.op_type != "Shape").cloned());
            }
        }
        found.into_iter().map(|index| &graph.node[index]).collect()
    }

    /// The constant `name`, if it is one integer.
    fn integer(&self, graph: &GraphProto, name: &str) -> Option<i64> {
        let made = || {
            self.node(graph, name)
                .filter(|node| node.op_type == "Constant")?
                .attribute
                .iter()
                .find_map(|it| it.t.as_ref())
        };
        let tensor = graph.initializer.iter().find(|tensor| tensor.name == name).or_else(made)?;
        match (&tensor.int64_data[..], &tensor.raw_data[..]) {
            ([value], []) => Some(*value),
            ([], raw) => raw.try_into().ok().map(i64::from_le_bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::inference::read_onnx;

    fn settled(model: &str, change: impl FnOnce(&mut GraphProto)) -> Vec<String> {
        let path = Path::new("tests/fixtures/vlms").join(model).join("onnx/vision_encoder.onnx");
        let mut graph = read_onnx(&path).unwrap().graph.unwrap();
        change(&mut graph);
        settle(&mut graph, "pixel_values");
        graph.node.into_iter().map(|node| node.op_type).collect()
    }

    #[test]
    fn a_loop_over_the_frames_of_each_image_is_gone() {
        let kinds = settled("qwen2-vl", |_| {});
        assert!(!kinds.iter().any(|kind| kind == "Loop" || kind.contains("Sequence")));
    }

    #[test]
    fn a_loop_over_something_else_stays() {
        let kinds = settled("qwen2-vl", |graph| {
            // Column 0 of the grid, which is the frames, becomes column 1, wherever it is looked at.
            for node in graph.node.iter_mut().filter(|node| node.op_type == "Gather" && node.input[0] == "grid_thw") {
                "one".clone_into(&mut node.input[1]);
            }
            let one = TensorProto { name: "one".to_owned(), int64_data: vec![1], ..TensorProto::default() };
            graph.initializer.push(one);
        });
        assert!(kinds.iter().any(|kind| kind == "Loop"));
    }

    #[test]
    fn only_the_search_for_tiles_of_zeros_is_settled() {
        let count = |kinds: Vec<String>, kind: &str| kinds.iter().filter(|it| *it == kind).count();
        let made = |change: fn(&mut GraphProto)| count(settled("smolvlm", change), "ConstantOfShape");
        let untouched = made(|graph| {
            for node in graph.node.iter_mut().filter(|node| node.op_type == "Not") {
                "Sigmoid".clone_into(&mut node.op_type);
            }
        });
        // One search for the tiles, and one for their masks.
        assert_eq!(made(|_| {}), untouched + 2);
    }
}
