//! `scalegate fit` on imported costs whose law is known.

use scalegate::record::{self, Run};
use serde_json::Value;

use crate::support::{PIXELS, Place, TOKENS, knee, line, rows, stderr, stdout};

fn fit_json(place: &Place) -> Value {
    serde_json::from_str(&stdout(&place.scalegate("fit --format json").success())).unwrap()
}

#[test]
fn a_line_is_found_with_its_slope_inside_the_interval() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    let fit = &fit_json(&place)["fits"][0];
    assert_eq!(fit["law"], "linear");
    assert_eq!(fit["n_sizes"], 8);
    assert_eq!(fit["n_rounds"], 8);
    let slope = &fit["parameters"]["slope"];
    assert!(slope["lower"].as_f64().unwrap() <= 150e-6 && 150e-6 <= slope["upper"].as_f64().unwrap(), "{slope}");
    assert!((slope["estimate"].as_f64().unwrap() / 150e-6 - 1.0).abs() < 0.01, "{slope}");
}

#[test]
fn a_knee_is_found_at_the_clamp() {
    let place = Place::new();
    place.import(&rows("vlm/encode", "pixels", &PIXELS, 8, knee(200_704.0)));
    let fit = &fit_json(&place)["fits"][0];
    assert_eq!(fit["law"], "knee");
    let breakpoint = fit["parameters"]["breakpoint"]["estimate"].as_f64().unwrap();
    assert!((breakpoint / 200_704.0 - 1.0).abs() < 0.05, "{breakpoint}");
}

#[test]
fn the_text_has_one_line_per_law_with_its_interval() {
    let place = Place::new();
    let costs = rows("llm/prefill", "tokens", &TOKENS, 8, line) + &rows("vlm/encode", "pixels", &PIXELS, 8, knee(2e5));
    place.import(&costs);
    let text = stdout(&place.scalegate("fit").success());
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("llm/prefill  wall_time  linear") && text.contains("µs/token ["), "{text}");
    assert!(text.contains("vlm/encode   wall_time  knee") && text.contains(" MP ["), "{text}");
    assert!(!text.contains("clamp at"), "an imported record doesn't tell: {text}");
    let path = place.path("target/scalegate/run.json");
    let mut run: Run = record::read_json(&path).unwrap();
    run.provenance.subject.insert("models.vlm.max_pixels".to_owned(), "200704".to_owned());
    record::write_json(&path, &run).unwrap();
    let text = stdout(&place.scalegate("fit").success());
    let clamps: Vec<bool> = text.lines().map(|line| line.ends_with(", clamp at 0.201 MP")).collect();
    assert_eq!(clamps, [false, true], "{text}");
}

#[test]
fn too_few_sizes_have_no_law_and_say_so() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &[16, 32], 5, line));
    let text = stdout(&place.scalegate("fit").code(3));
    assert!(text.contains("no law: a law needs 4 sizes"), "{text}");
}

#[test]
fn without_a_record_the_remedy_is_to_measure() {
    let message = stderr(&Place::new().scalegate("fit").code(2));
    assert!(message.contains("target/scalegate/run.json") && message.contains("cargo bench"), "{message}");
}
