//! A prompt file: the tokens of a text instead of synthetic ones, for user models.

use std::path::Path;

use scalegate::Workload;
use scalegate_suite::models::materialise_llm;
use scalegate_suite::suite::{LlmSpec, Suite};
use scalegate_suite::workload::Registry;

use crate::support::Place;
use crate::support::bench::SUITE;

/// The workloads of a suite with a model at `mine` that has 320 tokens, and a prompt file.
fn workloads(place: &Place) -> Vec<Box<dyn Workload>> {
    let spec = LlmSpec { vocabulary: 320, ..LlmSpec::test() };
    let root = place.path("models");
    let model = materialise_llm(&spec, 1, &root).unwrap().path;
    let prompt = place.write("prompt.txt", "The cost of a prompt");
    let text = SUITE.replace("kv_cache = true", &format!("kv_cache = true\nprompt = \"{}\"", prompt.display()));
    let mine = format!("[[model]]\nname = \"mine\"\npath = \"{}\"\nworkloads = [\"llm/prefill\"]", model.display());
    let suite = Suite::parse(Path::new("suite.toml"), &format!("{text}\n{mine}")).unwrap();
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizers/byte_level.json");
    std::fs::copy(tokenizer, model.join("tokenizer.json")).unwrap();
    Registry::all(&suite).unwrap()
}

#[test]
fn a_models_own_tokens_are_measured_and_told() {
    let place = Place::new();
    let workloads = workloads(&place);
    let mine = workloads.iter().find(|workload| workload.name() == "mine/llm/prefill").unwrap();
    // More than the text has, so that it begins again.
    mine.prepare(32).unwrap().run().unwrap();
    assert!(mine.protocol()["prompt"].ends_with("prompt.txt"));
    assert!(!mine.protocol().contains_key("prompt_seed"));
    let embedded = workloads.iter().find(|workload| workload.name() == "llm/prefill").unwrap();
    assert_eq!(embedded.protocol()["prompt_seed"], "7", "the embedded model has no tokenizer");
}

#[test]
fn a_model_without_a_tokenizer_is_refused() {
    let place = Place::new();
    let workloads = workloads(&place);
    for model in std::fs::read_dir(place.path("models")).unwrap() {
        drop(std::fs::remove_file(model.unwrap().path().join("tokenizer.json")));
    }
    let mine = workloads.iter().find(|workload| workload.name() == "mine/llm/prefill").unwrap();
    let error = mine.prepare(4).err().unwrap();
    assert!(error.place().ends_with("tokenizer.json") && error.cause().contains("cannot read"), "{error}");
}
