use super::{Measured, summary_text};
use crate::Axis;
use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::config::GateSettings;
use crate::metric::Metric;
use crate::record::{Provenance, Run, Sample, Series};
use crate::terminal::Style;

const TOKENS: [u64; 8] = [16, 32, 64, 128, 192, 256, 512, 1024];
const PIXELS: [u64; 10] = [9_408, 37_632, 68_992, 101_920, 129_360, 150_528, 293_216, 583_296, 917_280, 1_630_720];

fn series(workload: &str, metric: Metric, (axis, sizes): (Axis, &[u64]), cost: impl Fn(f64) -> f64) -> Series {
    let wobble = |n: u64, round: u32| 1.0 + 0.004 * (f64::from(round) * 2.3 + n as f64).sin();
    let sample = |size: u64, round: u32| Sample { size, round, values: vec![cost(size as f64) * wobble(size, round)] };
    let samples = (0..6).flat_map(|round| sizes.iter().map(move |&size| (size, round)));
    Series {
        samples: samples.map(|(size, round)| sample(size, round)).collect(),
        ..Series::new(workload, axis, metric)
    }
}

/// Two laws that gate, one that does not, and a metric that no meter measures.
fn run(clamp: f64) -> Run {
    let mut energy = series("llm/prefill", Metric::Energy, (Axis::TOKENS, &TOKENS), |_| 1.0);
    energy.samples.clear();
    energy.unavailable = Some("no meter: /sys/class/powercap: No such file or directory".to_owned());
    let mut run = Run::new(Provenance::imported());
    run.series = vec![
        series("llm/prefill", Metric::WallTime, (Axis::TOKENS, &TOKENS), |n| 1e-3 + 150e-6 * n),
        series("llm/prefill", Metric::PeakRss, (Axis::TOKENS, &TOKENS), |_| 64e6),
        energy,
        series("vlm/encode", Metric::WallTime, (Axis::PIXELS, &PIXELS), move |n| 2e-3 + 0.4e-6 * n.min(clamp)),
    ];
    run
}

/// What is printed of a run with that clamp, where one with 0.2 MP was accepted elsewhere, or nothing was.
fn printed(clamp: f64, is_accepted: bool, style: Style) -> String {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    if is_accepted {
        let mut accepted = run(2e5);
        accepted.provenance.host.class = "elsewhere".to_owned();
        accepted.series.retain(|series| series.metric == Metric::WallTime);
        store.accept(&accepted, &[], "first", |_| true).unwrap();
    }
    let run = run(clamp);
    let check = analysis::check(std::slice::from_ref(&run), &store, &GateSettings::default(), &Expected::default());
    let measured = Measured { run: &run, fits: &analysis::fit_run(&run), check: &check.unwrap(), by_command: false };
    let text = summary_text(&measured, style);
    let is_wide = |line: &str| line.replace("\x1b[31m", "").replace("\x1b[0m", "").chars().count() > style.columns;
    assert!(style.colour || !text.lines().any(is_wide), "{text}");
    text
}

const WIDE: Style = Style { columns: 80, colour: false };
const NARROW: Style = Style { columns: 60, colour: false };

#[test]
fn a_first_run_has_its_laws_and_the_next_step() {
    insta::assert_snapshot!(printed(2e5, false, WIDE), @r#"
    llm/prefill  wall_time  linear 150 µs/token ±0.03 %
    llm/prefill  peak_rss   constant 64.0 MB ±0.06 %
    vlm/encode   wall_time  knee at 0.200 MP ±0.45 %
    not gated: energy (unavailable: no meter)

    NO BASELINE: these are the laws as measured; nothing was compared
    next: scalegate accept --reason "the first run", then cargo bench after a change
    "#);
}

#[test]
fn what_matches_is_a_row_each_and_the_rest_a_line() {
    insta::assert_snapshot!(printed(2e5, true, WIDE), @"
    llm/prefill  wall_time  linear 150 µs/token ±0.03 %  curvature +0.00  pass
    vlm/encode   wall_time  knee at 0.200 MP ±0.45 %     slopes +0.00     pass
    not gated: peak_rss (no baseline); energy (unavailable: no meter)

    PASS: 2 laws match their baselines; next: scalegate check
    ");
    insta::assert_snapshot!(printed(2e5, true, NARROW), @"
    llm/prefill wall_time linear 150 µs/token      +0.00    pass
    vlm/encode  wall_time knee at 0.200 MP ±0.45 % +0.00    pass
    not gated: peak_rss (no baseline); energy (unavailable: no
      meter)

    PASS: 2 laws match their baselines; next: scalegate check
    ");
}

#[test]
fn what_regressed_is_said_with_the_next_step() {
    insta::assert_snapshot!(printed(4e5, true, WIDE), @"
    llm/prefill  wall_time  linear 150 µs/token ±0.03 %  curvature +0.00  pass
    vlm/encode   wall_time  knee at 0.400 MP ±0.27 %     knee +100.1 %    REGRESSED
    not gated: peak_rss (no baseline); energy (unavailable: no meter)

    REGRESSED: of 2 laws, 1 regressed
      vlm/encode wall_time: growth of cost from 0.009 MP to 1.63 MP: 28.1×, before
        14.2× (+97.5 %, between +95.5 % and +99.6 %; ±25 % tolerated)
      vlm/encode wall_time: knee moved from 0.20 MP to 0.40 MP (+100.1 %, between
        +97.8 % and +102.5 %; ±15 % tolerated)
    next: scalegate ab (this change alone, in pairs), scalegate report --out
          report.html, or scalegate accept if it is meant
    ");
    insta::assert_snapshot!(printed(4e5, true, NARROW), @"
    llm/prefill wall_time linear 150 µs/token +0.00    pass
    vlm/encode  wall_time knee at 0.400 MP    +100.1 % REGRESSED
    not gated: peak_rss (no baseline); energy (unavailable: no
      meter)

    REGRESSED: of 2 laws, 1 regressed
      vlm/encode wall_time: growth of cost from 0.009 MP to 1.63
        MP: 28.1×, before 14.2× (+97.5 %, between +95.5 % and
        +99.6 %; ±25 % tolerated)
      vlm/encode wall_time: knee moved from 0.20 MP to 0.40 MP
        (+100.1 %, between +97.8 % and +102.5 %; ±15 %
        tolerated)
    next: scalegate ab (this change alone, in pairs), scalegate
          report --out report.html, or scalegate accept if it is
          meant
    ");
}

#[test]
fn a_metric_is_named_once_with_the_reason_and_not_with_the_case() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    let mut run = run(2e5);
    store.accept(&run, &[], "first", |series| series.metric == Metric::WallTime).unwrap();
    let mut disturbed = series("vlm/encode", Metric::PeakRss, (Axis::PIXELS, &PIXELS), |_| 1.0);
    disturbed.samples.clear();
    disturbed.unavailable =
        Some("vlm/encode at size 9408 in round 1: it stayed disturbed in 3 attempts: a build".to_owned());
    run.series.push(disturbed);
    let check = analysis::check(std::slice::from_ref(&run), &store, &GateSettings::default(), &Expected::default());
    let measured = Measured { run: &run, fits: &analysis::fit_run(&run), check: &check.unwrap(), by_command: false };
    let text = summary_text(&measured, WIDE);
    let line = text.split_once("not gated").unwrap().1.split_once("\n\n").unwrap().0;
    insta::assert_snapshot!(line, @"
    : peak_rss (unavailable: it stayed disturbed in 3 attempts); energy
      (unavailable: no meter)
    ");
}

#[test]
fn a_run_of_what_is_unavailable_measured_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut run = run(2e5);
    run.series.retain(|series| series.metric == Metric::Energy);
    let store = Store::new(place.path());
    let check = analysis::check(std::slice::from_ref(&run), &store, &GateSettings::default(), &Expected::default());
    let measured = Measured { run: &run, fits: &analysis::fit_run(&run), check: &check.unwrap(), by_command: true };
    insta::assert_snapshot!(summary_text(&measured, WIDE), @"
    not gated: energy (unavailable: no meter)

    NOTHING MEASURED: every metric that was asked for is unavailable, for the reason
      above
    next: scalegate doctor, which says what this host can measure and what disturbs
          it
    ");
}

#[test]
fn what_noise_left_open_asks_for_twice_the_rounds() {
    let noisy = |seed: f64| {
        let mut run = run(2e5);
        run.series.retain(|series| series.workload == "llm/prefill" && series.metric == Metric::WallTime);
        for sample in &mut run.series[0].samples {
            let angle = sample.size as f64 * 0.7 + f64::from(sample.round) * 2.1 + seed;
            sample.values[0] *= 1.0 + 0.4 * angle.sin();
        }
        run
    };
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path());
    store.accept(&noisy(0.0), &[], "first", |_| true).unwrap();
    let run = noisy(1.0);
    let check = analysis::check(std::slice::from_ref(&run), &store, &GateSettings::default(), &Expected::default());
    let measured = Measured { run: &run, fits: &analysis::fit_run(&run), check: &check.unwrap(), by_command: true };
    let text = summary_text(&measured, WIDE);
    insta::assert_snapshot!(text.split_once("next: ").unwrap().1, @"scalegate run --rounds 12 (decides finer), or scalegate ab (in pairs)");
}

#[test]
fn outcomes_are_coloured_where_that_is_wanted() {
    let escaped = |columns| printed(4e5, true, Style { columns, colour: true }).replace('\x1b', "ESC");
    insta::assert_snapshot!(escaped(80), @"
    llm/prefill  wall_time  linear 150 µs/token ±0.03 %  curvature +0.00  ESC[32mpassESC[0m
    vlm/encode   wall_time  knee at 0.400 MP ±0.27 %     knee +100.1 %    ESC[31mREGRESSEDESC[0m
    not gated: peak_rss (no baseline); energy (unavailable: no meter)

    ESC[31mREGRESSEDESC[0m: of 2 laws, 1 regressed
      vlm/encode wall_time: growth of cost from 0.009 MP to 1.63 MP: 28.1×, before
        14.2× (+97.5 %, between +95.5 % and +99.6 %; ±25 % tolerated)
      vlm/encode wall_time: knee moved from 0.20 MP to 0.40 MP (+100.1 %, between
        +97.8 % and +102.5 %; ±15 % tolerated)
    next: scalegate ab (this change alone, in pairs), scalegate report --out
          report.html, or scalegate accept if it is meant
    ");
    insta::assert_snapshot!(escaped(60), @"
    llm/prefill wall_time linear 150 µs/token +0.00    ESC[32mpassESC[0m
    vlm/encode  wall_time knee at 0.400 MP    +100.1 % ESC[31mREGRESSEDESC[0m
    not gated: peak_rss (no baseline); energy (unavailable: no
      meter)

    ESC[31mREGRESSEDESC[0m: of 2 laws, 1 regressed
      vlm/encode wall_time: growth of cost from 0.009 MP to 1.63
        MP: 28.1×, before 14.2× (+97.5 %, between +95.5 % and
        +99.6 %; ±25 % tolerated)
      vlm/encode wall_time: knee moved from 0.20 MP to 0.40 MP
        (+100.1 %, between +97.8 % and +102.5 %; ±15 %
        tolerated)
    next: scalegate ab (this change alone, in pairs), scalegate
          report --out report.html, or scalegate accept if it is
          meant
    ");
}

#[test]
fn a_linearithmic_law_has_the_slope_at_the_largest_size_here_and_in_full() {
    let cost = |n: f64| 1e-3 + 20e-6 * n * n.ln();
    let mut run = Run::new(Provenance::imported());
    run.series = vec![series("llm/prefill", Metric::WallTime, (Axis::TOKENS, &TOKENS), cost)];
    let fits = analysis::fit_run(&run);
    let law = fits[0].outcome.as_ref().unwrap();
    insta::assert_snapshot!(super::brief_law(&fits[0], law), @"n log n 139 µs/token ±0.04 %");
    insta::assert_snapshot!(crate::report::fits_text(&fits), @"llm/prefill  wall_time  linearithmic 139 µs/token [139 µs/token, 139 µs/token] at 1024 tokens, curvature 32.7 % [32.4 %, 33.0 %], R² 1.0000");
}
