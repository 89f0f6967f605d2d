//! A sentence-embedding model in ONNX Runtime and in tract: the same embeddings.
//!
//! `tests/fixtures/embedding/make.py` made the export, with random weights, and recorded ONNX Runtime's embeddings.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use scalegate_suite::inference::{Embedder, Tokenizer};
use serde::Deserialize;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::type_proto::Value as Kind;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto};

/// On the difference of a value from ONNX Runtime's, relative to the largest.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<i64>,
    mean: Vec<f32>,
    first: Vec<f32>,
}

pub(crate) fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/embedding")
}

/// A copy of the fixture, with more files or with others in their place.
fn copy(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for name in ["model.onnx", "config.json", "tokenizer.json"] {
        fs::copy(fixture().join(name), place.path().join(name)).unwrap();
    }
    for (name, text) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

fn refused(place: &tempfile::TempDir) -> String {
    Embedder::load(place.path()).unwrap_err().to_string()
}

fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().map(|value| value.abs()).fold(0.0, f32::max);
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

#[test]
fn embeddings_agree_with_onnx_runtime() {
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(fixture().join("expected.json")).unwrap()).unwrap();
    let mean = Embedder::load(&fixture()).unwrap();
    assert_eq!(mean.description(), "mean of last_hidden_state");
    let place = copy(&[("1_Pooling/config.json", "{\"pooling_mode_cls_token\": true}")]);
    let first = Embedder::load(place.path()).unwrap();
    assert_eq!(first.description(), "first of last_hidden_state");
    let tokenizer = Tokenizer::from_file(&fixture().join("tokenizer.json")).unwrap();
    for case in &cases {
        assert_eq!(tokenizer.encode(&case.text).unwrap(), case.ids, "{:?}", case.text);
        for (embedder, expected) in [(&mean, &case.mean), (&first, &case.first)] {
            let difference = difference(&embedder.embed(&case.text).unwrap(), expected);
            eprintln!("{} of {:?}: {difference:.1e}", embedder.description(), case.text);
            assert!(difference <= TOLERANCE, "{:?} differs by {difference:e}", case.text);
        }
    }
}

#[test]
fn a_text_that_is_too_long_is_cut() {
    let embedder = Embedder::load(&fixture()).unwrap();
    let long = "cost ".repeat(1000);
    // 64 positions, of which two are those of the tokens around the text.
    assert_eq!(embedder.embed(&long).unwrap(), embedder.embed(&"cost ".repeat(62)).unwrap());
    assert_ne!(embedder.embed(&long).unwrap(), embedder.embed(&"cost ".repeat(61)).unwrap());
    let place = copy(&[("sentence_bert_config.json", "{\"max_seq_length\": 8}")]);
    let short = Embedder::load(place.path()).unwrap();
    assert_eq!(short.embed(&long).unwrap(), embedder.embed(&"cost ".repeat(6)).unwrap());
}

#[test]
fn what_is_no_embedding_model_is_refused_with_inputs_outputs_and_a_remedy() {
    let reference = crate::support::reference();
    let message = Embedder::load(&reference).unwrap_err().to_string();
    assert!(message.contains("nothing is known about the model's input "), "{message}");
    assert!(message.contains("with the task feature-extraction"), "{message}");
    let message = Embedder::load(&fixture().join("nowhere")).unwrap_err().to_string();
    assert!(message.contains("no sentence-embedding model here"), "{message}");

    let place = copy(&[("1_Pooling/config.json", "{\"pooling_mode_max_tokens\": true}")]);
    assert!(refused(&place).contains("the pooling max_tokens is not known here"));
    let place = copy(&[("modules.json", "[{\"type\": \"sentence_transformers.models.Dense\"}]")]);
    assert!(refused(&place).contains("the module Dense stands after the graph"));
    let place = copy(&[("tokenizer.json", "{}")]);
    assert!(refused(&place).contains("cannot read the tokenizer"));
    let place = copy(&[("model.onnx", "no graph")]);
    assert!(refused(&place).contains("not an ONNX model"));
}

#[test]
fn another_models_tokenizer_is_refused_by_its_tokens() {
    let place = tempfile::tempdir().unwrap();
    let reference = crate::support::reference();
    fs::copy(fixture().join("model.onnx"), place.path().join("model.onnx")).unwrap();
    fs::copy(reference.join("tokenizer.json"), place.path().join("tokenizer.json")).unwrap();
    let embedder = Embedder::load(place.path()).unwrap();
    let error = embedder.embed("List owners of a crate").unwrap_err();
    assert!(error.cause().contains("none of the 320 that it has embeddings for"), "{error}");
    let error = embedder.embed("").unwrap_err();
    assert!(error.cause().contains("makes no tokens of a text"), "{error}");
}

/// A copy of the fixture whose graph is changed.
fn changed(change: impl FnOnce(&mut GraphProto)) -> tempfile::TempDir {
    let place = copy(&[]);
    let path = place.path().join("model.onnx");
    let mut model = ModelProto::decode(&*fs::read(&path).unwrap()).unwrap();
    change(model.graph.as_mut().unwrap());
    fs::write(path, model.encode_to_vec()).unwrap();
    place
}

/// Adds the mean over tokens as an output called `name`.
fn pooled(graph: &mut GraphProto, name: &str) {
    let attribute = |name: &str, kind: AttributeType| AttributeProto {
        name: name.to_owned(),
        r#type: kind as i32,
        ..Default::default()
    };
    let axes = AttributeProto { ints: vec![1], ..attribute("axes", AttributeType::Ints) };
    graph.node.push(NodeProto {
        op_type: "ReduceMean".to_owned(),
        input: vec!["last_hidden_state".to_owned()],
        output: vec![name.to_owned()],
        attribute: vec![axes, attribute("keepdims", AttributeType::Int)],
        ..Default::default()
    });
    graph.output.push(ValueInfoProto { name: name.to_owned(), ..Default::default() });
}

#[test]
fn the_output_that_is_pooled_already_is_taken_as_it_is() {
    let here = Embedder::load(&fixture()).unwrap().embed("The cost of a prompt").unwrap();
    for (name, description) in [
        ("sentence_embedding", "sentence_embedding"),
        // It is a sentence's only if the model was trained so.
        ("pooler_output", "mean of last_hidden_state"),
    ] {
        let embedder = Embedder::load(changed(|graph| pooled(graph, name)).path()).unwrap();
        assert_eq!(embedder.description(), description);
        assert!(difference(&embedder.embed("The cost of a prompt").unwrap(), &here) <= TOLERANCE);
    }
    let only = changed(|graph| {
        pooled(graph, "pooler_output");
        graph.output.retain(|output| output.name == "pooler_output");
    });
    assert_eq!(Embedder::load(only.path()).unwrap().description(), "pooler_output");
    let dense = "[{\"type\": \"sentence_transformers.models.Dense\"}]";
    let whole = changed(|graph| pooled(graph, "sentence_embedding"));
    fs::write(whole.path().join("modules.json"), dense).unwrap();
    assert!(Embedder::load(whole.path()).is_ok(), "the layer is in the graph");
}

#[test]
fn graphs_of_another_form_are_refused_with_what_they_have() {
    let renamed = changed(|graph| {
        let node = graph.node.iter_mut().find(|node| node.output[0] == "last_hidden_state").unwrap();
        node.output[0] = "scores".to_owned();
        graph.output[0].name = "scores".to_owned();
    });
    let message = refused(&renamed);
    assert!(message.contains("none of the outputs sentence_embedding, last_hidden_state, "), "{message}");
    assert!(message.contains("its outputs are: scores") && message.contains("feature-extraction"), "{message}");

    let flat = changed(|graph| {
        let node = graph.node.iter_mut().find(|node| node.output[0] == "last_hidden_state").unwrap();
        node.output[0] = "hidden".to_owned();
        graph.node.push(NodeProto {
            op_type: "Identity".to_owned(),
            input: vec!["hidden".to_owned()],
            output: vec!["sentence_embedding".to_owned()],
            ..Default::default()
        });
        graph.output[0].name = "sentence_embedding".to_owned();
    });
    let message = refused(&flat);
    assert!(
        message.contains("the output sentence_embedding is ") && message.contains("instead of floats of [1, hidden]"),
        "{message}"
    );

    let fixed = changed(|graph| {
        for input in &mut graph.input {
            let Some(Kind::TensorType(tensor)) = input.r#type.as_mut().and_then(|kind| kind.value.as_mut()) else {
                continue;
            };
            tensor.shape.as_mut().unwrap().dim[1].value = Some(Dim::DimValue(7));
        }
    });
    let message = refused(&fixed);
    assert!(message.contains(", 7], and takes texts of no other length"), "{message}");

    let more = changed(|graph| {
        let mut input = graph.input[0].clone();
        input.name = "position_ids".to_owned();
        graph.input.push(input);
    });
    let message = refused(&more);
    assert!(message.contains("nothing is known about the model's input position_ids; its inputs are: "), "{message}");
}

#[test]
fn damaged_files_are_errors_and_no_panic() {
    let sound = fs::read(fixture().join("model.onnx")).unwrap();
    let place = copy(&[]);
    for cut in [1, 100, sound.len() / 2, sound.len() - 1] {
        fs::write(place.path().join("model.onnx"), &sound[..cut]).unwrap();
        assert!(refused(&place).contains("model.onnx"), "{cut}");
    }
}
