//! A model that cannot be used is refused by its file's name, and the earlier run stays.

use std::path::Path;

use prost::Message;
use scalegate::models::{materialise_llm, materialise_vlm};
use scalegate::suite::{LlmSpec, VlmSpec};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension::Value};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use crate::support::{Place, stderr};

const MODEL: &str = "mine/onnx/model.onnx";

/// A suite with a model of the user's own at `mine`.
const MINE: &str = "[[model]]\nname = \"mine\"\npath = \"mine\"\nworkloads = [\"llm/prefill\"]";

/// What `llm` says of a model directory whose ONNX file was made from that of a sound one.
fn refused(spoil: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let place = Place::with_earlier_run(MINE);
    place.write(MODEL, spoil(llm()));
    place.refused("llm", "mine/")
}

fn llm() -> Vec<u8> {
    let root = tempfile::tempdir().unwrap();
    onnx(&materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap().path, "model.onnx")
}

fn vision_encoder() -> Vec<u8> {
    let root = tempfile::tempdir().unwrap();
    onnx(&materialise_vlm(&VlmSpec::test(), 1, root.path()).unwrap().path, "vision_encoder.onnx")
}

fn onnx(model: &Path, name: &str) -> Vec<u8> {
    std::fs::read(model.join("onnx").join(name)).unwrap()
}

#[test]
fn a_sound_model_of_the_users_own_is_measured_under_its_name() {
    let place = Place::with_suite(MINE);
    place.write(MODEL, llm());
    place.bench("llm", "mine/").success();
    let record = place.record();
    assert_eq!(record.series.iter().map(|series| series.workload.as_str()).collect::<Vec<_>>(), ["mine/llm/prefill"]);
    assert!(record.provenance.subject.contains_key("model.mine"), "the record tells which files were measured");
}

#[test]
fn a_truncated_model_is_refused() {
    let message = refused(|bytes| bytes[..bytes.len() / 2].to_vec());
    assert!(message.starts_with(&format!("error: {MODEL}: not an ONNX model, or cut short: ")), "{message}");
    assert!(message.contains("help: export the model again"), "{message}");
}

#[test]
fn a_foreign_file_is_refused() {
    let message = refused(|_| b"%PDF-1.7 a manual and no model\n".to_vec());
    assert!(message.starts_with(&format!("error: {MODEL}: not an ONNX model")), "{message}");
    let message = refused(|_| include_bytes!("../fixtures/images/gray.jpg").to_vec());
    assert!(message.starts_with(&format!("error: {MODEL}: not an ONNX model")), "{message}");
}

#[test]
fn an_empty_file_is_refused() {
    let message = refused(|_| Vec::new());
    assert!(message.starts_with(&format!("error: {MODEL}: the file is empty")), "{message}");
}

/// A model that has what `graph` has, too: a message behind another one adds to its fields.
fn with_graph(model: Vec<u8>, graph: GraphProto) -> Vec<u8> {
    [model, ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()].concat()
}

/// Of which tract would make a list that no memory holds.
#[test]
fn a_loop_over_more_inputs_than_it_has_is_refused() {
    let message = refused(|bytes| {
        let integer = AttributeProto {
            name: "num_scan_inputs".into(),
            i: 1,
            r#type: AttributeType::Int.into(),
            ..Default::default()
        };
        let body = AttributeProto {
            name: "body".into(),
            g: Some(GraphProto::default()),
            r#type: AttributeType::Graph.into(),
            ..Default::default()
        };
        let node = NodeProto {
            name: "endless".into(),
            op_type: "Scan".into(),
            output: vec!["scanned".into()],
            attribute: vec![integer, body],
            ..Default::default()
        };
        with_graph(bytes, GraphProto { node: vec![node], ..Default::default() })
    });
    let cause = "the Scan endless: 1 inputs are scanned of the 0 of its body";
    assert!(message.starts_with(&format!("error: {MODEL}: {cause}")), "{message}");
}

/// As long as it takes to use up the stack of the parser, which nothing could catch.
#[test]
fn a_dimension_of_many_brackets_is_refused() {
    let message = refused(|bytes| {
        let dim = Dimension { value: Some(Value::DimParam("(".repeat(1_000_000))), ..Default::default() };
        let shape = Some(TensorShapeProto { dim: vec![dim] });
        let tensor = type_proto::Tensor { elem_type: DataType::Int64 as i32, shape };
        let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
        let input = ValueInfoProto { name: "deep".into(), r#type: Some(kind), ..Default::default() };
        with_graph(bytes, GraphProto { input: vec![input], ..Default::default() })
    });
    let cause = "a dimension of deep is computed by 1000000 operators; 32 are read";
    assert!(message.starts_with(&format!("error: {MODEL}: {cause}")), "{message}");
}

#[test]
fn a_model_without_the_named_inputs_is_refused_with_those_it_has() {
    let message = refused(|_| vision_encoder());
    assert!(message.starts_with(&format!("error: {MODEL}: the model has no input input_ids; ")), "{message}");
    assert!(message.contains("its inputs are: pixel_values"), "{message}");
    assert!(message.contains("help: export the model with Optimum"), "{message}");
}

#[test]
fn a_missing_directory_is_named_before_anything_is_measured() {
    let message = Place::with_earlier_run(MINE).refused("llm", "mine/");
    assert!(message.starts_with("error: mine: No such file or directory"), "{message}");
    assert!(message.contains("help: name a readable model directory under `path`"), "{message}");
}

#[test]
fn a_directory_without_the_file_is_refused() {
    let place = Place::with_earlier_run(MINE);
    place.write("mine/config.json", "{}");
    let message = place.refused("llm", "mine/");
    assert!(message.starts_with(&format!("error: {MODEL}: cannot read the model: ")), "{message}");
}

#[test]
fn a_bad_model_is_an_error_in_criterions_test_mode_too() {
    let place = Place::with_earlier_run(MINE);
    place.write(MODEL, b"");
    let message = place.refused("llm", "--test mine/");
    assert!(message.starts_with(&format!("error: {MODEL}: the file is empty")), "{message}");
}

#[test]
fn a_glob_that_matches_nothing_lists_the_users_models_too() {
    let place = Place::with_suite(MINE);
    let message = stderr(&place.scalegate("run --workload yours/*").code(2));
    assert!(message.contains("llm/prefill") && message.contains("mine/llm/prefill"), "{message}");
}

#[test]
fn a_damaged_model_of_the_suites_own_is_written_anew() {
    let place = Place::with_suite("");
    place.bench("llm", "llm/decode").success();
    let mut models = place.path("target/scalegate/models").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let file = models.find_map(|model| Some(model.join("onnx/model.onnx")).filter(|file| file.exists())).unwrap();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    place.bench("llm", "llm/decode").success();
    assert!(std::fs::read(&file).unwrap() == whole);
}
