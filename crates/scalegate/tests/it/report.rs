//! `scalegate report` writes one file that shows a run with its verdict.

use insta::assert_snapshot;

use crate::support::{PIXELS, Place, RUN, TOKENS, knee, line, outline, rows, section};

fn costs(clamp: f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, 8, line) + &rows("vlm/encode", "pixels", &PIXELS, 8, knee(clamp))
}

#[test]
fn a_report_shows_each_workload_with_the_verdict_of_check() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    place.scalegate("report --out same.html").code(0);
    assert_snapshot!("report_of_a_pass", outline(&place.read("same.html")));

    place.import(&costs(401_408.0));
    place.scalegate("check").code(1);
    place.scalegate("report --out pages/moved.html").code(0);
    // What regressed comes first.
    assert_snapshot!("report_of_a_knee_that_moved", outline(&place.read("pages/moved.html")));
}

#[test]
fn of_a_baseline_of_another_host_only_the_shape_is_drawn() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    place.edit(RUN, "\"class\":\"imported\"", "\"class\":\"another\"");
    place.scalegate("report --out page.html").code(0);
    assert_snapshot!("report_of_another_host", outline(&place.read("page.html")));
}

#[test]
fn what_was_not_measured_is_in_the_table() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("report --out page.html").code(0);
    assert_snapshot!("report_without_a_workload", outline(&place.read("page.html")));
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_a_remedy() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    assert_snapshot!(place.refused("report --out costs.csv/page.html"), @"
    error: costs.csv/page.html: File exists (os error 17)
      help: name a file in a directory that is writable and has room with `--out`
    ");
    assert_snapshot!(place.refused("report"), @"
    error: the following required arguments were not provided:
      --out <FILE.html>

    Usage: scalegate report --out <FILE.html> [RUN]...

    For more information, try '--help'.
    ");
}

#[test]
fn records_of_two_hosts_stand_side_by_side() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    place.write("other.json", place.read(RUN));
    place.edit("other.json", "\"class\":\"imported\"", "\"class\":\"another\"");
    place.scalegate(&format!("report {RUN} other.json --out page.html")).code(0);
    assert_snapshot!("report_of_two_hosts", outline(&place.read("page.html")));
}

/// Models by name, what a token costs them beside what it costs the first, and their perplexity if it was measured.
fn models(models: &[(&str, f64, Option<f64>)]) -> String {
    let rows_of = |(name, share, perplexity): &(&str, f64, Option<f64>)| {
        let prefill = rows(&format!("{name}/llm/prefill"), "tokens", &TOKENS, 8, |n| share * line(n));
        let text = perplexity.map(|value| format!("{name}/llm/text,tokens,perplexity,1,256,0,{value}\n"));
        prefill + &text.unwrap_or_default()
    };
    models.iter().map(rows_of).collect()
}

#[test]
fn models_are_weighed_by_cost_and_accuracy() {
    let place = Place::new();
    place.import(&models(&[
        ("big", 1.0, Some(20.0)),
        ("small", 0.5, Some(24.0)),
        ("worse", 0.7, Some(26.0)),
        ("<blind>", 0.1, None),
    ]));
    place.scalegate("report --out page.html").code(0);
    let page = place.read("page.html");
    assert_snapshot!("models_weighed", outline(&page));
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    place.scalegate("report --out again.html").code(0);
    assert_eq!(page.replace("page.html", ""), place.read("again.html").replace("again.html", ""));
}

#[test]
fn without_accuracy_or_with_one_model_nothing_is_weighed() {
    let place = Place::new();
    let two_blind = models(&[("big", 1.0, None), ("small", 0.5, None)]);
    for (rows, laws) in [(two_blind, 1), (models(&[("big", 1.0, Some(20.0))]), 0)] {
        place.import(&rows);
        place.scalegate("report --out page.html").code(0);
        let page = place.read("page.html");
        assert_eq!(section(&page, "Cost against accuracy"), "");
        assert_eq!(page.matches("<figure class=\"overlay\"").count(), laws, "{page}");
    }
    place.import(&models(&[("big", 1.0, Some(20.0)), ("small", 0.5, None)]));
    place.scalegate("report --out page.html").code(0);
    assert_snapshot!("one_model_weighed", section(&place.read("page.html"), "Cost against accuracy"));
}
