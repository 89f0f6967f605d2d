//! A model that cannot be used is refused by its file's name, and the earlier run stays.

use std::path::Path;

use prost::Message;
use scalegate_suite::models::{materialise_llm, materialise_vlm};
use scalegate_suite::suite::{LlmSpec, VlmSpec};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension::Value};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use crate::support::{Place, stderr};

const MODEL: &str = "mine/onnx/model.onnx";

/// A suite with a user model at `mine`.
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
fn a_sound_user_model_is_measured_under_its_name() {
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
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: not an ONNX model, or cut short: failed to decode Protobuf message: ModelProto.graph: buffer underflow
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let message = refused(|_| b"%PDF-1.7 a manual and no model\n".to_vec());
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: not an ONNX model, or cut short: failed to decode Protobuf message: ModelProto.domain: invalid wire type: ThirtyTwoBit (expected LengthDelimited)
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
    let message = refused(|_| include_bytes!("../fixtures/images/gray.jpg").to_vec());
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: not an ONNX model, or cut short: failed to decode Protobuf message: invalid wire type value: 7
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}

#[test]
fn an_empty_file_is_refused() {
    let message = refused(|_| Vec::new());
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: the file is empty
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}

/// A model that has what `graph` has, too: a message after another one adds to its fields.
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
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: the Scan endless: 1 inputs are scanned of the 0 of its body
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
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
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: a dimension of deep is computed by 1000000 operators; 32 are read
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}

#[test]
fn a_model_without_the_named_inputs_is_refused_with_those_it_has() {
    let message = refused(|_| vision_encoder());
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: the model has no input input_ids; its inputs are: pixel_values, pixel_position_ids
      help: export the model with Optimum, with the task text-generation-with-past (a language model), or with the inputs that docs/models.md lists
    ");
}

#[test]
fn a_missing_directory_is_named_before_anything_is_measured() {
    let message = Place::with_earlier_run(MINE).refused("llm", "mine/");
    insta::assert_snapshot!(message, @"
    error: mine: No such file or directory (os error 2)
      help: name a readable model directory under `path` in `suite.toml`
    ");
}

#[test]
fn a_directory_without_the_file_is_refused() {
    let place = Place::with_earlier_run(MINE);
    place.write("mine/config.json", "{}");
    let message = place.refused("llm", "mine/");
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: cannot read the model: No such file or directory (os error 2)
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}

#[test]
fn a_bad_model_is_an_error_in_criterions_test_mode_too() {
    let place = Place::with_earlier_run(MINE);
    place.write(MODEL, b"");
    let message = place.refused("llm", "--test mine/");
    insta::assert_snapshot!(message, @"
    error: mine/llm/prefill at size 4: mine/onnx/model.onnx: the file is empty
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}

#[cfg(unix)]
#[test]
fn a_glob_that_matches_nothing_lists_the_users_models_too() {
    let place = Place::with_suite(MINE);
    place.write(MODEL, llm());
    let message = stderr(&place.run(&["llm"], "--workload yours/*").code(2));
    insta::assert_snapshot!(message, @"
    error: --workload yours/*: no workload of this package matches
      help: choose among llm/decode, llm/prefill, mine/llm/prefill
    ");
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
