//! A suite file that says something else than its author believes is refused with its line.

use crate::support::{Place, suite};

/// What the bench target `llm` says of the repository's suite with one text replaced by another.
fn refused(old: &str, new: &str) -> String {
    let place = Place::new();
    assert!(suite().contains(old), "the suite has changed; adapt the test");
    place.write("suite.toml", suite().replacen(old, new, 1));
    place.refused("llm", "")
}

/// The line, from 1, of the first occurrence of `text` in the suite.
fn line_of(text: &str) -> usize {
    1 + suite().lines().position(|line| line.contains(text)).unwrap()
}

/// The message without the number of its line, which has to be that of `text`.
fn refused_at(text: &str, old: &str, new: &str) -> String {
    let message = refused(old, new);
    let place = format!("suite.toml:{}:", line_of(text));
    assert!(message.contains(&place), "{place} {message}");
    message.replace(&place, "suite.toml:[line]:")
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    insta::assert_snapshot!(refused_at("kv_cache = true", "kv_cache = true", "kv_cash = true"), @"
    error: suite.toml:[line]: unknown field `kv_cash`, expected one of `kv_cache`, `threads`, `rewrites`, `prompt_chunk`, `prompt`
      help: see docs/suite.md for the keys of a configuration
    ");
    insta::assert_snapshot!(refused("schema = 1", "schema = 1\nsede = 4"), @"
    error: suite.toml:3: unknown field `sede`, expected one of `models`, `inference`, `workload`, `model`, `images`, `accuracy`, `instructions`, `resources`
      help: see docs/suite.md for the keys of a configuration
    ");
}

#[test]
fn threads_and_chunks_that_make_no_sense_are_errors() {
    let refused = |new: &str| refused_at("[inference]", "kv_cache = true", new);
    insta::assert_snapshot!(refused("kv_cache = true\nthreads = 1000"), @"
    error: suite.toml:[line]: threads is 1000, but at most 256 are started
      help: change the value in this section
    ");
    insta::assert_snapshot!(refused("kv_cache = false\nprompt_chunk = 128"), @"
    error: suite.toml:[line]: prompt_chunk needs kv_cache = true: a chunk is read after the cache of the one before
      help: change the value in this section
    ");
    let message = self::refused("kv_cache = true", "kv_cache = true\nthreads = 0");
    insta::assert_snapshot!(message.replace(&format!(":{}:", line_of("kv_cache = true") + 1), ":[line]:"), @"
    error: suite.toml:[line]: invalid value: integer `0`, expected a nonzero usize
      help: see docs/suite.md for the keys of a configuration
    ");
}

#[test]
fn a_size_is_listed_once_is_not_zero_and_stands_after_smaller_ones() {
    let tokens = |new: &str| refused_at("tokens = [", "tokens = [16, 32,", new);
    insta::assert_snapshot!(tokens("tokens = [16, 16,"), @"
    error: suite.toml:[line]: size 16 is listed twice
      help: list the sizes in ascending order, each once and none of them zero
    ");
    insta::assert_snapshot!(tokens("tokens = [0, 32,"), @"
    error: suite.toml:[line]: a size of zero
      help: list the sizes in ascending order, each once and none of them zero
    ");
    insta::assert_snapshot!(tokens("tokens = [32, 16,"), @"
    error: suite.toml:[line]: size 16 stands after a larger one
      help: list the sizes in ascending order, each once and none of them zero
    ");
    let first = "\"112x84\", \"224x168\"";
    insta::assert_snapshot!(refused_at("resolutions = [", first, "\"112x0\", \"224x168\""), @r#"
    error: suite.toml:[line]: `112x0` is not a resolution; write it as WIDTHxHEIGHT, for instance "640x480"
      help: see docs/suite.md for the keys of a configuration
    "#);
    insta::assert_snapshot!(refused_at(first, first, "\"224x168\", \"112x84\""), @"
    error: suite.toml:[line]: size 112x84 stands after a larger one
      help: list the sizes in ascending order, each once and none of them zero
    ");
}

#[test]
fn a_workload_without_sizes_or_listed_twice_is_an_error() {
    let sizes = "tokens = [16, 32, 64, 128, 192, 256, 512, 1024]";
    insta::assert_snapshot!(refused_at("[[workload]]", sizes, "tokens = []"), @"
    error: suite.toml:[line]: a workload without sizes
      help: list the sizes in ascending order, each once and none of them zero
    ");
    insta::assert_snapshot!(refused_at("[[workload]]", sizes, ""), @"
    error: suite.toml:[line]: workload `llm/prefill` needs exactly one of `tokens` and `resolutions`
      help: give `tokens` to an llm workload; a vlm one takes `resolutions`, which are chosen where it has none
    ");
    insta::assert_snapshot!(refused_at("[[workload]]", sizes, &format!("{sizes}\nresolutions = [\"640x480\"]")), @"
    error: suite.toml:[line]: workload `llm/prefill` needs exactly one of `tokens` and `resolutions`
      help: give `tokens` to an llm workload; a vlm one takes `resolutions`, which are chosen where it has none
    ");
    let message = refused_at("name = \"llm/decode\"", "name = \"llm/decode\"", "name = \"llm/prefill\"");
    insta::assert_snapshot!(message, @"
    error: suite.toml:[line]: workload `llm/prefill` is listed twice
      help: keep one of the two
    ");
}

#[test]
fn aspect_ratios_that_make_no_sense_are_errors() {
    let of = |workload: &str| {
        let place = Place::new();
        place.write("suite.toml", format!("[[workload]]\n{workload}\n"));
        place.refused("vlm", "")
    };
    let encode = |aspects: &str| of(&format!("name = \"vlm/encode\"\naspects = {aspects}"));
    let all = [
        encode("[0]"),
        encode("[\"4:3\", \"-16:9\"]"),
        encode("[\"4:3\", 900]"),
        encode("[\"4:3\", \"16:9\", 1.33]"),
        encode("[]"),
        encode("[true]"),
        of("name = \"vlm/encode\"\naspects = [\"1:1\"]\nresolutions = [\"640x480\"]"),
        of("name = \"llm/prefill\"\naspects = [\"1:1\"]\ntokens = [16, 32]"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    error: suite.toml:3: 0 is not an aspect ratio: width over height lies between 0.05 and 20
      help: see docs/suite.md for the keys of a configuration

    error: suite.toml:3: `-16:9` is not an aspect ratio; write it as WIDTH:HEIGHT, for instance "16:9", or as a number
      help: see docs/suite.md for the keys of a configuration

    error: suite.toml:3: 900 is not an aspect ratio: width over height lies between 0.05 and 20
      help: see docs/suite.md for the keys of a configuration

    error: suite.toml:3: the aspect ratio 4:3 is listed twice
      help: keep one of the two

    error: suite.toml:3: `aspects` is empty
      help: list aspect ratios as "16:9", or leave it out for 4:3

    error: suite.toml:3: invalid type: boolean `true`, expected an aspect ratio as "16:9" or 1.78
      help: see docs/suite.md for the keys of a configuration

    error: suite.toml:3: workload `vlm/encode` has both `aspects` and `resolutions`
      help: leave `resolutions` out, and they are chosen for each aspect ratio; or leave `aspects` out

    error: suite.toml:3: workload `llm/prefill` has `aspects`, and no images
      help: leave `aspects` out of it
    "#);
}

#[test]
fn a_workload_that_does_not_exist_is_an_error() {
    insta::assert_snapshot!(refused("name = \"llm/decode\"", "name = \"llm/decod\""), @"
    error: suite.toml: there is no workload `llm/decod` along tokens
      help: the workloads are llm/prefill, llm/decode, llm/generate, vlm/preprocess, vlm/encode, vlm/prompt; those of llm take `tokens`, those of vlm `resolutions` or none
    ");
}

#[test]
fn a_model_that_cannot_be_built_is_an_error() {
    insta::assert_snapshot!(refused_at("[models.llm]", "max_pixels = 200704", "max_pixels = 200"), @"
    error: suite.toml:[line]: models.vlm: max_pixels is 200, below min_pixels, which is 3136
      help: change the value in this section
    ");
}

#[test]
fn another_schema_is_refused_with_the_one_that_is_read() {
    insta::assert_snapshot!(refused_at("schema = 1", "schema = 1", "schema = 9"), @"
    error: suite.toml:[line]: schema 9 is not known
      help: this scalegate reads schema 1; use the version that wrote the file
    ");
}

#[test]
fn without_a_suite_the_remedy_names_the_directory() {
    insta::assert_snapshot!(Place::new().refused("llm", ""), @"
    error: suite.toml: No such file or directory (os error 2)
      help: run scalegate in the directory that holds `suite.toml`
    ");
}

#[cfg(unix)]
#[test]
fn scalegate_run_says_what_is_wrong_with_the_suite_too() {
    let place = Place::with_suite("[nothing]\n");
    let assert = place.run(&["llm"], "").code(2);
    insta::assert_snapshot!(crate::support::stderr(&assert), @"
    error: suite.toml:43: unknown field `nothing`, expected one of `models`, `inference`, `workload`, `model`, `images`, `accuracy`, `instructions`, `resources`
      help: see docs/suite.md for the keys of a configuration
    ");
}
