//! Which token ids a server is asked with.

use insta::assert_snapshot;
use scalegate::metric::Metric;

use super::{WORKLOADS, refused, started};
use crate::support::Place;

/// A vocabulary of the three ids that the stub knows, and a special one.
const TOKENIZER: &str =
    r#"{"model":{"vocab":{"</s>":2,"a":11,"b":12,"c":13}},"added_tokens":[{"id":2,"special":true}]}"#;

fn with_tokenizer(kind: &str, workloads: &str) -> Place {
    let place = started(kind, "knows three ids", "tokenizer = \"tokenizer.json\"", workloads);
    place.write("tokenizer.json", TOKENIZER);
    place
}

#[test]
fn prompts_are_drawn_from_the_vocabulary_of_a_tokenizer() {
    let place = with_tokenizer("llama-cpp", WORKLOADS);
    place.scalegate("run").success();
    assert_eq!(place.record().series("stub/prefill", Metric::WallTime).unwrap().n_rounds(), 2);
    assert_snapshot!(refused(&started("llama-cpp", "knows three ids", "", WORKLOADS)), @"
    error: stub/prefill at size 128: POST http://127.0.0.1:PORT/completion: it read 0 tokens for a prompt of 8
      help: name the model's `tokenizer`, or give `token_ids` a range of its vocabulary without special ones
    ");
}

#[test]
fn a_request_by_its_text_takes_ids_too() {
    let request = |sizes: &str| {
        format!("[[server.request]]\nname = \"ids\"\n{sizes}\npath = \"/ids?n={{size}}\"\nbody = '[{{tokens}}]'\n")
    };
    let place = with_tokenizer("http", &request("tokens = [8, 16, 32]"));
    place.scalegate("run").success();
    assert_snapshot!(refused(&with_tokenizer("http", &request("axis = { name = \"words\", sizes = [8, 16] }"))), @"
    error: scalegate.toml:11: `{tokens}` has no meaning in this request
      help: see docs/suite.md for the keys of a configuration
    ");
}

#[test]
fn a_tokenizer_that_has_no_ids_is_refused_before_the_server_is_started() {
    let place = with_tokenizer("llama-cpp", WORKLOADS);
    place.write("tokenizer.json", "{}");
    assert_snapshot!(refused(&place), @"
    error: [[server]] stub, `tokenizer`: tokenizer.json: it is no tokenizer's: missing field `model` at line 1 column 2
      help: name a `tokenizer.json` as models on the Hugging Face hub have it; relative paths are of the working directory
    ");
    std::fs::remove_file(place.path("tokenizer.json")).unwrap();
    assert_snapshot!(refused(&place), @"
    error: [[server]] stub, `tokenizer`: tokenizer.json: No such file or directory (os error 2)
      help: name a `tokenizer.json` as models on the Hugging Face hub have it; relative paths are of the working directory
    ");
}
