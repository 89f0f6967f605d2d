//! Planted changes, met as a user meets them: accept a run, change the costs, check.

use crate::support::{PIXELS, Place, TOKENS, knee, line, rows, stderr, stdout};

const ROUNDS: u32 = 8;

fn prefill(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, ROUNDS, cost)
}

fn decode(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/decode", "tokens", &TOKENS, ROUNDS, cost)
}

fn encode(cost: impl Fn(f64) -> f64) -> String {
    rows("vlm/encode", "pixels", &PIXELS, ROUNDS, cost)
}

/// The text and the exit code of a check of `after` against `before`, on one host.
fn verdict(before: &str, after: &str) -> (String, i32) {
    let place = Place::new();
    place.import(before);
    place.scalegate("accept --reason before").success();
    place.import(after);
    let assert = place.scalegate("check");
    (stdout(&assert), assert.get_output().status.code().unwrap())
}

/// The same against shapes alone, as on a host without a baseline of its own.
fn verdict_by_shape(before: &str, after: &str) -> (String, i32) {
    let place = Place::new();
    place.import(before);
    place.scalegate("accept --reason before").success();
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    place.import(after);
    let assert = place.scalegate("check");
    (stdout(&assert), assert.get_output().status.code().unwrap())
}

#[test]
fn the_same_costs_pass() {
    let costs = prefill(line) + &encode(knee(200_704.0));
    let (text, code) = verdict(&costs, &costs);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("PASS"), "{text}");
}

#[test]
fn a_doubled_slope_regresses_on_a_host_with_a_baseline() {
    let (text, code) = verdict(&prefill(line), &prefill(|n| 1e-3 + 300e-6 * n));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("slope from 150 µs to 300 µs per token"), "{text}");
}

#[test]
fn on_a_host_without_a_baseline_costs_do_not_gate_but_shapes_do() {
    let (text, code) = verdict_by_shape(&prefill(line), &prefill(|n| 2.0 * line(n)));
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("has no baseline of its own: shapes gate, absolute costs don't"), "{text}");
    let (text, code) = verdict_by_shape(&prefill(line), &prefill(|n| line(n) + 300e-9 * n * n));
    assert_eq!(code, 1, "{text}");
}

#[test]
fn a_doubled_clamp_is_reported_as_a_knee_that_moved() {
    let (text, code) = verdict_by_shape(&encode(knee(200_704.0)), &encode(knee(401_408.0)));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("knee moved from 0.20 MP to 0.40 MP"), "{text}");
}

#[test]
fn a_clamp_removed_is_reported_as_a_knee_that_vanished() {
    let (text, code) = verdict_by_shape(&encode(knee(200_704.0)), &encode(knee(1e9)));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("vanished"), "{text}");
}

#[test]
fn a_lost_kv_cache_is_seen_by_its_growth_on_any_host() {
    let (text, code) = verdict_by_shape(&decode(|n| 1e-3 + 2e-6 * n), &decode(|n| 1e-3 + 150e-6 * n));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("llm/decode") && text.contains("growth of cost"), "{text}");
}

#[test]
fn half_the_cost_is_an_improvement_and_exits_with_0() {
    let (text, code) = verdict(&prefill(line), &prefill(|n| 0.5 * line(n)));
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("IMPROVED"), "{text}");
}

#[test]
fn better_here_and_worse_there_is_mixed_and_fails() {
    let before = prefill(line) + &decode(line);
    let (text, code) = verdict(&before, &(prefill(|n| 0.5 * line(n)) + &decode(|n| 2.0 * line(n))));
    assert_eq!(code, 1, "{text}");
    assert!(text.starts_with("MIXED"), "{text}");
}

#[test]
fn a_workload_that_was_not_measured_is_inconclusive() {
    let (text, code) = verdict(&(prefill(line) + &decode(line)), &prefill(line));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("inconclusive  llm/decode") && text.contains("it was not measured"), "{text}");
}

#[test]
fn a_run_without_any_baseline_is_inconclusive_and_names_the_command() {
    let place = Place::new();
    place.import(&prefill(line));
    let text = stdout(&place.scalegate("check").code(3));
    assert!(text.contains("there is no portable baseline; accept a run with `scalegate accept`"), "{text}");
}

#[test]
fn other_sizes_are_not_comparable_and_are_listed() {
    let short = rows("llm/prefill", "tokens", &TOKENS[..6], ROUNDS, line);
    let (text, code) = verdict(&prefill(line), &short);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("not comparable") && text.contains("sizes: 16 32"), "{text}");
}

#[test]
fn another_axis_is_not_comparable() {
    let pixels = rows("llm/prefill", "pixels", &TOKENS, ROUNDS, line);
    let (text, code) = verdict(&prefill(line), &pixels);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("axis: tokens → pixels"), "{text}");
}

#[test]
fn another_kernel_on_the_same_class_of_host_is_not_comparable() {
    let place = Place::new();
    place.import(&prefill(line));
    place.scalegate("accept --reason before").success();
    let run = place.read("target/scalegate/run.json");
    place.write("target/scalegate/run.json", run.replace("\"kernel\":\"not told\"", "\"kernel\":\"7.0\""));
    let text = stdout(&place.scalegate("check").code(3));
    assert!(text.contains("host.kernel: not told → 7.0"), "{text}");
}

#[test]
fn bisect_turns_inconclusive_into_skip_and_nothing_else() {
    let place = Place::new();
    place.import(&prefill(line));
    place.scalegate("check --bisect").code(125);
    place.scalegate("accept --reason before").success();
    place.scalegate("check --bisect").code(0);
    place.import(&prefill(|n| 2.0 * line(n)));
    place.scalegate("check --bisect").code(1);
    // To `git bisect run` every other code is a commit that is to blame.
    place.write("target/scalegate/run.json", "{");
    assert!(stderr(&place.scalegate("check --bisect").code(125)).contains("run.json"));
    place.scalegate("check").code(2);
}

#[test]
fn the_same_verdict_comes_out_as_json_and_as_markdown() {
    let place = Place::new();
    place.import(&prefill(line));
    place.scalegate("accept --reason before").success();
    place.import(&prefill(|n| 2.0 * line(n)));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&place.scalegate("check --format json").code(1))).unwrap();
    assert_eq!(json["verdict"], "regressed");
    let markdown = stdout(&place.scalegate("check --format markdown").code(1));
    assert!(markdown.starts_with("## scalegate: regressed"), "{markdown}");
    let story =
        "- **regressed** `llm/prefill` wall\\_time: slope from 150 µs to 300 µs per token; cost at 16 tokens from";
    assert!(markdown.contains(story), "{markdown}");
    assert!(markdown.contains("1024 tokens now cost 2.0 times as much"), "{markdown}");
    assert!(markdown.contains("```mermaid\nxychart-beta\n    title \"llm/prefill wall_time\"\n"), "{markdown}");
}

#[test]
fn a_summary_tells_how_to_see_it_again_where_it_was_measured() {
    let again = |place: Place| {
        place.import(&prefill(line));
        place.scalegate("accept --reason before").success();
        place.import(&prefill(|n| 2.0 * line(n)));
        let markdown = stdout(&place.scalegate("check --format markdown").code(1));
        markdown.split_once("See it again:").unwrap().1.to_owned()
    };
    let here = "\n\n```sh\nscalegate run --workload llm/prefill --metric wall_time\nscalegate check\n```\n";
    assert_eq!(again(Place::with_suite("")), here);
    let text = again(Place::new());
    assert!(text.contains("again with their tool") && !text.contains("scalegate run"), "{text}");
}

#[test]
fn a_summary_without_a_baseline_of_the_host_compares_with_the_smallest_size() {
    let place = Place::new();
    place.import(&encode(knee(200_704.0)));
    place.scalegate("accept --reason before").success();
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    place.import(&encode(knee(401_408.0)));
    let run = place.read("target/scalegate/run.json");
    place.write("target/scalegate/run.json", run.replace("\"class\":\"imported\"", "\"class\":\"another\""));
    let markdown = stdout(&place.scalegate("check --format markdown").code(1));
    assert!(markdown.contains("knee moved from 0.20 MP to 0.40 MP; a 1.63 MP image now costs 1."), "{markdown}");
    assert!(markdown.contains(" times as much, measured beside a 0.009 MP one\n"), "{markdown}");
    assert!(markdown.contains("only its shape compares"), "{markdown}");
}

#[test]
fn a_name_in_a_summary_is_no_markup() {
    let place = Place::new();
    let name = "<b>x</b> @me `y` | [z](http://w)";
    let costs = |cost: fn(f64) -> f64| rows(name, "tokens", &TOKENS, ROUNDS, cost);
    place.import(&costs(line));
    place.scalegate("accept --reason before").success();
    place.import(&costs(|n| 2.0 * line(n)));
    let markdown = stdout(&place.scalegate("check --format markdown").code(1));
    assert!(markdown.contains("- **regressed** `` <b>x</b> @me `y` | [z](http://w) `` wall"), "{markdown}");
    assert!(markdown.contains("| `` <b>x</b> @me `y` \\| [z](http://w) `` | wall"), "{markdown}");
    assert!(markdown.contains("title \"?b?x?/b? ?me ?y? ? ?z??http?//w? wall_time\""), "{markdown}");
}

#[test]
fn shards_of_one_host_are_joined_and_a_series_given_twice_is_an_error() {
    let place = Place::new();
    place.import(&(prefill(line) + &decode(line)));
    place.scalegate("accept --reason before").success();
    for (name, costs) in [("a", prefill(line)), ("b", decode(line))] {
        place.write("costs.csv", format!("workload,axis,metric,unit,size,round,value\n{costs}"));
        place.scalegate(&format!("import csv costs.csv --out {name}.json")).success();
    }
    place.scalegate("check a.json b.json").code(0);
    place.scalegate("join a.json b.json --out joined.json").success();
    place.scalegate("check joined.json").code(0);
    let message = stderr(&place.scalegate("check a.json b.json a.json").code(2));
    assert!(message.contains("llm/prefill wall_time is in a.json too"), "{message}");
}

#[test]
fn accepting_without_a_reason_is_refused() {
    let place = Place::new();
    place.import(&prefill(line));
    place.scalegate("accept").code(2);
    assert!(!place.path("baselines").exists());
}
