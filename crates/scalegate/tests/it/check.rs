//! Planted changes, met as a user meets them: accept a run, change the costs, check.

use insta::assert_snapshot;

use crate::support::{PIXELS, Place, RUN, TOKENS, knee, line, rows, stderr, stdout};

pub(crate) const ROUNDS: u32 = 8;

pub(crate) fn prefill(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, ROUNDS, cost)
}

fn decode(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/decode", "tokens", &TOKENS, ROUNDS, cost)
}

pub(crate) fn encode(cost: impl Fn(f64) -> f64) -> String {
    rows("vlm/encode", "pixels", &PIXELS, ROUNDS, cost)
}

/// A place with `after` as its record, and with five runs of `before` as what was accepted.
pub(crate) fn changed(before: &str, after: &str) -> Place {
    let place = Place::new();
    place.accept_five(before);
    place.import(after);
    place
}

/// The text of a check of `after` against `before` on one host, which ends with `code`.
#[track_caller]
fn verdict(before: &str, after: &str, code: i32) -> String {
    stdout(&changed(before, after).scalegate("check").code(code))
}

/// The same against shapes alone, as on a host without a baseline of its own.
#[track_caller]
fn verdict_by_shape(before: &str, after: &str, code: i32) -> String {
    let place = changed(before, after);
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    stdout(&place.scalegate("check").code(code))
}

#[test]
fn the_same_costs_pass() {
    let costs = prefill(line) + &encode(knee(200_704.0));
    assert_snapshot!(verdict(&costs, &costs, 0), @"
    PASS: of 7 quantities, 7 within tolerance

    pass  llm/prefill wall_time: class, growth, curvature share
    pass  vlm/encode wall_time: class, growth, breakpoint, slope ratio

    note: wall_time of llm/prefill, vlm/encode: absolute costs are left to shapes, counts and pairs (the largest change: slope of vlm/encode: +0.0 %, between -16.7 % and +20.1 %); how runs differ is known from 5 accepted ones alone: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn a_doubled_slope_regresses_on_a_host_with_a_baseline() {
    assert_snapshot!(verdict(&prefill(line), &prefill(|n| 1e-3 + 300e-6 * n), 1), @"
    REGRESSED: of 6 quantities, 3 regressed, 3 within tolerance

    regressed  llm/prefill wall_time (cost)
      cost at 16 tokens from 3.40 ms to 5.80 ms (+70.6 %, between +18.1 % and +146.4 %; ±15 % tolerated)

    regressed  llm/prefill wall_time (cost)
      cost at 1024 tokens from 155 ms to 308 ms (+99.4 %, between +38.0 % and +188.0 %; ±15 % tolerated)

    regressed  llm/prefill wall_time (cost)
      slope from 150 µs to 300 µs per token (+100.0 %, between +38.5 % and +189.0 %; ±15 % tolerated)

    pass  llm/prefill wall_time: class, growth, curvature share
    ");
}

#[test]
fn on_a_host_without_a_baseline_costs_do_not_gate_but_shapes_do() {
    assert_snapshot!(verdict_by_shape(&prefill(line), &prefill(|n| 2.0 * line(n)), 0), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  llm/prefill wall_time: class, growth, curvature share

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
    assert_snapshot!(verdict_by_shape(&prefill(line), &prefill(|n| line(n) + 300e-9 * n * n), 1), @"
    REGRESSED: of 3 quantities, 3 regressed

    regressed  llm/prefill wall_time (shape)
      law went from linear to quadratic

    regressed  llm/prefill wall_time (shape)
      growth of cost from 16 tokens to 1024 tokens: 135×, before 45.5× (+196.8 %, between +195.0 % and +198.5 %; ±25 % tolerated)

    regressed  llm/prefill wall_time (shape)
      share of curvature from 0.000 to 0.671 (+0.670, between +0.663 and +0.678; ±0.25 tolerated)

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn a_doubled_clamp_is_reported_as_a_knee_that_moved() {
    assert_snapshot!(verdict_by_shape(&encode(knee(200_704.0)), &encode(knee(401_408.0)), 1), @"
    REGRESSED: of 4 quantities, 2 regressed, 2 within tolerance

    regressed  vlm/encode wall_time (shape)
      growth of cost from 0.009 MP to 1.63 MP: 28.6×, before 14.8× (+93.8 %, between +92.9 % and +94.8 %; ±25 % tolerated)

    regressed  vlm/encode wall_time (shape)
      knee moved from 0.20 MP to 0.40 MP (+100.0 %, between +98.6 % and +101.3 %; ±15 % tolerated)

    pass  vlm/encode wall_time: class, slope ratio

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn a_clamp_removed_is_reported_as_a_knee_that_vanished() {
    assert_snapshot!(verdict_by_shape(&encode(knee(200_704.0)), &encode(knee(1e9)), 1), @"
    REGRESSED: of 2 quantities, 2 regressed

    regressed  vlm/encode wall_time (shape)
      growth of cost from 0.009 MP to 1.63 MP: 114×, before 14.8× (+668.5 %, between +665.0 % and +672.0 %; ±25 % tolerated)

    regressed  vlm/encode wall_time (shape)
      knee at 0.20 MP vanished: from there to 1.63 MP cost grows 7.95×, before 1.03× (+668.5 %, between +662.8 % and +674.3 %; ±25 % tolerated)

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn a_lost_kv_cache_is_seen_by_its_growth_on_any_host() {
    assert_snapshot!(verdict_by_shape(&decode(|n| 1e-3 + 2e-6 * n), &decode(|n| 1e-3 + 150e-6 * n), 1), @"
    REGRESSED: of 3 quantities, 1 regressed, 2 within tolerance

    regressed  llm/decode wall_time (shape)
      growth of cost from 16 tokens to 1024 tokens: 45.5×, before 2.95× (×15.4, between ×15.3 and ×15.5; ±25 % tolerated)

    pass  llm/decode wall_time: class, curvature share

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn half_the_cost_is_an_improvement_and_exits_with_0() {
    assert_snapshot!(verdict(&prefill(line), &prefill(|n| 0.5 * line(n)), 0), @"
    IMPROVED: of 6 quantities, 3 improved, 3 within tolerance

    improved  llm/prefill wall_time (cost)
      cost at 16 tokens from 3.40 ms to 1.70 ms (-50.0 %, between -65.4 % and -27.8 %; ±15 % tolerated)

    improved  llm/prefill wall_time (cost)
      cost at 1024 tokens from 155 ms to 77.3 ms (-50.0 %, between -65.4 % and -27.8 %; ±15 % tolerated)

    improved  llm/prefill wall_time (cost)
      slope from 150 µs to 75.0 µs per token (-50.0 %, between -65.4 % and -27.8 %; ±15 % tolerated)

    pass  llm/prefill wall_time: class, growth, curvature share
    ");
}

#[test]
fn better_here_and_worse_there_is_mixed_and_fails() {
    let before = prefill(line) + &decode(line);
    assert_snapshot!(verdict(&before, &(prefill(|n| 0.5 * line(n)) + &decode(|n| 2.0 * line(n))), 1), @"
    MIXED: of 12 quantities, 3 regressed, 3 improved, 6 within tolerance

    regressed  llm/decode wall_time (cost)
      cost at 16 tokens from 3.40 ms to 6.80 ms (+100.0 %, between +33.0 % and +200.8 %; ±15 % tolerated)

    regressed  llm/decode wall_time (cost)
      cost at 1024 tokens from 155 ms to 309 ms (+100.0 %, between +33.0 % and +200.8 %; ±15 % tolerated)

    regressed  llm/decode wall_time (cost)
      slope from 150 µs to 300 µs per token (+100.0 %, between +33.0 % and +200.8 %; ±15 % tolerated)

    improved  llm/prefill wall_time (cost)
      cost at 16 tokens from 3.40 ms to 1.70 ms (-50.0 %, between -66.7 % and -24.8 %; ±15 % tolerated)

    improved  llm/prefill wall_time (cost)
      cost at 1024 tokens from 155 ms to 77.3 ms (-50.0 %, between -66.7 % and -24.8 %; ±15 % tolerated)

    improved  llm/prefill wall_time (cost)
      slope from 150 µs to 75.0 µs per token (-50.0 %, between -66.7 % and -24.8 %; ±15 % tolerated)

    pass  llm/decode wall_time: class, growth, curvature share
    pass  llm/prefill wall_time: class, growth, curvature share
    ");
}

#[test]
fn a_workload_that_was_not_measured_is_inconclusive() {
    assert_snapshot!(verdict(&(prefill(line) + &decode(line)), &prefill(line), 3), @"
    INCONCLUSIVE: of 4 quantities, 1 inconclusive, 3 within tolerance

    inconclusive  llm/decode wall_time (shape)
      not compared: it was not measured; run `cargo bench`, which measures the whole suite

    pass  llm/prefill wall_time: class, growth, curvature share

    note: wall_time of llm/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of llm/prefill: +0.0 %, between -16.7 % and +20.1 %); how runs differ is known from 5 accepted ones alone: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn a_run_without_any_baseline_is_inconclusive_and_names_the_command() {
    let place = Place::new();
    place.import(&prefill(line));
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 1 quantities, 1 inconclusive

    inconclusive  llm/prefill wall_time (shape)
      not compared: there is no portable baseline; accept a run with `scalegate accept`

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn other_sizes_are_not_comparable_and_are_listed() {
    let short = rows("llm/prefill", "tokens", &TOKENS[..6], ROUNDS, line);
    assert_snapshot!(verdict(&prefill(line), &short, 3), @"
    INCONCLUSIVE: of 2 quantities, 2 inconclusive

    inconclusive  llm/prefill wall_time (shape and cost)
      not compared: not comparable with its baseline (sizes: 16 32 64 128 192 256 512 1024 → 16 32 64 128 192 256); restore these, or accept a new baseline
    ");
}

#[test]
fn a_required_metric_that_a_named_record_lacks_is_inconclusive() {
    let place = Place::new();
    place.import(&prefill(line));
    // As if scalegate had measured it: no other tool names a compiler.
    place.edit(RUN, "\"rustc\":\"not told\"", "\"rustc\":\"1.95.0\"");
    place.scalegate("accept --reason before").success();
    let check = format!("check {RUN}");
    assert_eq!(
        stdout(&place.scalegate(&check).code(0)).lines().next(),
        Some("PASS: of 3 quantities, 3 within tolerance")
    );

    place.write("scalegate.toml", "[gate]\nrequired = [\"wall_time\", \"energy\", \"perplexity\"]\n");
    assert_snapshot!(stdout(&place.scalegate(&check).code(3)), @"
    INCONCLUSIVE: of 5 quantities, 2 inconclusive, 3 within tolerance

    inconclusive  every workload energy (shape)
      not compared: it is required, and neither the record nor a baseline has it for any workload: measure it with `scalegate run --metric energy` or import it, or leave it out of `required` under `[gate]`

    inconclusive  every workload perplexity (value)
      not compared: it is required, and neither the record nor a baseline has it for any workload: measure it with `scalegate run --metric perplexity` or import it, or leave it out of `required` under `[gate]`

    pass  llm/prefill wall_time: class, growth, curvature share

    note: wall_time of llm/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of llm/prefill: +0.0 %, between -34.6 % and +52.8 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
    let markdown = stdout(&place.scalegate(&format!("{check} --format markdown")).code(3));
    assert!(markdown.contains("```sh\ncargo bench\nscalegate check\n```"), "{markdown}");
}

#[test]
fn a_metric_that_the_class_of_an_import_requires_and_no_record_has_is_inconclusive() {
    let place = changed(&prefill(line), &prefill(line));
    place.write("scalegate.toml", "[gate.host.imported]\nrequired = [\"wall_time\"]\n");
    place.scalegate("check").code(0);
    place.write("scalegate.toml", "[gate.host.imported]\nrequired = [\"wall_time\", \"instructions\"]\n");
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 4 quantities, 1 inconclusive, 3 within tolerance

    inconclusive  every workload instructions (shape)
      not compared: it is required, and neither the record nor a baseline has it for any workload: measure it with `scalegate run --metric instructions` or import it, or leave it out of `required` under `[gate]`

    pass  llm/prefill wall_time: class, growth, curvature share

    note: wall_time of llm/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of llm/prefill: +0.0 %, between -16.7 % and +20.1 %); how runs differ is known from 5 accepted ones alone: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn another_axis_is_not_comparable() {
    let pixels = rows("llm/prefill", "pixels", &TOKENS, ROUNDS, line);
    assert_snapshot!(verdict(&prefill(line), &pixels, 3), @"
    INCONCLUSIVE: of 2 quantities, 2 inconclusive

    inconclusive  llm/prefill wall_time (shape and cost)
      not compared: not comparable with its baseline (axis: tokens → pixels); restore these, or accept a new baseline
    ");
}

#[test]
fn another_kernel_on_the_same_class_of_host_leaves_costs_to_shapes() {
    let place = changed(&prefill(line), &prefill(line));
    place.edit(RUN, "\"kernel\":\"not told\"", "\"kernel\":\"7.0\"");
    assert_snapshot!(stdout(&place.scalegate("check").success()), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  llm/prefill wall_time: class, growth, curvature share

    note: the machine differs from when the baselines of host class imported were accepted (host.kernel: not told → 7.0): shapes gate, absolute costs don't; accept a run of it as it is now with `scalegate accept`
    ");
    place.write("scalegate.toml", "[gate]\nrequired_costs = [\"wall_time\"]\n");
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 4 quantities, 1 inconclusive, 3 within tolerance

    inconclusive  llm/prefill wall_time (cost)
      not compared: not comparable with its baseline (host.kernel: not told → 7.0); restore these, or accept a new baseline

    pass  llm/prefill wall_time: class, growth, curvature share

    note: the machine differs from when the baselines of host class imported were accepted (host.kernel: not told → 7.0): shapes gate, absolute costs don't; accept a run of it as it is now with `scalegate accept`
    ");
}

#[test]
fn another_compiler_on_the_same_class_of_host_is_not_comparable() {
    let place = changed(&prefill(line), &prefill(line));
    place.edit(RUN, "\"rustc\":\"not told\"", "\"rustc\":\"rustc 2.0\"");
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 4 quantities, 1 inconclusive, 3 within tolerance

    inconclusive  llm/prefill wall_time (cost)
      not compared: not comparable with its baseline (build.rustc: not told → rustc 2.0); restore these, or accept a new baseline

    pass  llm/prefill wall_time: class, growth, curvature share
    ");
}

#[test]
fn bisect_turns_inconclusive_into_skip_and_nothing_else() {
    let place = Place::new();
    place.import(&prefill(line));
    place.scalegate("check --bisect").code(125);
    place.accept_five(&prefill(line));
    place.scalegate("check --bisect").code(0);
    place.import(&prefill(|n| 2.0 * line(n)));
    place.scalegate("check --bisect").code(1);
    // To `git bisect run` every other code is a commit that is to blame.
    place.write(RUN, "{");
    assert_snapshot!(stderr(&place.scalegate("check --bisect").code(125)), @"
    error: target/scalegate/run.json: not a whole run record: EOF while parsing an object at line 1 column 1
      help: measure again with `cargo bench`, or name another run record
    ");
    place.scalegate("check").code(2);
}

/// Commands that end with 2 or 3 where nothing was measured.
const FAILING: [&str; 9] = [
    "run",
    "ab",
    "fit",
    "check",
    "accept --reason none",
    "report --out report.html",
    "compare a.json b.json",
    "import csv costs.csv",
    "attach-energy meter.csv",
];

#[test]
fn bisect_skips_a_commit_whatever_command_failed() {
    let place = Place::new();
    for line in FAILING {
        place.scalegate(line).code(2);
        place.scalegate(&format!("{line} --bisect")).code(125);
        place.scalegate(&format!("--bisect {line}")).code(125);
    }
}

#[test]
fn a_directory_of_baselines_that_is_not_there_is_an_error() {
    let place = Place::new();
    place.import(&prefill(line));
    let said = ["check", "report --out report.html"].map(|line| place.refused(&format!("{line} --baseline basline")));
    assert_snapshot!(said[0], @"
    error: basline: there is no such directory of baselines
      help: name one that `scalegate accept` wrote, or leave `--baseline` out
    ");
    assert_eq!(said[0], said[1]);
    place.scalegate("check").code(3);
    place.scalegate("accept --baseline basline --reason first").success();
    place.scalegate("check --baseline basline").code(0);
}

#[test]
fn a_metric_that_does_not_gate_is_named_and_decides_nothing() {
    let place = changed(&prefill(line), &(prefill(|n| 2.0 * line(n)) + &decode(line)));
    place.write("scalegate.toml", "[gate]\nrequired = []\n[gate.tolerance.wall_time]\ngates = false\n");
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: nothing was compared

    note: wall_time does not gate: `gates = false` under `[gate.tolerance]`
    ");
    place.write("scalegate.toml", "[gate.tolerance.wall_time]\ngates = false\n");
    assert_snapshot!(place.refused("check"), @"
    error: scalegate.toml:1: wall_time is required, but gate.tolerance.wall_time.gates is false
      help: change the value in this section
    ");
}

#[test]
fn what_is_not_required_and_undecided_is_a_note() {
    let noisy = |seed: f64| {
        let text =
            rows("vlm/encode", "pixels", &PIXELS, ROUNDS, move |n| knee(200_704.0)(n) * (1.0 + 0.5 * (n * seed).sin()));
        text.replace("wall_time", "cpu_time")
    };
    let place = changed(&(prefill(line) + &noisy(0.1)), &(prefill(line) + &noisy(0.7)));
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    assert_snapshot!(stdout(&place.scalegate("check").code(0)), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  llm/prefill wall_time: class, growth, curvature share

    note: host class imported has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`

    note: cpu_time of vlm/encode is undecided: baseline: none of the laws describes these costs: the closest one, quadratic, is off by a factor of 1.5 (root mean square of the logarithms), and that is not noise between rounds; measure at more sizes around the jumps; it is not required, and decides nothing
    ");
    place.write("scalegate.toml", "[gate]\nrequired = [\"wall_time\", \"cpu_time\"]\n");
    place.scalegate("check").code(3);
}

#[test]
fn shards_of_one_host_are_joined_and_a_series_given_twice_is_an_error() {
    let place = Place::new();
    place.import(&(prefill(line) + &decode(line)));
    place.scalegate("accept --reason before").success();
    place.import_as("a.json", &prefill(line));
    place.import_as("b.json", &decode(line));
    place.scalegate("check a.json b.json").code(0);
    place.scalegate("join a.json b.json --out joined.json").success();
    place.scalegate("check joined.json").code(0);
    assert_snapshot!(place.refused("check a.json b.json a.json"), @"
    error: a.json: llm/prefill wall_time is in a.json too
      help: give records of one commit, and each series of a host once
    ");
}

#[test]
fn accepting_without_a_reason_is_refused() {
    let place = Place::new();
    place.import(&prefill(line));
    assert_snapshot!(place.refused("accept"), @"
    error: the following required arguments were not provided:
      --reason <TEXT>

    Usage: scalegate accept --reason <TEXT> [RUN]...

    For more information, try '--help'.
    ");
}
