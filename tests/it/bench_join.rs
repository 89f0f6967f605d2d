//! Bench targets are processes of their own: what one of them measured joins the record only if it belongs there.

use scalegate::record::Run;

use crate::support::{Place, lasting, stderr};

fn workloads(run: &Run) -> Vec<&str> {
    run.series.iter().map(|series| series.workload.as_str()).collect()
}

/// A place where `llm` has just been measured.
fn after_llm() -> Place {
    let place = Place::with_suite("");
    place.bench("llm", "llm/decode").success();
    place
}

fn edit_suite(place: &Place, old: &str, new: &str) {
    let text = place.read("suite.toml");
    assert!(text.contains(old));
    place.write("suite.toml", text.replacen(old, new, 1));
}

#[test]
fn both_targets_end_up_in_one_record() {
    let place = after_llm();
    let llm = place.record().series;
    let message = stderr(&place.bench("vlm", "--verbose").success());
    insta::assert_snapshot!(message, @"reused wall_time of llm/decode: same host, program and models");
    assert_eq!(workloads(&place.record()), ["llm/decode", "vlm/encode", "vlm/preprocess"]);
    assert_eq!(place.record().series[0], llm[0]);
}

#[test]
fn a_workload_that_is_measured_again_is_replaced() {
    let place = after_llm();
    let first = place.record();
    assert_eq!(stderr(&place.bench("llm", "llm/decode").success()), "");
    let second = place.record();
    assert_eq!(workloads(&second), ["llm/decode"]);
    assert_ne!(first.series[0].samples, second.series[0].samples);
}

#[test]
fn a_changed_model_starts_a_new_record_and_says_what_changed() {
    let place = after_llm();
    edit_suite(&place, "max_pixels = 50176", "max_pixels = 100352");
    let message = stderr(&place.bench("vlm", "").success());
    insta::assert_snapshot!(lasting(&message), @"
    a new record is started; the earlier one is kept as target/scalegate/run.[time].json: it has other
      program.configuration: [hash] → [hash]
      models.vlm: [hash] → [hash]
      models.vlm.max_pixels: 50176 → 100352
    ");
    assert_eq!(workloads(&place.record()), ["vlm/encode", "vlm/preprocess"]);
}

#[test]
fn another_photo_under_the_same_name_starts_a_new_record() {
    let place = Place::with_suite("[images]\nphoto = \"photo.jpg\"");
    place.write("photo.jpg", include_bytes!("../fixtures/images/subsampled_422.jpg"));
    place.bench("vlm", "vlm/preprocess").success();
    place.write("photo.jpg", include_bytes!("../fixtures/images/progressive_420.jpg"));
    let message = stderr(&place.bench("vlm", "vlm/encode").success());
    insta::assert_snapshot!(lasting(&message), @"
    a new record is started; the earlier one is kept as target/scalegate/run.[time].json: it has other
      images.photo: [hash] → [hash]
    ");
    assert_eq!(workloads(&place.record()), ["vlm/encode"]);
}

#[test]
fn a_changed_comment_keeps_the_record() {
    let place = after_llm();
    edit_suite(&place, "[inference]", "# What follows is for inference.\n[inference]");
    insta::assert_snapshot!(stderr(&place.bench("vlm", "--verbose").success()), @"reused wall_time of llm/decode: same host, program and models");
    assert_eq!(place.record().series.len(), 3);
}

#[test]
fn an_earlier_record_that_cannot_be_read_is_set_aside_with_a_word() {
    let place = after_llm();
    let text = place.read("target/scalegate/run.json");
    place.write("target/scalegate/run.json", &text[..text.len() / 2]);
    let message = stderr(&place.bench("llm", "llm/decode").success());
    let message = message.split_once(" run record: ").unwrap().0;
    insta::assert_snapshot!(lasting(message), @"note: the earlier record is kept as target/scalegate/run.[time].json: target/scalegate/run.json: not a whole");
    assert_eq!(workloads(&place.record()), ["llm/decode"]);
}
