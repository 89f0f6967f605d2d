//! Files that a stranger could send.

use std::fs;
use std::path::Path;

use prost::Message;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};

use super::*;
use crate::mutate::damaged;

fn node(name: &str, input: &str, output: &str) -> NodeProto {
    NodeProto {
        name: name.into(),
        op_type: "Relu".into(),
        input: vec![input.into()],
        output: vec![output.into()],
        ..Default::default()
    }
}

fn value(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: name.into(), ..Default::default() }
}

/// With one dimension, an expression.
fn computed(name: &str, dim: &str) -> ValueInfoProto {
    let dim = Dimension { value: Some(dimension::Value::DimParam(dim.into())), ..Default::default() };
    let shape = Some(TensorShapeProto { dim: vec![dim] });
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { r#type: Some(kind), ..value(name) }
}

fn nested(depth: usize) -> String {
    ["(".repeat(depth), "n".into(), ")".repeat(depth)].concat()
}

/// From `x` to `y` through `nodes`.
fn graph(node: Vec<NodeProto>) -> GraphProto {
    GraphProto { node, input: vec![value("x")], output: vec![value("y")], ..Default::default() }
}

fn encoded(graph: GraphProto) -> Vec<u8> {
    ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

fn refused(graph: GraphProto, directory: &Path) -> String {
    decode(&encoded(graph), directory).expect_err("the model was accepted")
}

fn with_tensor(tensor: TensorProto) -> GraphProto {
    GraphProto { initializer: vec![tensor], ..graph(vec![node("a", "x", "y")]) }
}

fn tensor(dims: &[i64], raw_data: Vec<u8>) -> TensorProto {
    TensorProto {
        name: "w".into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        raw_data,
        ..Default::default()
    }
}

fn external(location: &str, keys: &[(&str, &str)]) -> TensorProto {
    let entry = |(key, value): (&str, &str)| StringStringEntryProto { key: key.into(), value: value.into() };
    TensorProto {
        data_location: Some(DataLocation::External as i32),
        external_data: std::iter::once(("location", location)).chain(keys.iter().copied()).map(entry).collect(),
        ..tensor(&[4], Vec::new())
    }
}

#[test]
fn a_sound_model_is_decoded() {
    let here = Path::new(".");
    assert!(decode(&encoded(graph(vec![node("b", "t", "y"), node("a", "x", "t")])), here).is_ok());
    assert!(decode(&encoded(with_tensor(tensor(&[2, 3], vec![0; 24]))), here).is_ok());
}

#[test]
fn a_graph_of_a_million_nodes_is_refused_before_it_is_decoded() {
    // A node of no bytes: 2 bytes in the file.
    let nodes: Vec<u8> = [0x0a, 0x00].repeat(1_000_000);
    let mut model = vec![0x3a];
    prost::encode_length_delimiter(nodes.len(), &mut model).unwrap();
    model.extend(nodes);
    assert_eq!(decode(&model, Path::new(".")).unwrap_err(), "the graph has more than 200000 nodes");
    // Inputs are no nodes, but parts.
    let inputs: Vec<u8> = [0x5a, 0x00].repeat(1_100_000);
    let mut model = vec![0x3a];
    prost::encode_length_delimiter(inputs.len(), &mut model).unwrap();
    model.extend(inputs);
    assert_eq!(decode(&model, Path::new(".")).unwrap_err(), "the model has more than 1000000 parts");
}

#[test]
fn parts_within_tensors_and_shapes_count_too() {
    let empty = |tag: u8| [tag, 0x00].repeat(1_000_001);
    let within = |tags: &[u8], content: Vec<u8>| {
        tags.iter().rev().fold(content, |content, &tag| {
            let mut message = vec![tag];
            prost::encode_length_delimiter(content.len(), &mut message).unwrap();
            [message, content].concat()
        })
    };
    // Tags: 8 times the number in `onnx.proto`, and 2.
    for (what, model) in [
        ("texts of an initializer", within(&[0x3a, 0x2a], empty(0x32))),
        ("keys of external data", within(&[0x3a, 0x2a], empty(0x6a))),
        ("texts of a constant", within(&[0x3a, 0x0a, 0x2a, 0x2a], empty(0x32))),
        ("dimensions of an input", within(&[0x3a, 0x5a, 0x12, 0x0a, 0x12], empty(0x0a))),
    ] {
        assert_eq!(decode(&model, Path::new(".")).unwrap_err(), "the model has more than 1000000 parts", "{what}");
    }
}

#[test]
fn a_cycle_is_refused_by_a_node_in_it() {
    let here = Path::new(".");
    let round = vec![node("a", "x", "s"), node("b", "s2", "t"), node("c", "t", "s2"), node("d", "t", "y")];
    assert!(refused(graph(round), here).contains("in a circle through the node b"));
    assert!(refused(graph(vec![node("a", "y", "y")]), here).contains("through the node a"));
    let inner = AttributeProto { g: Some(graph(vec![node("inner", "y", "y")])), ..Default::default() };
    let outer = NodeProto { attribute: vec![inner], ..node("outer", "x", "y") };
    assert!(refused(graph(vec![outer]), here).contains("through the node inner"));
}

#[test]
fn a_dimension_is_computed_by_few_operators() {
    let here = Path::new(".");
    let with_dim = |dim: &str| GraphProto { input: vec![computed("x", dim)], ..graph(vec![node("a", "x", "y")]) };
    for dim in ["past_sequence_length + 1".to_owned(), "n".repeat(100_000), nested(dims::MAX_OPERATORS)] {
        assert!(decode(&encoded(with_dim(&dim)), here).is_ok());
    }
    for dim in [nested(dims::MAX_OPERATORS + 1), "n+".repeat(100_000), "-".repeat(100_000), "max(".repeat(100_000)] {
        assert!(refused(with_dim(&dim), here).starts_with("a dimension of x is computed by "));
    }
    let inner = AttributeProto { g: Some(with_dim(&nested(100))), ..Default::default() };
    let outer = NodeProto { attribute: vec![inner], ..node("outer", "x", "y") };
    assert!(refused(graph(vec![outer]), here).starts_with("a dimension of x is computed by 100 operators"));
}

#[test]
fn a_scan_takes_no_more_than_its_body_has() {
    let here = Path::new(".");
    let scan = |scanned: i64, inputs: &[&str]| {
        let body = GraphProto {
            input: inputs.iter().map(|name| value(name)).collect(),
            initializer: vec![TensorProto { name: "w".into(), ..tensor(&[1], vec![0; 4]) }],
            ..graph(vec![node("inner", "a", "y")])
        };
        let body = AttributeProto { name: "body".into(), g: Some(body), ..Default::default() };
        let count = AttributeProto { name: "num_scan_inputs".into(), i: scanned, ..Default::default() };
        graph(vec![NodeProto { op_type: "Scan".into(), attribute: vec![count, body], ..node("loop", "x", "y") }])
    };
    for (scanned, inputs) in [(0, &[][..]), (1, &["a"]), (1, &["a", "b"]), (2, &["a", "b", "w"])] {
        assert!(decode(&encoded(scan(scanned, inputs)), here).is_ok(), "{scanned} of {inputs:?}");
    }
    for (scanned, inputs) in [(2, &["a"][..]), (-1, &["a"]), (1, &["w"]), (i64::MAX, &["a", "b"])] {
        assert!(refused(scan(scanned, inputs), here).starts_with(&format!("the Scan loop: {scanned} inputs")));
    }
    let outer = AttributeProto { g: Some(scan(2, &["a"])), ..Default::default() };
    let nested = graph(vec![NodeProto { attribute: vec![outer], ..node("outer", "x", "y") }]);
    assert!(refused(nested, here).contains("2 inputs are scanned of the 1 of its body"));
    let empty = graph(vec![NodeProto { op_type: "Scan".into(), ..node("loop", "x", "y") }]);
    assert_eq!(refused(empty, here), "the Scan loop: without num_scan_inputs");
}

#[test]
fn data_that_are_not_those_of_the_dimensions_are_refused() {
    let here = Path::new(".");
    for (dims, bytes) in [
        (vec![1_000_000, 1_000_000], 4),
        (vec![i64::MAX, i64::MAX], 4),
        (vec![-1], 4),
        (vec![2], 4),
        (vec![1], 8),
        (vec![1_000_000_000], 0),
    ] {
        let message = refused(with_tensor(tensor(&dims, vec![0; bytes])), here);
        assert!(message.starts_with("the tensor w: "), "{message}");
    }
    let attribute = AttributeProto { t: Some(tensor(&[9], vec![0; 4])), ..Default::default() };
    let constant = NodeProto { attribute: vec![attribute], ..node("a", "x", "y") };
    assert!(refused(graph(vec![constant]), here).contains("4 bytes for the dimensions [9]"));
}

#[test]
fn external_data_stay_in_the_directory_and_within_their_file() {
    let place = tempfile::tempdir().unwrap();
    let model = place.path().join("model");
    fs::create_dir_all(model.join("sub")).unwrap();
    fs::write(model.join("sub/weights.bin"), [0; 32]).unwrap();
    fs::write(place.path().join("outside.bin"), [0; 32]).unwrap();
    let read = |tensor: TensorProto| decode(&encoded(with_tensor(tensor)), &model);
    let sixteen = ("length", "16");
    for keys in [vec![sixteen], vec![("offset", "16")], vec![("offset", "16"), sixteen]] {
        read(external("sub/weights.bin", &keys)).unwrap();
    }
    let outside = place.path().join("outside.bin");
    for (location, words) in [
        ("../outside.bin", "no path within"),
        ("sub/../../outside.bin", "no path within"),
        (outside.to_str().unwrap(), "no path within"),
        ("", "no path within"),
        ("sub", "no file"),
        ("missing.bin", "external data at missing.bin"),
    ] {
        let message = read(external(location, &[sixteen])).unwrap_err();
        assert!(message.contains(words), "{location}: {message}");
    }
    for keys in [
        vec![("offset", "17"), sixteen],
        vec![("offset", "18446744073709551615"), sixteen],
        vec![("length", "18446744073709551615")],
        vec![("length", "-1")],
        vec![("offset", "one"), sixteen],
        vec![("offset", "33")],
        vec![],
    ] {
        let message = read(external("sub/weights.bin", &keys)).unwrap_err();
        assert!(message.starts_with("the tensor w: "), "{keys:?}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_directory_are_refused() {
    use std::os::unix::fs::symlink;

    let place = tempfile::tempdir().unwrap();
    let model = place.path().join("model");
    fs::create_dir(&model).unwrap();
    fs::write(place.path().join("outside.bin"), [0; 16]).unwrap();
    fs::write(model.join("inside.bin"), [0; 16]).unwrap();
    symlink("../outside.bin", model.join("relative")).unwrap();
    symlink(place.path().join("outside.bin"), model.join("absolute")).unwrap();
    symlink(place.path(), model.join("directory")).unwrap();
    symlink("inside.bin", model.join("within")).unwrap();
    let read = |location: &str| decode(&encoded(with_tensor(external(location, &[]))), &model);
    read("within").unwrap();
    for location in ["relative", "absolute", "directory/outside.bin"] {
        let message = read(location).unwrap_err();
        assert!(message.contains("leads out of the directory"), "{location}: {message}");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let error = model(place.path()).unwrap_err();
    assert!(error.cause().contains("no file"), "{error}");
}

#[test]
fn damaged_models_are_errors_or_sound_but_no_panic() {
    let tensor = TensorProto {
        name: "w".into(),
        dims: vec![2, 3],
        data_type: DataType::Float.into(),
        raw_data: vec![7; 24],
        ..Default::default()
    };
    let mut graph = graph(vec![node("a", "x", "b"), node("c", "b", "y")]);
    graph.initializer = vec![tensor];
    let sound = encoded(graph);
    assert!(decode(&sound, Path::new(".")).is_ok());
    let refused = damaged(&sound, 1, 20_000).filter(|bytes| decode(bytes, Path::new(".")).is_err()).count();
    assert!(refused > 10_000, "{refused} refused");
}
