//! `scalegate compare A B`: what the second run costs beside the first.

use insta::assert_snapshot;
use scalegate::record::{self, Run};
use serde_json::{Value, json};

use crate::support::{Place, TOKENS, line, outline, rows, section, stderr, stdout};

fn prefill(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, 8, cost)
}

/// The same program in another run, which never costs the same to the last digit.
fn again(n: f64) -> f64 {
    1.0001 * line(n)
}

fn pair(before: &str, after: &str) -> Place {
    let place = Place::new();
    for (name, costs) in [("a.json", before), ("b.json", after)] {
        place.import_as(name, costs);
        say_tokens(&place, name);
    }
    place
}

/// Has a record say that an inference reads as many tokens as its size is, which rows of costs do not.
fn say_tokens(place: &Place, name: &str) {
    let mut run: Run = record::read_json(&place.path(name)).unwrap();
    for series in &mut run.series {
        series.tokens = series.sizes().into_iter().map(|size| (size, size)).collect();
    }
    record::write_json(&place.path(name), &run).unwrap();
}

#[test]
fn a_rate_is_known_only_if_a_record_says_how_many_tokens_there_are() {
    let place = Place::new();
    for (name, cost) in [("a.json", line as fn(f64) -> f64), ("b.json", again)] {
        place.import_as(name, &(prefill(cost) + &rows("vlm/encode", "pixels", &TOKENS, 8, cost)));
    }
    let compared = |code| stdout(&place.scalegate("compare a.json b.json").code(code));
    let last = |text: String| text.lines().last().unwrap().to_owned();
    assert_snapshot!(last(compared(3)), @"tokens per second unknown of llm/prefill: the records do not say, or not the same, how many tokens an inference reads and makes");
    let json = stdout(&place.scalegate("compare a.json b.json --format json").code(3));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["tokens_per_second"], &json["unknown_rates"]), (&json!([]), &json!(["llm/prefill"])));

    say_tokens(&place, "b.json");
    let rate = "tokens per second at 1024 tokens from 6623.6 to 6623.0 (-0.0 %, between";
    assert!(compared(3).contains(rate), "the protocol is the same, and one of two is enough");

    say_tokens(&place, "a.json");
    let mut run: Run = record::read_json(&place.path("a.json")).unwrap();
    run.series[0].tokens.insert(1024, 1040);
    record::write_json(&place.path("a.json"), &run).unwrap();
    assert!(last(compared(3)).starts_with("tokens per second unknown of llm/prefill"), "the two disagree");
}

#[test]
fn what_is_slower_is_said_with_rates_and_exits_with_1() {
    let place = pair(&prefill(line), &prefill(|n| 20.0 * line(n)));
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(1)), @"
    REGRESSED: the second run costs more (3 regressed)

    llm/prefill wall_time
      regressed    cost at 16 tokens from 3.40 ms to 68.0 ms (×20, between +486.8 % and ×68.2; ±15 % tolerated)
      regressed    cost at 1024 tokens from 155 ms to 3.09 s (×20, between +486.6 % and ×68.2; ±15 % tolerated)
      regressed    slope from 150 µs to 3.00 ms per token (×20, between +486.6 % and ×68.2; ±15 % tolerated)
                   tokens per second at 1024 tokens from 6623.6 to 331.2 (-95.0 %, between -98.5 % and -83.0 %)
    ");
    let json: Value =
        serde_json::from_str(&stdout(&place.scalegate("compare a.json b.json --format json").code(1))).unwrap();
    let change = &json["tokens_per_second"][0]["change"];
    assert!((change["estimate"].as_f64().unwrap() + 0.95).abs() < 0.02, "{change}");
    assert!(change["lower"].as_f64() <= change["estimate"].as_f64(), "{change}");
    assert_snapshot!("slower_as_markdown", stdout(&place.scalegate("compare a.json b.json --format markdown").code(1)));
}

#[test]
fn a_long_table_in_markdown_has_what_regressed() {
    let suite = |drift: f64, slower: f64| -> String {
        let name = |i: usize| format!("model-{i}/llm/prefill");
        let factor = |i: usize| if i == 48 { slower } else { drift };
        (0..50).map(|i| rows(&name(i), "tokens", &TOKENS, 8, |n| factor(i) * line(n))).collect()
    };
    let place = pair(&suite(1.0, 1.0), &suite(1.0001, 1000.0));
    let markdown = stdout(&place.scalegate("compare a.json b.json --format markdown").code(1));
    let (same, other): (Vec<&str>, Vec<&str>) =
        markdown.lines().partition(|line| line.starts_with("| `model-") && !line.starts_with("| `model-48/"));
    assert_eq!(same.len(), 4 * 39);
    assert_snapshot!(other.join("\n"), @r"
    ## scalegate compare: regressed

    REGRESSED: the second run costs more (3 regressed, 147 inconclusive)

    | workload | metric | quantity | outcome | change |
    |---|---|---|---|---|
    | `model-48/llm/prefill` | wall\_time | cost smallest | regressed | cost at 16 tokens from 3.40 ms to 3.40 s (×1000, between ×30.9 and ×32375; ±15 % tolerated) |
    | `model-48/llm/prefill` | wall\_time | cost largest | regressed | cost at 1024 tokens from 155 ms to 155 s (×1000, between ×30.9 and ×32409; ±15 % tolerated) |
    | `model-48/llm/prefill` | wall\_time | slope | regressed | slope from 150 µs to 150 ms per token (×1000, between ×30.9 and ×32409; ±15 % tolerated) |
    | `model-48/llm/prefill` | wall\_time | tokens per second | | tokens per second at 1024 tokens from 6623.6 to 6.6 (-99.9 %, between -100.0 % and -96.8 %) |

    … and 30 more, with their tokens per second: `scalegate compare --format text`
    ");
    let text = stdout(&place.scalegate("compare a.json b.json").code(1));
    let is_named = |i: usize| text.lines().any(|line| line.contains(&format!("model-{i}/llm/prefill ")));
    assert!((0..50).all(is_named), "{text}");
}

#[test]
fn what_is_faster_exits_with_0_and_what_seems_the_same_is_not_shown() {
    let place = pair(&prefill(line), &prefill(|n| 0.05 * line(n)));
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(0)), @"
    IMPROVED: the second run costs less (3 improved)

    llm/prefill wall_time
      improved     cost at 16 tokens from 3.40 ms to 170 µs (-95.0 %, between -98.5 % and -83.0 %; ±15 % tolerated)
      improved     cost at 1024 tokens from 155 ms to 7.73 ms (-95.0 %, between -98.5 % and -83.0 %; ±15 % tolerated)
      improved     slope from 150 µs to 7.50 µs per token (-95.0 %, between -98.5 % and -83.0 %; ±15 % tolerated)
                   tokens per second at 1024 tokens from 6623.6 to 132472.4 (+1900.0 %, between +486.6 % and +6718.4 %)
    ");
    let place = pair(&prefill(line), &prefill(again));
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(3)), @"
    INCONCLUSIVE: it is not shown what the second run costs beside the first (3 inconclusive)

    llm/prefill wall_time
      inconclusive cost at 16 tokens from 3.40 ms to 3.40 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive cost at 1024 tokens from 155 ms to 155 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive slope from 150 µs to 150 µs per token (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
                   tokens per second at 1024 tokens from 6623.6 to 6623.0 (-0.0 %, between -34.6 % and +52.8 %)
    ");
}

#[test]
fn another_host_and_a_missing_workload_are_not_comparable() {
    let place = pair(&prefill(line), &prefill(again));
    place.edit("b.json", "\"kernel\":\"not told\"", "\"kernel\":\"7.0\"");
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(3)), @"
    INCONCLUSIVE: it is not shown what the second run costs beside the first (1 inconclusive)

    llm/prefill wall_time
      inconclusive not compared: the runs are not comparable (host.kernel: not told → 7.0)
    ");
    let decode = rows("llm/decode", "tokens", &TOKENS, 8, line);
    let place = pair(&(prefill(line) + &decode), &prefill(again));
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(3)), @"
    INCONCLUSIVE: it is not shown what the second run costs beside the first (4 inconclusive)

    llm/decode wall_time
      inconclusive not compared: the second run did not measure it

    llm/prefill wall_time
      inconclusive cost at 16 tokens from 3.40 ms to 3.40 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive cost at 1024 tokens from 155 ms to 155 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive slope from 150 µs to 150 µs per token (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
                   tokens per second at 1024 tokens from 6623.6 to 6623.0 (-0.0 %, between -34.6 % and +52.8 %)
    ");
}

/// A series that could not be measured, before the others.
const NO_ENERGY: &str =
    r#""series":[{"workload":"llm/prefill","axis":"tokens","metric":"energy","unit":"J","unavailable":"no meter"},"#;

#[test]
fn what_neither_run_could_measure_is_named_and_decides_nothing() {
    let place = pair(&prefill(line), &prefill(again));
    place.edit("b.json", "\"series\":[", NO_ENERGY);
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(3)), @"
    INCONCLUSIVE: it is not shown what the second run costs beside the first (3 inconclusive)

    llm/prefill wall_time
      inconclusive cost at 16 tokens from 3.40 ms to 3.40 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive cost at 1024 tokens from 155 ms to 155 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive slope from 150 µs to 150 µs per token (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
                   tokens per second at 1024 tokens from 6623.6 to 6623.0 (-0.0 %, between -34.6 % and +52.8 %)

    available to neither run, and not compared: energy
    ");
}

#[test]
fn what_is_required_and_neither_run_could_measure_is_no_pass() {
    let place = pair(&prefill(line), &prefill(again));
    for name in ["a.json", "b.json"] {
        place.edit(name, "\"series\":[", NO_ENERGY);
    }
    place.write("scalegate.toml", "[gate]\nrequired = [\"wall_time\", \"energy\"]\n");
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json").code(3)), @"
    INCONCLUSIVE: it is not shown what the second run costs beside the first (4 inconclusive)

    llm/prefill wall_time
      inconclusive cost at 16 tokens from 3.40 ms to 3.40 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive cost at 1024 tokens from 155 ms to 155 ms (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
      inconclusive slope from 150 µs to 150 µs per token (+0.0 %, between -34.5 % and +52.8 %): neither shown to be within nor beyond ±15 %; two runs of one program differ, and their rounds do not show by how much; `scalegate ab` compares two revisions, or configurations, in pairs
                   tokens per second at 1024 tokens from 6623.6 to 6623.0 (-0.0 %, between -34.6 % and +52.8 %)

    llm/prefill energy
      inconclusive not compared: first run: unavailable: no meter
    ");
}

/// One model of three sizes, each in a record of its own: what a token costs beside the first, and the perplexity if it is known.
fn three(perplexities: [Option<f64>; 3]) -> Place {
    let place = Place::new();
    for ((name, share), perplexity) in
        [("whole.json", 1.0), ("half.json", 0.05), ("mid.json", 0.08)].iter().zip(perplexities)
    {
        let prefill = rows("mine/llm/prefill", "tokens", &TOKENS, 8, |n| share * line(n));
        let text = perplexity.map(|value| format!("mine/llm/text,tokens,perplexity,1,256,0,{value}\n"));
        place.import_as(name, &(prefill + &text.unwrap_or_default()));
        say_tokens(&place, name);
    }
    place
}

#[test]
fn a_page_has_both_laws_in_one_plot_and_the_front() {
    let place = three([Some(20.0), Some(25.0), Some(27.0)]);
    let text = stdout(&place.scalegate("compare whole.json half.json mid.json --out pages/all.html").code(1));
    assert_snapshot!("two_beside_one", text);
    let page = place.read("pages/all.html");
    assert_snapshot!("page_of_two_beside_one", outline(&page));
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
    assert_snapshot!("front_of_two_models", section(&place.read("page.html"), "Cost against accuracy"));
    let place = three([None, None, None]);
    place.scalegate("compare whole.json half.json --out page.html").code(0);
    assert_snapshot!("no_front", section(&place.read("page.html"), "Cost against accuracy"));
}

#[test]
fn the_worst_of_several_comparisons_is_the_exit_code() {
    let place = Place::new();
    for (name, share) in [("a.json", 1.0), ("again.json", 1.0001), ("less.json", 0.05), ("more.json", 20.0)] {
        place.import_as(name, &prefill(|n| share * line(n)));
    }
    place.scalegate("compare a.json less.json less.json").code(0);
    place.scalegate("compare a.json less.json again.json").code(3);
    place.scalegate("compare a.json less.json more.json").code(1);
    place.write("other.json", place.read("less.json"));
    place.edit("other.json", "\"kernel\":\"not told\"", "\"kernel\":\"7.0\"");
    place.scalegate("compare a.json less.json other.json").code(3);
    place.scalegate("compare a.json other.json more.json").code(1);
    place.scalegate("compare a.json").code(2);
}

#[test]
fn a_record_costs_what_itself_costs() {
    let place = Place::new();
    // The last workload has too few sizes for a law.
    place.import_as("a.json", &(prefill(line) + &rows("sort", "items", &[16, 32], 8, line)));
    assert_snapshot!(stdout(&place.scalegate("compare a.json a.json").code(0)), @"
    PASS: the second run costs the same within the tolerances (2 of the same samples)

    the samples are the same in both records, and so is what they cost: llm/prefill wall_time, sort wall_time
    ");
    let json = stdout(&place.scalegate("compare a.json a.json --format json").code(0));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["identical"], json!(["llm/prefill wall_time", "sort wall_time"]));
}

/// The same costs of another metric, in its unit.
fn sampled(metric: &str, unit: &str, scale: f64) -> String {
    prefill(|n| scale * line(n)).replace("wall_time,s", &format!("{metric},{unit}"))
}

#[test]
fn the_columns_of_the_paper_stand_side_by_side() {
    let measured = |scale: f64| {
        prefill(|n| scale * line(n)) + &sampled("cpu_auc", "core·s", scale) + &sampled("energy", "J", 3.0 * scale)
    };
    let place = pair(&measured(1.0), &measured(0.05));
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json --paper").code(0)), @"
    llm/prefill at 1024 tokens
                         CPU AUC  RAM AUC             energy               time              tokens/s              tokens/J  similarity
      a              155 core·ms        -             464 mJ             155 ms                6622.8                2207.6           -
      b             7.73 core·ms        -            23.2 mJ            7.73 ms              132457.0               44152.3           -
        ratio  0.05 [0.05, 0.05]        -  0.05 [0.05, 0.05]  0.05 [0.05, 0.05]  20.00 [19.94, 20.06]  20.00 [19.94, 20.06]

    per inference: means over rounds; ratios to the first record with 95 % intervals over rounds, not between runs; rates are of tokens read and made
    similarity: name what `scalegate accuracy --format json` wrote with --accuracy
    ");
    let similarity = json!({"continuations": {"similarity": {
        "trimmed_reference": {"estimate": 1.0, "lower": 1.0, "upper": 1.0},
        "trimmed_candidate": {"estimate": 0.9, "lower": 0.8, "upper": 0.95},
    }}});
    std::fs::write(place.path("accuracy.json"), similarity.to_string()).unwrap();
    let markdown = "compare a.json b.json --paper --accuracy accuracy.json --format markdown";
    assert_snapshot!(stdout(&place.scalegate(markdown).code(0)), @r"
    `llm/prefill` at 1024 tokens

    |  | CPU AUC | RAM AUC | energy | time | tokens/s | tokens/J | similarity |
    |---|---|---|---|---|---|---|---|
    | a | 155 core·ms | - | 464 mJ | 155 ms | 6622.8 | 2207.6 | 1.000 |
    | b | 7.73 core·ms | - | 23.2 mJ | 7.73 ms | 132457.0 | 44152.3 | 0.900 |
    |   ratio | 0.05 \[0.05, 0.05\] | - | 0.05 \[0.05, 0.05\] | 0.05 \[0.05, 0.05\] | 20.00 \[19.94, 20.06\] | 20.00 \[19.94, 20.06\] |  |

    per inference: means over rounds; ratios to the first record with 95 % intervals over rounds, not between runs; rates are of tokens read and made
    ");
    let json = stdout(&place.scalegate("compare a.json b.json --paper --format json").code(0));
    let json: Value = serde_json::from_str(&json).unwrap();
    let ratio = &json["rows"][0]["records"][1]["columns"]["tokens_per_joule"]["ratio"];
    assert!((ratio["estimate"].as_f64().unwrap() - 20.0).abs() < 1e-9, "a twentieth of the energy: {ratio}");
}

#[test]
fn ratios_of_another_host_are_left_out_of_the_columns_of_the_paper() {
    let place = pair(&prefill(line), &prefill(again));
    place.edit("b.json", "\"kernel\":\"not told\"", "\"kernel\":\"7.0\"");
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json --paper").code(3)), @"
    llm/prefill at 1024 tokens
               CPU AUC  RAM AUC  energy    time  tokens/s  tokens/J  similarity
      a              -        -       -  155 ms    6622.8         -           -
      b              -        -       -  155 ms    6622.2         -           -
        ratio        -        -       -       -         -         -

    per inference: means over rounds; ratios to the first record with 95 % intervals over rounds, not between runs; rates are of tokens read and made
    no ratios of b: it was measured elsewhere, or by another build (host.kernel: not told → 7.0)
    similarity: name what `scalegate accuracy --format json` wrote with --accuracy
    ");
}

#[test]
fn ratios_of_what_was_measured_in_other_settings_are_left_out_of_the_columns_of_the_paper() {
    let place = pair(
        &(prefill(line) + &sampled("rss_auc", "byte·s", 1.0)),
        &(prefill(again) + &sampled("rss_auc", "byte·s", 1.0)),
    );
    let mut run: Run = record::read_json(&place.path("b.json")).unwrap();
    let memory = run.series.iter_mut().find(|series| series.metric == scalegate::metric::Metric::RssAuc).unwrap();
    memory.protocol.insert("above".to_owned(), "the unloaded process".to_owned());
    record::write_json(&place.path("b.json"), &run).unwrap();
    assert_snapshot!(stdout(&place.scalegate("compare a.json b.json --paper").code(3)), @"
    llm/prefill at 1024 tokens
               CPU AUC    RAM AUC  energy               time           tokens/s  tokens/J  similarity
      a              -  0.155 B·s       -             155 ms             6622.8         -           -
      b              -  0.155 B·s       -             155 ms             6622.2         -           -
        ratio        -          -       -  1.00 [1.00, 1.00]  1.00 [1.00, 1.00]         -

    per inference: means over rounds; ratios to the first record with 95 % intervals over rounds, not between runs; rates are of tokens read and made
    no ratio of rss_auc of b: it was measured in other settings (above: absent → the unloaded process)
    similarity: name what `scalegate accuracy --format json` wrote with --accuracy
    ");
    let json = stdout(&place.scalegate("compare a.json b.json --paper --format json").code(3));
    let json: Value = serde_json::from_str(&json).unwrap();
    let ratio = |column: &str| &json["rows"][0]["records"][1]["columns"][column]["ratio"];
    assert!(ratio("ram_auc").is_null() && !ratio("time").is_null(), "{json}");
}

#[test]
fn what_is_no_accuracy_is_refused() {
    let place = pair(&prefill(line), &prefill(again));
    std::fs::write(place.path("x.json"), "{}").unwrap();
    assert_snapshot!(stderr(&place.scalegate("compare a.json b.json --paper --accuracy x.json").code(2)), @"
    error: x.json: it has no similarity of answers
      help: write it with `scalegate accuracy --prompts … --embed … --format json`
    ");
    let two = "compare a.json b.json --paper --accuracy x.json --accuracy x.json";
    assert_snapshot!(stderr(&place.scalegate(two).code(2)), @"
    error: --accuracy: 2 files, and records beside the first: 1
      help: name one for each record B, in their order
    ");
}
