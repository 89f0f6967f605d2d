//! `scalegate fit` on imported costs whose law is known.

use insta::assert_snapshot;
use scalegate::record;
use serde_json::Value;

use crate::support::{PIXELS, Place, RUN, TOKENS, knee, line, list, rows, stderr, stdout};

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

#[test]
fn only_a_required_series_without_a_law_is_a_missing_answer() {
    let place = Place::new();
    let few = rows("sort", "items", &[16, 32], 5, line).replace("wall_time", "cpu_time");
    place.import(&(rows("llm/prefill", "tokens", &TOKENS, 8, line) + &few));
    place.scalegate("fit").code(0);
    place.write("scalegate.toml", "[gate]\nrequired = [\"cpu_time\"]\n");
    place.scalegate("fit").code(3);
}

#[test]
fn numbers_that_say_nothing_are_left_out() {
    let place = Place::new();
    let flat = rows("load", "tokens", &TOKENS, 8, |_| 64e6).replace("wall_time,s", "peak_rss,bytes");
    let nearly = rows("vlm/encode", "pixels", &PIXELS, 8, |n| 64e6 + 2e-8 * n).replace("wall_time,s", "peak_rss,bytes");
    let falling = rows("vlm/load", "pixels", &PIXELS, 8, |n| 0.02 + 1e-12 * (n - 6e5).powi(2));
    place.import(&(flat + &nearly + &falling));
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"
    load        peak_rss   constant     64.0 MB [64.0 MB, 64.0 MB]
    vlm/encode  peak_rss   constant     64.0 MB [64.0 MB, 64.0 MB]
    vlm/load    wall_time  quadratic    -1.20 s/MP [-1.20 s/MP, -1.20 s/MP], intercept 380 ms [380 ms, 380 ms], R² 1.0000
    ");
}

#[test]
fn what_is_no_record_is_called_what_it_is() {
    let place = Place::new();
    place.write("page.html", "<!DOCTYPE html>\n<html></html>\n");
    place.write("costs.csv", format!("{}{}", crate::support::HEAD, rows("sort", "items", &[16], 1, line)));
    place.write("excel.csv", "workload;axis;metric\nsort;items;wall_time\n");
    place.write("words.txt", "no record\n");
    let names = ["page.html", "costs.csv", "excel.csv", "words.txt"];
    assert_snapshot!(list(names.map(|name| (name, place.refused(&format!("fit {name}"))))), @"
    page.html
    error: page.html: not a run record: it is a page of HTML or XML
      help: name the JSON that was measured, as target/scalegate/run.json

    costs.csv
    error: costs.csv: not a run record: it is CSV
      help: make a record of it with `scalegate import csv FILE --out RUN`

    excel.csv
    error: excel.csv: not a run record: it is CSV with `;`
      help: write it with `,`, and make a record of it with `scalegate import csv FILE --out RUN`

    words.txt
    error: words.txt: not a whole run record: expected ident at line 1 column 2
      help: measure again with `cargo bench`, or name another run record
    ");
}

#[test]
fn a_record_comes_through_standard_input_too() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    let piped = place.command("fit -").write_stdin(place.read(RUN)).assert().success();
    assert_eq!(stdout(&piped), stdout(&place.scalegate("fit").success()));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_and_one_that_nobody_writes_to_is_not_waited_for() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    assert!(std::process::Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let mut silent = place.command("fit pipe");
    assert_snapshot!(stderr(&silent.timeout(std::time::Duration::from_mins(1)).assert().code(2)), @"
    error: pipe: nobody wrote to this pipe within 5 s
      help: measure again with `cargo bench`, or name another run record
    ");
    let (pipe, text) = (place.path("pipe"), place.read(RUN));
    let writer = std::thread::spawn(move || std::fs::write(pipe, text));
    place.scalegate("fit pipe").success();
    writer.join().unwrap().unwrap();
}
