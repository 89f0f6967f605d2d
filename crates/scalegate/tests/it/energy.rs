//! `scalegate attach-energy`: the log of a meter, read after the run.

use std::fmt::Write;

use insta::assert_snapshot;
use scalegate::metric::Metric;
use scalegate::record::{self, Run, Series, Span, Window};

use crate::support::{Place, RUN, TOKENS, line, rows, stderr, stdout};

const ROUNDS: u32 = 5;

/// Cases of a second each, between idle seconds, one every four seconds.
fn windows() -> Vec<Window> {
    let cases = (0..ROUNDS).flat_map(|round| TOKENS.map(|size| (round, size)));
    let window = |(number, (round, size)): (usize, (u32, u64))| {
        let start = 1000.0 + 4.0 * number as f64;
        let span = |from: f64| Span { from_s: start + from, to_s: start + from + 1.0 };
        Window { size, round, inferences: 10, before: span(0.0), busy: span(1.0), after: span(2.0) }
    };
    cases.enumerate().map(window).collect()
}

/// A place with a record whose energy was unavailable, and with a log that ends so many seconds before the last window does.
fn place(missing_s: f64) -> Place {
    let place = without_energy(windows());
    place.write("meter.csv", log(missing_s));
    place
}

/// A place with a record of these windows whose energy was unavailable.
fn without_energy(windows: Vec<Window>) -> Place {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, ROUNDS, line));
    let mut run: Run = place.record();
    let energy = Series {
        samples: Vec::new(),
        windows,
        unavailable: Some("meter.csv: No such file or directory".to_owned()),
        metric: Metric::Energy,
        unit: Metric::Energy.unit().to_owned(),
        tokens: TOKENS.map(|size| (size, size)).into(),
        ..run.series[0].clone()
    };
    run.series.insert(0, energy);
    record::write_json(&place.path(RUN), &run).unwrap();
    place
}

/// Fifty readings a second: 3 W, and more while inferences run, the longer the prompt is.
fn log(missing_s: f64) -> String {
    let windows = windows();
    let end = windows.last().unwrap().after.to_s - missing_s;
    let mut text = "time_s,power_w\n".to_owned();
    for i in 0.. {
        let time = 1000.0 + f64::from(i) * 0.02;
        if time > end + 1e-9 {
            break;
        }
        let window = &windows[(((time - 1000.0) / 4.0) as usize).min(windows.len() - 1)];
        let busy = (window.busy.from_s..window.busy.to_s).contains(&time);
        writeln!(text, "{time:.3},{}", if busy { 3.0 + window.size as f64 / 100.0 } else { 3.0 }).unwrap();
    }
    text
}

#[test]
fn a_log_that_was_complete_later_gives_energy_power_and_tokens_per_joule() {
    let place = place(0.0);
    assert_snapshot!(stdout(&place.scalegate("attach-energy meter.csv").success()), @"llm/prefill: energy of 40 windows");
    let run = place.record();
    for metric in [Metric::Energy, Metric::MeanPower, Metric::TokensPerJoule] {
        let series = run.series("llm/prefill", metric).unwrap();
        assert_eq!(series.samples.len(), TOKENS.len() * ROUNDS as usize, "{metric}");
        assert_eq!(series.protocol["meter"], "external meter (meter.csv)");
    }
    let energy = run.series("llm/prefill", Metric::Energy).unwrap();
    for (size, _, joules) in energy.costs() {
        let expected = size / 100.0 / 10.0;
        assert!((joules / expected - 1.0).abs() < 0.05, "{joules} J at {size}, and {expected} J were used");
    }
    assert!(stdout(&place.scalegate("fit").success()).contains("energy"));
}

#[test]
fn a_log_that_ends_within_the_last_window_loses_that_one_alone() {
    let place = place(0.01);
    assert_snapshot!(stdout(&place.scalegate("attach-energy meter.csv").success()), @"llm/prefill: energy of 39 windows; without size 1024 in round 5: the readings end 0.020 s before the window does");
    let run = place.record();
    let energy = run.series("llm/prefill", Metric::Energy).unwrap();
    assert_eq!(energy.samples.len(), TOKENS.len() * ROUNDS as usize - 1);
    assert_snapshot!(energy.conditions["lost_window"], @"size 1024 in round 5: the readings end 0.020 s before the window does");
    place.scalegate("fit").success();
    place.scalegate("accept --reason first").success();
    place.scalegate("check").success();
}

#[test]
fn a_log_that_tells_nothing_of_the_run_changes_nothing() {
    let early = place(20.0);
    assert_snapshot!(early.refused("attach-energy meter.csv"), @"
    error: target/scalegate/run.json: llm/prefill size 192 in round 5: the readings end 6.000 s before the window does
      help: give the log of the hours in which this run was measured, with `--offset` or `--align` if its clock is another one
    ");
    let other_clock = place(0.0);
    assert_snapshot!(other_clock.refused("attach-energy meter.csv --offset 90000"), @"
    error: target/scalegate/run.json: llm/prefill size 16 in round 1: the readings cover 91000.000 s to 91159.000 s, and the window is 1000.000 s to 1001.000 s (since 1970); if it is another clock, give its offset as energy_log.offset_s, or set energy_log.align
      help: give the log of the hours in which this run was measured, with `--offset` or `--align` if its clock is another one
    ");
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, ROUNDS, line));
    place.write("meter.csv", log(0.0));
    assert_snapshot!(place.refused("attach-energy meter.csv"), @"
    error: target/scalegate/run.json: no energy was to be measured in it: its configuration has no `[resources]`
      help: add that section and measure again
    ");
    assert_snapshot!(place.refused("attach-energy no.csv"), @"
    error: the log: no.csv: No such file or directory (os error 2)
      help: name a CSV file with the columns time_s,power_w or time_s,volts,amperes
    ");
    place.write("meter.csv", "<html>");
    assert_snapshot!(stderr(&place.scalegate("attach-energy meter.csv").code(2)), @"
    error: the log: meter.csv: line 1: the columns are `<html>`, and have to be `time_s,power_w` or `time_s,volts,amperes`
      help: name a CSV file with the columns time_s,power_w or time_s,volts,amperes
    ");
}

#[test]
fn a_run_that_stayed_disturbed_says_so_and_not_that_nothing_was_sampled() {
    let place = without_energy(Vec::new());
    place.edit(
        RUN,
        "meter.csv: No such file or directory",
        "llm/prefill at size 16 in round 1: it stayed disturbed in 3 attempts",
    );
    place.write("meter.csv", log(0.0));
    let refusals = ["", " --align"].map(|options| place.refused(&format!("attach-energy meter.csv{options}")));
    assert_eq!(refusals[0], refusals[1]);
    assert_snapshot!(refusals[0], @"
    error: target/scalegate/run.json: llm/prefill at size 16 in round 1: it stayed disturbed in 3 attempts
      help: the record has no windows that a log could fill: measure again while nothing else runs
    ");
}

/// Cases of half a minute and more, each between idle spans of 25 s, with a second or some between them.
fn long_windows() -> Vec<Window> {
    let mut start = 1000.0;
    let cases = (0..ROUNDS).flat_map(|round| TOKENS.map(|size| (round, size)));
    let window = |(number, (round, size)): (usize, (u32, u64))| {
        let busy_s = 30.0 + 0.7 * (number * 7 % 5) as f64;
        let span = |from: f64, length: f64| Span { from_s: start + from, to_s: start + from + length };
        let (before, busy, after) = (span(0.0, 25.0), span(25.0, busy_s), span(25.0 + busy_s, 25.0));
        start = after.to_s + 1.3 + 0.37 * (number * 5 % 7) as f64;
        Window { size, round, inferences: 10, before, busy, after }
    };
    cases.enumerate().map(window).collect()
}

/// One reading a second by a clock that is 5000.4 s ahead and `rate` too fast: 3 W, and `step` more while a case works or is loaded.
fn slow_log(windows: &[Window], rate: f64, step: f64) -> String {
    let (begin, end) = (900.0, windows.last().unwrap().after.to_s + 100.0);
    let mut text = "time_s,power_w\n".to_owned();
    for time in (0..).map(|i| begin + f64::from(i)).take_while(|time| *time < end) {
        let is_idle = |span: &Span| (span.from_s..span.to_s).contains(&time);
        let is_run = (1000.0..end - 100.0).contains(&time);
        let is_busy = is_run && !windows.iter().any(|window| is_idle(&window.before) || is_idle(&window.after));
        let (watts, ripple) = (if is_busy { 3.0 + step } else { 3.0 }, 0.05 * f64::from(time as u32 % 3));
        writeln!(text, "{:.3},{}", 5000.4 + time + rate * (time - begin), watts + ripple).unwrap();
    }
    text
}

#[test]
fn a_log_of_an_unknown_clock_is_aligned_with_the_cpu_use_of_the_run() {
    let windows = long_windows();
    let place = without_energy(windows.clone());
    place.write("meter.csv", slow_log(&windows, 0.0, 5.0));
    assert_snapshot!(stdout(&place.scalegate("attach-energy meter.csv --align").success()), @"llm/prefill: energy of 40 windows");
    let run = place.record();
    let energy = run.series("llm/prefill", Metric::Energy).unwrap();
    for (window, sample) in windows.iter().zip(&energy.samples) {
        let (joules, expected) = (sample.values[0], 5.0 * window.busy.duration_s() / 10.0);
        assert!((joules / expected - 1.0).abs() < 0.05, "{joules} J, and {expected} J were used");
    }
    assert_snapshot!(energy.conditions["clock_of_the_log"], @"-5000.370 s ± 0.117 s by the CPU use (correlation 0.999), which changes no energy by more than 0.9 %");
}

#[test]
fn a_log_whose_clock_is_not_clear_gives_no_energy_and_leaves_the_record() {
    let windows = long_windows();
    let place = without_energy(windows.clone());
    let before = place.read(RUN);
    let refused = |rate, step| {
        place.write("meter.csv", slow_log(&windows, rate, step));
        let said = stderr(&place.scalegate("attach-energy meter.csv --align").code(2));
        assert_eq!(place.read(RUN), before);
        said
    };
    assert_snapshot!(refused(5e-4, 5.0), @"
    error: target/scalegate/run.json: llm/prefill size 16 in round 1: the log's clock is known to 1.23 s, which changes the energy by 9 %, and 5 % are allowed; take longer windows or a faster log
      help: give the log of the hours in which this run was measured, with `--offset` or `--align` if its clock is another one
    ");
    assert_snapshot!(refused(0.0, 0.001), @"
    error: the clock of the log: power follows the CPU use with a correlation of 0.02 at most, and 0.7 is needed to find the log's clock; see that the meter is this machine's, and take longer windows or a faster log
      help: do that, or give its offset by `--offset`
    ");
}
