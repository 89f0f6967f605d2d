//! The generated models in ONNX Runtime and in tract: the same numbers.
//!
//! `tests/fixtures/onnxruntime/make.py` recorded ONNX Runtime's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use scalegate_suite::inference::preprocess::{Layout, PixelValues};
use scalegate_suite::inference::{Llm, Vlm};
use scalegate_suite::models::{ModelDir, materialise_llm, materialise_vlm};
use scalegate_suite::suite::{LlmSpec, PATCH_VALUES, VlmSpec};
use serde::Deserialize;

/// The project's bound on the difference between the two.
const TOLERANCE: f32 = 1e-4;
const SEED: u64 = 1;

#[derive(Deserialize)]
struct Recorded {
    llm: RecordedLlm,
    vlm: RecordedVlm,
}

#[derive(Deserialize)]
struct RecordedLlm {
    sha256: String,
    prompt: usize,
    /// After the prompt, and after each further token.
    logits: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct RecordedVlm {
    sha256: String,
    rows: usize,
    cols: usize,
    text: usize,
    image: Vec<f32>,
    logits: Vec<f32>,
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("../fixtures/onnxruntime/recorded.json")).unwrap()
}

/// The same as in `make.py`.
fn tokens(count: usize) -> Vec<i64> {
    (0..count as i64).map(|token| (token * 37 + 11) % 256).collect()
}

#[track_caller]
fn assert_close(ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len());
    let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest <= TOLERANCE, "ONNX Runtime differs by {largest}");
}

#[track_caller]
fn assert_recorded(model: &ModelDir, sha256: &str) {
    assert_eq!(model.sha256, sha256, "the models have changed; record them again with make.py");
}

#[test]
fn the_llm_agrees_with_onnx_runtime() {
    let root = tempfile::tempdir().unwrap();
    let recorded = recorded().llm;
    let model = materialise_llm(&LlmSpec::test(), SEED, root.path()).unwrap();
    assert_recorded(&model, &recorded.sha256);
    let mut session = Llm::load(&model.path).unwrap().session(true);
    let tokens = tokens(recorded.prompt + recorded.logits.len() - 1);
    let (prompt, steps) = tokens.split_at(recorded.prompt);
    assert_close(session.prefill(prompt).unwrap().values(), &recorded.logits[0]);
    for (token, logits) in steps.iter().zip(&recorded.logits[1..]) {
        assert_close(session.decode(*token).unwrap().values(), logits);
    }
}

#[test]
fn the_vlm_agrees_with_onnx_runtime() {
    let root = tempfile::tempdir().unwrap();
    let recorded = recorded().vlm;
    let model = materialise_vlm(&VlmSpec::test(), SEED, root.path()).unwrap();
    assert_recorded(&model, &recorded.sha256);
    let vlm = Vlm::load(&model.path).unwrap();
    let count = recorded.rows * recorded.cols * PATCH_VALUES;
    let values = (0..count).map(|i| (i * 7 % 255) as f32 / 127.5 - 1.0).collect();
    let pixels = PixelValues { rows: recorded.rows, cols: recorded.cols, layout: Layout::qwen2_vl(1), values };
    assert_close(&vlm.encode(&pixels).unwrap().values, &recorded.image);
    assert_close(vlm.prompt(&pixels, &tokens(recorded.text)).unwrap().values(), &recorded.logits);
}

#[test]
#[ignore = "writes the models that make.py reads"]
fn write_the_models_for_onnx_runtime() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime");
    if root.exists() {
        std::fs::remove_dir_all(&root).unwrap();
    }
    materialise_llm(&LlmSpec::test(), SEED, &root).unwrap();
    materialise_vlm(&VlmSpec::test(), SEED, &root).unwrap();
}
