//! `scalegate accept` of several runs.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Place, TOKENS, line, rows, stderr, stdout};

fn prefill(factor: f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, 8, |n| factor * line(n))
}

/// What is done to the second of two records.
type Edit<'a> = &'a dyn Fn(&Place);

/// A place with three runs of one program.
fn three() -> Place {
    let place = Place::new();
    for (name, factor) in [("a.json", 1.0), ("b.json", 1.03), ("c.json", 0.98)] {
        place.import_as(name, &prefill(factor));
    }
    place
}

#[test]
fn several_runs_are_kept_with_the_costs_of_their_host_and_replace_those_before() {
    let place = three();
    let said = stderr(&place.scalegate("accept a.json b.json c.json --reason first").success());
    assert_snapshot!(said, @"
    accepted baselines/hosts/imported/llm-prefill.wall_time.json (3 runs)
    accepted baselines/portable/llm-prefill.wall_time.json
    commit the files, with the reason in the message
    ");
    let host = "baselines/hosts/imported/llm-prefill.wall_time.json";
    let further = |name: &str| {
        let document: Value = serde_json::from_str(&place.read(name)).unwrap();
        document["further"].as_array().map_or(0, Vec::len)
    };
    assert_eq!([further(host), further("baselines/portable/llm-prefill.wall_time.json")], [2, 0]);
    let said = stderr(&place.scalegate("accept b.json --reason again").success());
    assert_snapshot!(said, @"
    accepted baselines/hosts/imported/llm-prefill.wall_time.json
    accepted baselines/portable/llm-prefill.wall_time.json
    note: baselines/hosts/imported/llm-prefill.wall_time.json had 3 runs, and they are replaced; name all that it should have
    commit the files, with the reason in the message
    ");
    assert_eq!(further(host), 0);
}

#[test]
fn runs_that_do_not_belong_together_are_refused() {
    let refused = |edit: Edit| {
        let place = three();
        edit(&place);
        place.refused("accept a.json b.json --reason first")
    };
    let other_sizes = |place: &Place| place.import_as("b.json", &rows("llm/prefill", "tokens", &TOKENS[1..], 8, line));
    let other_workload = |place: &Place| place.import_as("b.json", &rows("llm/decode", "tokens", &TOKENS, 8, line));
    let same_record = |place: &Place| drop(place.write("b.json", place.read("a.json")));
    let cases: [(&str, Edit); 5] = [
        ("another kernel", &|place| place.edit("b.json", "\"kernel\":\"not told\"", "\"kernel\":\"7.0\"")),
        ("other sources", &|place| place.edit("b.json", "\"source\":\"not told\"", "\"source\":\"other\"")),
        ("other sizes", &other_sizes),
        ("another workload", &other_workload),
        ("the same record twice", &same_record),
    ];
    let said = cases.map(|(what, edit)| format!("{what}\n{}", refused(edit)));
    assert_snapshot!(said.join("\n"), @"
    another kernel
    error: a.json and b.json: host.kernel: not told → 7.0
      help: accept runs of one program, one host and the same settings together, others by themselves

    other sources
    error: a.json and b.json: build.source: not told → other
      help: accept runs of one program, one host and the same settings together, others by themselves

    other sizes
    error: a.json and b.json: llm/prefill wall_time: sizes: 16 32 64 128 192 256 512 1024 → 32 64 128 192 256 512 1024
      help: accept runs of one program, one host and the same settings together, others by themselves

    another workload
    error: a.json and b.json: one of them has no llm/decode wall_time
      help: accept runs of one program, one host and the same settings together, others by themselves

    the same record twice
    error: b.json: its samples of llm/prefill wall_time are those of a.json
      help: name each run once, and measure anew for a further one
    ");
}

#[test]
fn what_accepted_runs_cannot_decide_is_a_note_that_says_how_to_see_finer() {
    let place = three();
    place.scalegate("accept a.json --reason first").success();
    place.import(&prefill(1.5));
    assert_snapshot!(stdout(&place.scalegate("check").code(0)), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  llm/prefill wall_time: class, growth, curvature share

    note: wall_time of llm/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of llm/prefill: +50.0 %, between -1.8 % and +129.2 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
    place.scalegate("accept a.json b.json c.json --reason first").success();
    place.import(&prefill(4.0));
    assert_snapshot!(stdout(&place.scalegate("check").code(1)), @"
    REGRESSED: of 6 quantities, 3 regressed, 3 within tolerance

    regressed  llm/prefill wall_time (cost)
      cost at 16 tokens from 3.41 ms to 13.6 ms (+298.8 %, between +128.8 % and +594.8 %; ±15 % tolerated)

    regressed  llm/prefill wall_time (cost)
      cost at 1024 tokens from 155 ms to 618 ms (+298.8 %, between +128.8 % and +594.9 %; ±15 % tolerated)

    regressed  llm/prefill wall_time (cost)
      slope from 150 µs to 600 µs per token (+298.8 %, between +128.8 % and +594.9 %; ±15 % tolerated)

    pass  llm/prefill wall_time: class, growth, curvature share
    ");
}

#[test]
fn what_an_accepted_run_changes_is_printed() {
    let place = three();
    place.scalegate("accept a.json b.json c.json --reason first").success();
    place.import_as("slow.json", &prefill(4.2));
    assert_snapshot!(stderr(&place.scalegate("accept slow.json --reason slower").success()), @"
    changes: llm/prefill wall_time (cost): cost at 16 tokens from 3.41 ms to 14.3 ms (+318.7 %, between +140.3 % and +629.5 %; ±15 % tolerated)
    changes: llm/prefill wall_time (cost): cost at 1024 tokens from 155 ms to 649 ms (+318.7 %, between +140.3 % and +629.6 %; ±15 % tolerated)
    changes: llm/prefill wall_time (cost): slope from 150 µs to 630 µs per token (+318.7 %, between +140.3 % and +629.6 %; ±15 % tolerated)
    accepted baselines/hosts/imported/llm-prefill.wall_time.json
    accepted baselines/portable/llm-prefill.wall_time.json
    note: baselines/hosts/imported/llm-prefill.wall_time.json had 3 runs, and they are replaced; name all that it should have
    commit the files, with the reason in the message
    ");
}

#[test]
fn a_run_that_cannot_pass_against_itself_is_accepted_with_a_warning() {
    let place = Place::new();
    let noise = |round: u32, size: u64| 1.0 + 0.6 * (f64::from(round) * 78.233 + size as f64 * 12.9898).sin();
    let row = |(round, size): (u32, u64)| {
        format!("llm/prefill,tokens,wall_time,s,{size},{round},{:e}\n", line(size as f64) * noise(round, size))
    };
    place.import(&(0..8).flat_map(|round| TOKENS.map(|size| (round, size))).map(row).collect::<String>());
    assert_snapshot!(stderr(&place.scalegate("accept --reason first").success()), @"
    accepted baselines/hosts/imported/llm-prefill.wall_time.json
    accepted baselines/portable/llm-prefill.wall_time.json
    warning: not even this run passes against it: llm/prefill wall_time (shape): growth of cost from 16 tokens to 1024 tokens: 41.1×, before 41.1× (+0.0 %, between -42.9 % and +75.1 %): neither shown to be within nor beyond ±25 %; more rounds or less noise would decide
    warning: not even this run passes against it: llm/prefill wall_time (shape): share of curvature from 0.022 to 0.022 (+0.000, between -0.935 and +0.935): neither shown to be within nor beyond ±0.25; more rounds or less noise would decide
    commit the files, with the reason in the message
    ");
    place.scalegate("check").code(3);
}

#[test]
fn what_a_run_did_not_measure_is_no_reason_to_warn() {
    let place = three();
    place.scalegate("accept a.json --reason first").success();
    place.import(&rows("llm/decode", "tokens", &TOKENS, 8, line));
    let said = stderr(&place.scalegate("accept --reason second").success());
    assert!(!said.contains("warning"), "{said}");
}
