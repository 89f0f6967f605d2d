//! `scalegate fit` on imported costs whose law is known.

use insta::assert_snapshot;
use scalegate::record;
use serde_json::Value;

use crate::support::{PIXELS, Place, RUN, TOKENS, knee, line, rows, stdout};

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
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"
    llm/prefill  wall_time  linear       150 µs/token [150 µs/token, 150 µs/token], intercept 1.00 ms [993 µs, 1.01 ms], curvature 0.0 % [-0.3 %, 0.4 %], R² 1.0000
    vlm/encode   wall_time  knee         at 0.200 MP [0.200 MP, 0.200 MP], 400 ms/MP [400 ms/MP, 400 ms/MP] below, level 82.0 ms [81.9 ms, 82.1 ms], 2.01 ms/MP [1.79 ms/MP, 2.23 ms/MP] above, R² 1.0000
    ");
    let mut run = place.record();
    run.provenance.subject.insert("models.vlm.max_pixels".to_owned(), "200704".to_owned());
    record::write_json(&place.path(RUN), &run).unwrap();
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"
    llm/prefill  wall_time  linear       150 µs/token [150 µs/token, 150 µs/token], intercept 1.00 ms [993 µs, 1.01 ms], curvature 0.0 % [-0.3 %, 0.4 %], R² 1.0000
    vlm/encode   wall_time  knee         at 0.200 MP [0.200 MP, 0.200 MP], 400 ms/MP [400 ms/MP, 400 ms/MP] below, level 82.0 ms [81.9 ms, 82.1 ms], 2.01 ms/MP [1.79 ms/MP, 2.23 ms/MP] above, R² 1.0000, clamp at 0.201 MP
    ");
}

#[test]
fn costs_over_any_axis_are_quoted_over_one_thing_or_a_prefixed_unit() {
    let place = Place::new();
    let sizes = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000];
    let costs = |name: &str, axis: &str| rows(name, axis, &sizes, 8, |n| 1e-6 + 2e-9 * n);
    place.import(&(costs("sort", "items") + &costs("hash", "bytes") + &costs("read", "file (B)")));
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"
    hash  wall_time  linear       2.00 µs/kB [2.00 µs/kB, 2.00 µs/kB], intercept 1.00 µs [995 ns, 1.01 µs], curvature -0.0 % [-0.4 %, 0.4 %], R² 1.0000
    read  wall_time  linear       2.00 µs/kB [2.00 µs/kB, 2.00 µs/kB], intercept 1.00 µs [995 ns, 1.01 µs], curvature -0.0 % [-0.4 %, 0.4 %], R² 1.0000
    sort  wall_time  linear       2.00 ns/item [2.00 ns/item, 2.00 ns/item], intercept 1.00 µs [995 ns, 1.01 µs], curvature -0.0 % [-0.4 %, 0.4 %], R² 1.0000
    ");
}

#[test]
fn too_few_sizes_have_no_law_and_say_so() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &[16, 32], 5, line));
    assert_snapshot!(stdout(&place.scalegate("fit").code(3)), @"llm/prefill  wall_time  no law: a law needs 4 sizes or more, and there are 2 (seen in two rounds, when there are several)");
}

#[test]
fn without_a_record_the_remedy_is_to_measure() {
    assert_snapshot!(Place::new().refused("fit"), @"
    error: target/scalegate/run.json: No such file or directory (os error 2)
      help: measure again with `cargo bench`, or name another run record
    ");
}
