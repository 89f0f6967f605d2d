//! The rules on the exports of all families.

use std::path::Path;

use super::super::decoder::Decoder;
use super::super::plan::{Options, Runtime};
use super::super::preprocess::{Geometry, Layout};
use super::super::tower::Tower;
use crate::models::materialise_llm;
use crate::suite::LlmSpec;

/// Every fixture but the one whose attention is another operator.
const FAMILIES: [&str; 16] = [
    "falcon",
    "gemma",
    "gemma2",
    "gemma3",
    "gpt2",
    "granite",
    "llama",
    "llama-4bit",
    "llama-f16",
    "mistral",
    "opt",
    "phi3",
    "qwen2",
    "qwen3",
    "smollm",
    "smollm3",
];

/// Those with a slope for each head in the place of positions.
const SLOPED: [&str; 2] = ["bloom", "mpt"];

fn decoder(family: &str, rewrites: bool) -> Decoder {
    let path = Path::new("tests/fixtures/families").join(family).join("model.onnx");
    let runtime = Runtime::of(Options { rewrites, ..Options::default() }).unwrap();
    Decoder::load(&path, "input_ids", 2, &runtime).unwrap()
}

#[test]
fn the_rules_that_apply_to_each_family_are_these() {
    let applied = FAMILIES.iter().chain(&SLOPED).map(|family| format!("{family}: {}", decoder(family, true).applied()));
    insta::assert_snapshot!(applied.collect::<Vec<_>>().join("\n"));
}

#[test]
fn nothing_is_left_of_an_attention_and_its_mask_but_one_operator_for_each_layer() {
    for family in FAMILIES {
        let operators = decoder(family, true).operators();
        let count = |kind: &str| operators.iter().filter(|it| it.starts_with(kind)).count();
        assert_eq!(count("CachedAttention"), 2, "{family}");
        for kind in ["Softmax", "Scatter", "Range", "Iff", "IsNan", "Concat", "MultiBroadcastTo"] {
            // Of rotary positions angles are joined to themselves, twice in Gemma 3, and some families count the positions.
            let most = match kind {
                "Concat" => 2,
                "Range" => 1,
                _ => 0,
            };
            assert!(count(kind) <= most, "{family}: {kind} in {operators:?}");
        }
    }
}

#[test]
fn attention_of_vision_towers_is_one_operator_whether_scores_are_multiplied_or_divided() {
    let patches = Geometry { rows: 4, cols: 6, layout: Layout::qwen2_vl(2) };
    let image = Geometry { rows: 1, cols: 1, layout: Layout::Images { count: 1, height: 56, width: 56 } };
    let towers = [("vlms/qwen2-vl", patches), ("towers/clip", image), ("towers/siglip", image)];
    for (name, geometry) in towers {
        let tower = Tower::load(&Path::new("tests/fixtures").join(name), geometry, Options::default()).unwrap();
        assert_eq!(tower.applied().to_string(), "attention 2", "{name}");
    }
}

#[test]
fn without_rewrites_a_graph_is_run_as_it_was_exported() {
    let decoder = decoder("llama", false);
    assert!(decoder.applied().is_empty());
    assert_eq!(decoder.operators().iter().filter(|it| *it == "Softmax").count(), 2);
}

#[test]
fn the_embedded_language_model_is_rewritten_too() {
    let root = tempfile::tempdir().unwrap();
    let model = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap().path.join("onnx/model.onnx");
    let decoder = Decoder::load(&model, "input_ids", 2, &Runtime::default()).unwrap();
    insta::assert_snapshot!(decoder.applied(), @"cache 2, sdpa 2");
    assert_eq!(decoder.operators().iter().filter(|kind| *kind == "CachedAttention").count(), 2);
}
