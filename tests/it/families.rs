//! Exports of Hugging Face models in ONNX Runtime and in tract: the same logits.
//!
//! `tests/fixtures/families/make.py` made the exports, with random weights, and recorded ONNX Runtime's logits.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use prost::Message;
use scalegate::Error;
use scalegate_suite::inference::{Llm, Passages};
use serde::Deserialize;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{AttributeProto, ModelProto, NodeProto, TensorProto};

/// Families with their precision, and the bound on the difference of a logit from ONNX Runtime's, relative to the largest
/// logit. `docs/models.md` has what was seen.
const FAMILIES: [(&str, f32); 19] = [
    ("llama", F32),
    ("smollm", F32),
    ("smollm3", F32),
    ("qwen2", F32),
    ("qwen3", F32),
    ("mistral", F32),
    ("phi3", F32),
    ("gemma", F32),
    ("gemma2", F32),
    ("gemma3", F32),
    ("granite", F32),
    ("falcon", F32),
    ("opt", F32),
    ("gpt2", F32),
    ("bloom", F32),
    ("mpt", F32),
    (GROUPED, F32),
    ("llama-f16", F16),
    ("llama-4bit", FOUR_BITS),
];

/// With `GroupQueryAttention`, which reads no prompt in parts.
const GROUPED: &str = "llama-gqa";

const F32: f32 = 1e-5;
const F16: f32 = 5e-3;
const FOUR_BITS: f32 = 1e-3;

#[derive(Deserialize)]
struct Expected {
    prompt: Vec<i64>,
    /// Tokens after the prompt, one at a time.
    steps: Vec<i64>,
    /// After the prompt, and after each step.
    logits: Vec<Vec<f32>>,
}

fn directory(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(family)
}

fn expected(family: &str) -> Expected {
    let text = std::fs::read_to_string(directory(family).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The largest difference of a logit, relative to the largest logit.
#[track_caller]
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().chain(theirs).all(|logit| logit.is_finite()));
    let largest = theirs.iter().map(|logit| logit.abs()).fold(0.0, f32::max);
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

/// Prints the rows of the table in `docs/models.md`:
/// `cargo test --release --test it every_family_agrees -- --nocapture`.
#[test]
fn every_family_agrees_with_onnx_runtime() {
    for (family, bound) in FAMILIES {
        let expected = expected(family);
        let llm = Llm::load(&directory(family)).unwrap();
        llm.probe().unwrap();
        let mut session = llm.session(true);
        let prefill = difference(session.prefill(&expected.prompt).unwrap().values(), &expected.logits[0]);
        let decode = expected
            .steps
            .iter()
            .zip(&expected.logits[1..])
            .map(|(token, logits)| difference(session.decode(*token).unwrap().values(), logits));
        let decode = decode.fold(0.0, f32::max);
        eprintln!("| {family} | {prefill:.1e} | {decode:.1e} |");
        assert!(prefill <= bound, "{family}: prefill differs by {prefill:e}");
        assert!(decode <= bound, "{family}: decode differs by {decode:e}");
    }
}

/// As `scalegate accuracy` reads a text, whose logits are those of all positions.
#[test]
fn every_family_reads_a_passage_as_onnx_runtime() {
    for (family, bound) in FAMILIES {
        let expected = expected(family);
        let model = Passages::with_logits(&directory(family).join("model.onnx")).unwrap();
        let read = model.read(&expected.prompt).unwrap_or_else(|error| panic!("{family}: {error}"));
        let last = read[0].rows().last().unwrap();
        let difference = difference(last, &expected.logits[0]);
        assert!(difference <= bound, "{family} differs by {difference:e}");
    }
}

#[test]
fn a_prompt_in_chunks_gives_the_logits_of_the_whole() {
    for (family, bound) in FAMILIES.into_iter().filter(|(family, _)| *family != GROUPED) {
        let expected = expected(family);
        let llm = Llm::load(&directory(family)).unwrap();
        let whole = llm.session(true).prefill(&expected.prompt).unwrap();
        for chunk in [1, 7, 10, 19, 20, 64] {
            let mut session = llm.session(true).with_prompt_chunk(NonZeroUsize::new(chunk));
            let difference = difference(session.prefill(&expected.prompt).unwrap().values(), whole.values());
            assert!(difference <= bound, "{family} in chunks of {chunk} differs by {difference:e}");
            assert_eq!(session.context(), expected.prompt.len());
        }
    }
}

#[test]
fn what_reads_no_prompt_in_parts_says_so() {
    let llm = Llm::load(&directory(GROUPED)).unwrap();
    let mut session = llm.session(true).with_prompt_chunk(NonZeroUsize::new(8));
    let error = session.prefill(&expected(GROUPED).prompt).unwrap_err();
    assert!(error.cause().contains("GroupQueryAttention reads one token after others in tract, and not 8"), "{error}");
    assert!(error.remedy().contains("leave `prompt_chunk` out"), "{error}");
}

#[test]
fn a_context_longer_than_the_table_of_positions_is_named() {
    let llm = Llm::load(&directory("gpt2")).unwrap();
    let prompt: Vec<i64> = (0..256).map(|i| i % 100).collect();
    let mut session = llm.session(true);
    session.prefill(&prompt).unwrap();
    let error = session.decode(7).unwrap_err();
    assert_eq!(error.cause(), "it reads 256 tokens at most (`n_positions` in its config.json), and 257 were asked for");
    let error = llm.session(true).prefill(&[prompt.clone(), prompt].concat()).unwrap_err();
    assert_eq!(error.cause(), "it reads 256 tokens at most (`n_positions` in its config.json), and 512 were asked for");
}

/// What is said of a Llama whose file was changed, when it is loaded and probed.
#[track_caller]
fn refused(change: impl FnOnce(&mut ModelProto)) -> Error {
    let place = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(directory("llama").join("model.onnx")).unwrap();
    let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
    change(&mut model);
    std::fs::write(place.path().join("model.onnx"), model.encode_to_vec()).unwrap();
    Llm::load(place.path()).and_then(|llm| llm.probe()).expect_err("must be refused")
}

#[test]
fn a_model_that_counts_positions_from_zero_again_is_refused_with_the_figure() {
    let error = refused(|model| {
        let graph = model.graph.as_mut().unwrap();
        for input in graph.node.iter_mut().flat_map(|node| &mut node.input).filter(|input| *input == "position_ids") {
            *input = "from_zero".to_owned();
        }
        let node = |kind: &str, inputs: [&str; 2], output: &str| NodeProto {
            op_type: kind.to_owned(),
            name: output.to_owned(),
            input: inputs.map(str::to_owned).to_vec(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        };
        let axis = AttributeProto {
            name: "axis".to_owned(),
            r#type: AttributeType::Int.into(),
            i: 1,
            ..AttributeProto::default()
        };
        let first = NodeProto { attribute: vec![axis], ..node("Gather", ["position_ids", "zero"], "first") };
        graph.node.splice(0..0, [first, node("Sub", ["position_ids", "first"], "from_zero")]);
        graph.initializer.push(TensorProto {
            name: "zero".to_owned(),
            dims: vec![1],
            data_type: DataType::Int64.into(),
            int64_data: vec![0],
            ..TensorProto::default()
        });
    });
    let words = "after a prefill of 16 tokens and a decode the logits differ from those after a prefill of 17 by ";
    let (figure, rest) = error.cause().strip_prefix(words).and_then(|rest| rest.split_once(' ')).unwrap();
    assert_eq!(rest, "of the largest, where rounding explains 1e-4");
    assert!(figure.parse::<f32>().unwrap() > 1e-3, "{figure}");
}

#[test]
fn a_cache_of_another_shape_is_refused_by_its_name() {
    let error = refused(|model| {
        let graph = model.graph.as_mut().unwrap();
        let past = graph.input.iter_mut().find(|input| input.name == "past_key_values.1.value").unwrap();
        let Some(Value::TensorType(tensor)) = past.r#type.as_mut().and_then(|kind| kind.value.as_mut()) else {
            panic!("the cache is no tensor");
        };
        tensor.shape.as_mut().unwrap().dim.remove(1);
    });
    assert!(error.cause().contains("input past_key_values.1.value has 3 dimensions instead of 4"), "{error}");
}

#[test]
fn an_operator_that_is_not_known_is_named() {
    let error = refused(|model| {
        let graph = model.graph.as_mut().unwrap();
        graph.node.iter_mut().find(|node| node.op_type == "Softmax").unwrap().op_type = "Sparsemax".to_owned();
    });
    assert!(error.cause().contains("Sparsemax"), "{error}");
}
