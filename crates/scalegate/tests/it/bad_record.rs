//! A record or a baseline that is not whole is refused, and what was there stays.

use insta::assert_snapshot;

use crate::support::{Place, RUN, TOKENS, line, rows, without_columns};

/// A place with a valid record and its baselines.
fn accepted() -> Place {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    place
}

/// What reading commands say of a record with one text replaced; they agree.
fn refused(old: &str, new: &str) -> String {
    let place = accepted();
    place.edit(RUN, old, new);
    let message = place.refused("fit");
    assert_eq!(place.refused("check"), message);
    assert_eq!(place.refused("accept --reason second"), message);
    without_columns(&message)
}

#[test]
fn a_record_cut_in_half_is_refused() {
    let place = accepted();
    place.cut(RUN);
    assert_snapshot!(without_columns(&place.refused("check")), @"
    error: target/scalegate/run.json: not a whole run record: EOF while parsing a list at line 1 column [column]
      help: measure again with `cargo bench`, or name another run record
    ");
}

#[test]
fn an_unknown_schema_version_is_refused_before_its_fields() {
    assert_snapshot!(refused("{\"schema\":6,", "{\"schema\":7,\"new\":1,"), @"
    error: target/scalegate/run.json: run record of schema 7, but this scalegate reads schema 2 to 6
      help: use the scalegate that wrote it, or measure again
    ");
}

#[test]
fn a_field_that_is_not_known_is_refused() {
    assert_snapshot!(refused("\"axis\":", "\"axes\":"), @"
    error: target/scalegate/run.json: not a valid run record: unknown field `axes`, expected one of `workload`, `axis`, `metric`, `unit`, `measured`, `protocol`, `conditions`, `looks`, `tokens`, `expected_units`, `samples`, `windows`, `unavailable` at line 1 column [column]
      help: measure again with `cargo bench`, or name another run record
    ");
}

#[test]
fn an_axis_without_a_name_is_refused() {
    assert_snapshot!(refused("\"axis\":\"tokens\"", "\"axis\":\"\""), @"
    error: target/scalegate/run.json: not a valid run record: an axis has an empty name at line 1 column [column]
      help: measure again with `cargo bench`, or name another run record
    ");
}

#[test]
fn a_negative_or_infinite_sample_is_refused() {
    assert_snapshot!(refused("\"values\":[", "\"values\":[-"), @"
    error: target/scalegate/run.json: llm/prefill wall_time, size 16, round 0: a cost of -0.0034; costs are finite and not negative
      help: measure again with `cargo bench`, or name another run record
    ");
    assert_snapshot!(refused("\"values\":[", "\"values\":[1e999,"), @"
    error: target/scalegate/run.json: not a valid run record: number out of range at line 1 column [column]
      help: measure again with `cargo bench`, or name another run record
    ");
    assert_snapshot!(refused("\"values\":[", "\"values\":[null,"), @"
    error: target/scalegate/run.json: not a valid run record: invalid type: null, expected f64 at line 1 column [column]
      help: measure again with `cargo bench`, or name another run record
    ");
}

#[test]
fn an_empty_run_is_refused() {
    let place = accepted();
    let text = place.read(RUN);
    let start = text.find("\"series\":").unwrap();
    place.write(RUN, format!("{}\"series\":[]}}", &text[..start]));
    assert_snapshot!(place.refused("check"), @"
    error: target/scalegate/run.json: the run is empty
      help: measure again with `cargo bench`, or name another run record
    ");
}

#[test]
fn a_baseline_cut_in_half_is_refused_by_name() {
    let place = accepted();
    place.cut("baselines/portable/llm-prefill.wall_time.json");
    assert_snapshot!(without_columns(&place.refused("check")), @"
    error: baselines/portable/llm-prefill.wall_time.json: not a whole baseline: EOF while parsing an object at line 1 column [column]
      help: measure again with `cargo bench`, or name another baseline
    ");
}

#[test]
fn a_baseline_of_another_workload_is_refused_by_name() {
    let place = accepted();
    let text = place.read("baselines/portable/llm-prefill.wall_time.json");
    place.write("baselines/portable/llm-decode.wall_time.json", text);
    assert_snapshot!(place.refused("check"), @"
    error: baselines/portable/llm-decode.wall_time.json: holds the baseline of llm/prefill wall_time, whose file is `llm-prefill.wall_time.json`
      help: restore the file from version control, or accept a new run with `scalegate accept`
    ");
}

#[test]
fn a_target_that_cannot_be_written_leaves_everything_as_it_was() {
    let place = Place::new();
    // A file where a directory has to be fails for root as well, whom permissions would not stop.
    place.write("target", "not a directory");
    place.write("costs.csv", format!("{}{}", crate::support::HEAD, rows("x", "tokens", &TOKENS, 2, line)));
    assert_snapshot!(place.refused("import csv costs.csv"), @"
    error: target/scalegate/run.json: Not a directory (os error 20)
      help: check that the directory exists, is writable and has room; nothing was changed
    ");
}

#[test]
fn baselines_that_cannot_be_written_stay_as_they_were() {
    let place = accepted();
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    place.write("baselines/hosts", "not a directory");
    assert_snapshot!(place.refused("accept --reason second"), @"
    error: baselines/hosts/imported: Not a directory (os error 20)
      help: name a readable directory with `--baseline`
    ");
}
