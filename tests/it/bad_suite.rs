//! A suite file that says something else than its author believes is refused with its line.

use crate::support::{Place, stderr, suite};

/// What `scalegate run` says of the repository's suite with one text replaced by another.
fn refused(old: &str, new: &str) -> String {
    let place = Place::new();
    assert!(suite().contains(old), "the suite has changed; adapt the test");
    place.write("suite.toml", suite().replacen(old, new, 1));
    stderr(&place.scalegate("run").code(2))
}

/// The line, from 1, of the first occurrence of `text` in the suite.
fn line_of(text: &str) -> usize {
    1 + suite().lines().position(|line| line.contains(text)).unwrap()
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let message = refused("kv_cache = true", "kv_cash = true");
    assert!(message.contains(&format!("suite.toml:{}", line_of("kv_cache = true"))), "{message}");
    assert!(message.contains("kv_cash"), "{message}");
    assert!(message.contains("help: "), "{message}");
}

#[test]
fn threads_and_chunks_that_make_no_sense_are_errors() {
    assert!(refused("kv_cache = true", "kv_cache = true\nthreads = 0").contains("nonzero"));
    assert!(refused("kv_cache = true", "kv_cache = true\nthreads = 1000").contains("at most 256"));
    let message = refused("kv_cache = true", "kv_cache = false\nprompt_chunk = 128");
    assert!(message.contains("prompt_chunk needs kv_cache = true"), "{message}");
}

#[test]
fn a_size_listed_twice_is_an_error() {
    let message = refused("tokens = [16, 32,", "tokens = [16, 16,");
    assert!(message.contains(&format!("suite.toml:{}", line_of("tokens = ["))), "{message}");
    assert!(message.contains("size 16 is listed twice"), "{message}");
}

#[test]
fn a_size_of_zero_is_an_error() {
    assert!(refused("tokens = [16, 32,", "tokens = [0, 32,").contains("a size of zero"));
    assert!(refused("\"112x84\"", "\"112x0\"").contains("`112x0` is not a resolution"));
}

#[test]
fn unsorted_sizes_are_an_error() {
    assert!(refused("tokens = [16, 32,", "tokens = [32, 16,").contains("size 16 stands behind a larger one"));
    assert!(refused("\"112x84\", \"224x168\"", "\"224x168\", \"112x84\"").contains("112x84 stands behind a larger"));
}

#[test]
fn a_workload_without_sizes_or_listed_twice_is_an_error() {
    assert!(refused("tokens = [16, 32, 64, 128, 192, 256, 512, 1024]", "tokens = []").contains("without sizes"));
    assert!(refused("name = \"llm/decode\"", "name = \"llm/prefill\"").contains("`llm/prefill` is listed twice"));
}

#[test]
fn a_workload_that_does_not_exist_is_an_error() {
    let message = refused("name = \"llm/decode\"", "name = \"llm/decod\"");
    assert!(message.contains("there is no workload `llm/decod`"), "{message}");
    assert!(message.contains("llm/prefill"), "the known ones are listed: {message}");
}

#[test]
fn a_model_that_cannot_be_built_is_an_error() {
    let message = refused("max_pixels = 200704", "max_pixels = 200");
    assert!(message.contains("max_pixels is 200, below min_pixels"), "{message}");
}

#[test]
fn another_schema_is_refused_with_the_one_that_is_read() {
    assert!(refused("schema = 1", "schema = 9").contains("this scalegate reads schema 1"));
}

#[test]
fn without_a_suite_the_remedy_names_the_directory() {
    let message = stderr(&Place::new().scalegate("run").code(2));
    assert!(message.contains("suite.toml") && message.contains("help: run scalegate in the directory"), "{message}");
}

#[test]
fn a_glob_that_matches_nothing_lists_the_workloads() {
    let place = Place::new();
    place.write("suite.toml", suite());
    let message = stderr(&place.scalegate("run --workload llm/nothing*").code(2));
    assert!(message.contains("choose among llm/prefill, llm/decode"), "{message}");
}
