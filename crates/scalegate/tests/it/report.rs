//! `scalegate report` writes one file that shows a run with its verdict.

use crate::support::{PIXELS, Place, TOKENS, knee, line, rows, stderr};

fn costs(clamp: f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, 8, line) + &rows("vlm/encode", "pixels", &PIXELS, 8, knee(clamp))
}

#[test]
fn a_report_shows_each_workload_with_the_verdict_of_check() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    place.scalegate("report --out same.html").code(0);
    assert!(place.read("same.html").contains("<title>scalegate: pass</title>"));

    place.import(&costs(401_408.0));
    place.scalegate("check").code(1);
    place.scalegate("report --out pages/moved.html").code(0);
    let page = place.read("pages/moved.html");
    assert!(page.contains("<title>scalegate: regressed</title>"), "{page}");
    assert!(page.contains("knee moved from 0.20 MP to 0.40 MP"), "{page}");
    for workload in ["llm/prefill", "vlm/encode"] {
        assert!(page.contains(&format!("<figure id=\"{workload}:wall_time\">")), "{workload}");
    }
    assert_eq!(page.matches("class=\"law\" d=\"M").count(), 4, "two laws and two legends");
    assert_eq!(page.matches("class=\"baseline\" d=\"M").count(), 4, "two baselines and two legends");
    let (first, second) = (page.find("<figure id=\"vlm").unwrap(), page.find("<figure id=\"llm").unwrap());
    assert!(first < second, "what regressed comes first");
}

#[test]
fn of_a_baseline_of_another_host_only_the_shape_is_drawn() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    let run = place.read("target/scalegate/run.json");
    place.write("target/scalegate/run.json", run.replace("\"class\":\"imported\"", "\"class\":\"another\""));
    place.scalegate("report --out page.html").code(0);
    let page = place.read("page.html");
    assert!(!page.contains(">baseline<") && page.contains("has no baseline of its own"), "{page}");
    assert!(page.contains(">shape of the baseline<") && page.contains("only its shape is drawn"), "{page}");
}

#[test]
fn what_was_not_measured_is_in_the_table() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("report --out page.html").code(0);
    let page = place.read("page.html");
    assert!(page.contains("<th scope=\"row\">vlm/encode</th>") && page.contains("not measured"), "{page}");
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_a_remedy() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    let message = stderr(&place.scalegate("report --out costs.csv/page.html").code(2));
    assert!(message.contains("costs.csv/page.html") && message.contains("help: "), "{message}");
    place.scalegate("report").code(2);
}

#[test]
fn records_of_two_hosts_stand_side_by_side() {
    let place = Place::new();
    place.import(&costs(200_704.0));
    place.scalegate("accept --reason before").success();
    let run = place.read("target/scalegate/run.json");
    place.write("other.json", run.replace("\"class\":\"imported\"", "\"class\":\"another\""));
    place.scalegate("report target/scalegate/run.json other.json --out page.html").code(0);
    let page = place.read("page.html");
    for id in ["llm/prefill:wall_time@imported", "llm/prefill:wall_time@another"] {
        assert!(
            page.contains(&format!("<figure id=\"{id}\">")) && page.contains(&format!("<a href=\"#{id}\">")),
            "{id}"
        );
    }
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
    assert!(page.contains("<h2>Cost against accuracy</h2>"), "{page}");
    assert_eq!(page.matches("<figure class=\"front\"").count(), 1);
    assert!(page.contains("llm/prefill wall_time at 1024 tokens, and perplexity</h3>"), "{page}");
    assert!(page.contains("On the front: small, big. Dominated: worse (by small)."), "{page}");
    assert!(page.contains("<strong>&lt;blind&gt;</strong>: no perplexity was measured of it; name it"), "{page}");
    assert_eq!(page.matches("class=\"pareto\" d=\"M").count(), 2, "the front and its legend");
    assert_eq!(page.matches("<circle class=\"dominated\"").count(), 2, "a model and the legend");
    for name in ["big", "small", "worse"] {
        assert!(page.contains(&format!(">{name}</text></g>")), "{name} is in the legend of the laws");
        let is_label = |line: &&str| line.contains("class=\"label ") && line.contains(&format!(">{name}</text>"));
        assert_eq!(page.lines().filter(is_label).count(), 1, "{name} stands beside its point");
    }
    assert_eq!(page.matches("<figure class=\"overlay\"").count(), 1);
    assert_eq!(
        page.matches("<path class=\"line fourth\" d=\"M").count(),
        2,
        "the law of the fourth model and its legend"
    );
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
        assert!(!page.contains("Cost against accuracy"), "{page}");
        assert_eq!(page.matches("<figure class=\"overlay\"").count(), laws, "{page}");
    }
    place.import(&models(&[("big", 1.0, Some(20.0)), ("small", 0.5, None)]));
    place.scalegate("report --out page.html").code(0);
    let page = place.read("page.html");
    assert!(
        page.contains("Nothing is drawn: it takes two models") && page.contains("<strong>small</strong>"),
        "{page}"
    );
}
