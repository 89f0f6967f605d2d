//! `scalegate compare A B`: what the second run costs beside the first.

use serde_json::Value;

use crate::support::{Place, TOKENS, line, rows, stdout};

/// Imports costs as `name`.
fn import(place: &Place, name: &str, rows: &str) {
    place.write("costs.csv", format!("workload,axis,metric,unit,size,round,value\n{rows}"));
    place.scalegate(&format!("import csv costs.csv --out {name}")).success();
}

fn prefill(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, 8, cost)
}

fn pair(before: &str, after: &str) -> Place {
    let place = Place::new();
    import(&place, "a.json", before);
    import(&place, "b.json", after);
    place
}

#[test]
fn what_is_slower_is_said_with_rates_and_exits_with_1() {
    let place = pair(&prefill(line), &prefill(|n| 2.0 * line(n)));
    let text = stdout(&place.scalegate("compare a.json b.json").code(1));
    assert!(text.starts_with("REGRESSED: the second run costs more"), "{text}");
    assert!(text.contains("slope from 150 µs to 300 µs per token"), "{text}");
    assert!(text.contains("tokens per second at 1024 tokens from 6"), "{text}");
    let json: Value =
        serde_json::from_str(&stdout(&place.scalegate("compare a.json b.json --format json").code(1))).unwrap();
    let change = &json["tokens_per_second"][0]["change"];
    assert!((change["estimate"].as_f64().unwrap() + 0.5).abs() < 0.02, "{change}");
    assert!(change["lower"].as_f64() <= change["estimate"].as_f64(), "{change}");
    let markdown = stdout(&place.scalegate("compare a.json b.json --format markdown").code(1));
    assert!(markdown.contains("| `llm/prefill` | wall\\_time | slope | regressed |"), "{markdown}");
}

#[test]
fn a_long_table_in_markdown_has_what_regressed() {
    let suite = |slower: f64| -> String {
        let name = |i: usize| format!("model-{i}/llm/prefill");
        let factor = |i: usize| if i == 48 { slower } else { 1.0 };
        (0..50).map(|i| rows(&name(i), "tokens", &TOKENS, 8, |n| factor(i) * line(n))).collect()
    };
    let place = pair(&suite(1.0), &suite(2.0));
    let markdown = stdout(&place.scalegate("compare a.json b.json --format markdown").code(1));
    assert!(markdown.contains("| `model-48/llm/prefill` | wall\\_time | slope | regressed |"), "{markdown}");
    assert!(markdown.contains("`model-0/llm/prefill`") && !markdown.contains("`model-9/llm/prefill`"), "{markdown}");
    assert!(markdown.contains("and 30 more"), "{markdown}");
    let text = stdout(&place.scalegate("compare a.json b.json").code(1));
    assert!(text.contains("model-9/llm/prefill"), "{text}");
}

#[test]
fn what_is_faster_or_the_same_exits_with_0() {
    let text = stdout(&pair(&prefill(line), &prefill(|n| 0.5 * line(n))).scalegate("compare a.json b.json").code(0));
    assert!(text.starts_with("IMPROVED: the second run costs less"), "{text}");
    let text = stdout(&pair(&prefill(line), &prefill(line)).scalegate("compare a.json b.json").code(0));
    assert!(text.starts_with("PASS: the second run costs the same"), "{text}");
}

#[test]
fn another_host_and_a_missing_workload_are_not_comparable() {
    let place = pair(&prefill(line), &prefill(line));
    let run = place.read("b.json");
    place.write("b.json", run.replace("\"kernel\":\"not told\"", "\"kernel\":\"7.0\""));
    let text = stdout(&place.scalegate("compare a.json b.json").code(3));
    assert!(text.contains("host.kernel: not told → 7.0"), "{text}");
    let decode = rows("llm/decode", "tokens", &TOKENS, 8, line);
    let text = stdout(&pair(&(prefill(line) + &decode), &prefill(line)).scalegate("compare a.json b.json").code(3));
    assert!(text.contains("llm/decode wall_time") && text.contains("the second run did not measure it"), "{text}");
}

#[test]
fn what_neither_run_could_measure_is_named_and_decides_nothing() {
    let place = pair(&prefill(line), &prefill(line));
    let energy = r#""series":[{"workload":"llm/prefill","axis":"tokens","metric":"energy","unit":"J","unavailable":"no meter"},"#;
    let with_energy = place.read("b.json").replace("\"series\":[", energy);
    place.write("b.json", &with_energy);
    let text = stdout(&place.scalegate("compare a.json b.json").code(0));
    assert!(text.contains("available to neither run, and not compared: energy"), "{text}");
}

#[test]
fn what_is_required_and_neither_run_could_measure_is_no_pass() {
    let place = pair(&prefill(line), &prefill(line));
    for name in ["a.json", "b.json"] {
        let energy = r#""series":[{"workload":"llm/prefill","axis":"tokens","metric":"energy","unit":"J","unavailable":"no meter"},"#;
        place.write(name, place.read(name).replace("\"series\":[", energy));
    }
    place.write(
        "suite.toml",
        format!("{}\n[gate]\nrequired = [\"wall_time\", \"energy\"]\n", crate::support::bench::SUITE),
    );
    let text = stdout(&place.scalegate("compare a.json b.json").code(3));
    assert!(text.contains("llm/prefill energy") && text.contains("no meter"), "{text}");
}

/// One model of three sizes, each in a record of its own: what a token costs beside the first, and the perplexity if it is known.
fn three(perplexities: [Option<f64>; 3]) -> Place {
    let place = Place::new();
    for ((name, share), perplexity) in
        [("whole.json", 1.0), ("half.json", 0.5), ("mid.json", 0.8)].iter().zip(perplexities)
    {
        let prefill = rows("mine/llm/prefill", "tokens", &TOKENS, 8, |n| share * line(n));
        let text = perplexity.map(|value| format!("mine/llm/text,tokens,perplexity,1,256,0,{value}\n"));
        import(&place, name, &(prefill + &text.unwrap_or_default()));
    }
    place
}

#[test]
fn a_page_has_both_laws_in_one_plot_and_the_front() {
    let place = three([Some(20.0), Some(25.0), Some(27.0)]);
    let text = stdout(&place.scalegate("compare whole.json half.json mid.json --out pages/all.html").code(1));
    assert!(text.starts_with("half beside whole:\n\nMIXED"), "{text}");
    assert!(text.contains("\nmid beside whole:\n\nMIXED"), "{text}");
    let page = place.read("pages/all.html");
    assert!(page.contains("<h1>scalegate: half, mid beside whole</h1>"), "{page}");
    assert_eq!(page.matches("<figure class=\"overlay\"").count(), 1);
    for style in ["first", "second", "third"] {
        assert_eq!(
            page.matches(&format!("<path class=\"line {style}\" d=\"M")).count(),
            2,
            "a law and its legend: {page}"
        );
    }
    assert!(
        page.contains("On the front: mine (half), mine (whole). Dominated: mine (mid) (by mine (half))."),
        "{page}"
    );
    assert!(page.contains("half beside whole: <span class=\"outcome mixed\">mixed</span>"), "{page}");
    for mark in ["<link", "src=", "http://", "https://", "url(", "NaN"] {
        assert!(!page.contains(mark), "{mark}");
    }
    let json = stdout(&place.scalegate("compare whole.json half.json mid.json --format json").code(1));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["comparisons"][1]["run"], &json["comparisons"][1]["verdict"]), (&"mid".into(), &"mixed".into()));
}

#[test]
fn a_run_without_accuracy_is_not_in_the_picture_and_the_page_says_why() {
    let place = three([Some(20.0), Some(25.0), None]);
    place.scalegate("compare whole.json half.json mid.json --out page.html").code(1);
    let page = place.read("page.html");
    assert!(page.contains("On the front: mine (half), mine (whole)."), "{page}");
    assert!(page.contains("<strong>mine (mid)</strong>: no perplexity was measured of it; name it"), "{page}");
    let place = three([None, None, None]);
    place.scalegate("compare whole.json half.json --out page.html").code(0);
    let page = place.read("page.html");
    assert!(page.contains("Nothing is drawn: no perplexity was measured that compares."), "{page}");
    assert!(page.contains("<figure class=\"overlay\""), "{page}");
}

#[test]
fn the_worst_of_several_comparisons_is_the_exit_code() {
    let place = Place::new();
    for (name, share) in [("a.json", 1.0), ("less.json", 0.5), ("more.json", 2.0)] {
        import(&place, name, &prefill(|n| share * line(n)));
    }
    place.scalegate("compare a.json less.json a.json").code(0);
    place.scalegate("compare a.json less.json more.json").code(1);
    place.write("other.json", place.read("less.json").replace("\"kernel\":\"not told\"", "\"kernel\":\"7.0\""));
    place.scalegate("compare a.json less.json other.json").code(3);
    place.scalegate("compare a.json other.json more.json").code(1);
    place.scalegate("compare a.json").code(2);
}
