//! A record or a baseline that is not whole is refused, and what was there stays.

use crate::support::{Place, TOKENS, line, rows, stderr};

/// A place with a valid record and its baselines.
fn accepted() -> Place {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    place
}

const RUN: &str = "target/scalegate/run.json";

/// What every reading command says of a record with one text replaced.
fn refused(old: &str, new: &str) -> String {
    let place = accepted();
    let text = place.read(RUN);
    assert!(text.contains(old), "the record has changed; adapt the test: {old}");
    place.write(RUN, text.replacen(old, new, 1));
    place.scalegate("check").code(2);
    place.scalegate("accept --reason second").code(2);
    stderr(&place.scalegate("fit").code(2))
}

#[test]
fn a_record_cut_in_half_is_refused() {
    let place = accepted();
    let text = place.read(RUN);
    place.write(RUN, &text[..text.len() / 2]);
    let message = stderr(&place.scalegate("check").code(2));
    assert!(message.contains("run.json: not a whole run record"), "{message}");
    assert!(message.contains("help: measure again"), "{message}");
}

#[test]
fn an_unknown_schema_version_is_refused_before_its_fields() {
    let message = refused("{\"schema\":3,", "{\"schema\":7,\"new\":1,");
    assert!(message.contains("run record of schema 7, but this scalegate reads schema 2 to 3"), "{message}");
}

#[test]
fn a_field_that_is_not_known_is_refused() {
    assert!(refused("\"axis\":", "\"axes\":").contains("axes"));
}

#[test]
fn a_negative_or_infinite_sample_is_refused() {
    assert!(refused("\"values\":[", "\"values\":[-").contains("a cost of -"));
    assert!(refused("\"values\":[", "\"values\":[1e999,").contains("number out of range"));
    assert!(refused("\"values\":[", "\"values\":[null,").contains("not a valid run record"));
}

#[test]
fn an_empty_run_is_refused() {
    let place = accepted();
    let text = place.read(RUN);
    let start = text.find("\"series\":").unwrap();
    place.write(RUN, format!("{}\"series\":[]}}", &text[..start]));
    assert!(stderr(&place.scalegate("check").code(2)).contains("the run is empty"));
}

#[test]
fn a_baseline_cut_in_half_is_refused_by_name() {
    let place = accepted();
    let name = "baselines/portable/llm-prefill.wall_time.json";
    let text = place.read(name);
    place.write(name, &text[..text.len() / 2]);
    let message = stderr(&place.scalegate("check").code(2));
    assert!(message.contains(name) && message.contains("not a whole baseline"), "{message}");
}

#[test]
fn a_baseline_of_another_workload_is_refused_by_name() {
    let place = accepted();
    let text = place.read("baselines/portable/llm-prefill.wall_time.json");
    place.write("baselines/portable/llm-decode.wall_time.json", text);
    let message = stderr(&place.scalegate("check").code(2));
    assert!(message.contains("llm-decode.wall_time.json: holds the baseline of llm/prefill"), "{message}");
}

#[test]
fn a_target_that_cannot_be_written_leaves_everything_as_it_was() {
    let place = Place::new();
    // A file where a directory has to be fails for root as well, whom permissions would not stop.
    place.write("target", "not a directory");
    place.write(
        "costs.csv",
        format!("workload,axis,metric,unit,size,round,value\n{}", rows("x", "tokens", &TOKENS, 2, line)),
    );
    let message = stderr(&place.scalegate("import csv costs.csv").code(2));
    assert!(message.contains("run.json") && message.contains("nothing was changed"), "{message}");
    assert_eq!(place.read("target"), "not a directory");
}

#[test]
fn baselines_that_cannot_be_written_stay_as_they_were() {
    let place = accepted();
    let name = "baselines/portable/llm-prefill.wall_time.json";
    let before = place.read(name);
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    place.write("baselines/hosts", "not a directory");
    let message = stderr(&place.scalegate("accept --reason second").code(2));
    assert!(message.contains("help: "), "{message}");
    assert_eq!(place.read(name), before);
}
