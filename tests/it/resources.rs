//! The bench target of resource use, as a user meets it. Nothing here asserts how long anything took.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use scalegate::metric::Metric;

use crate::support::{Place, stderr, stdout};

/// A machine that runs other tests is no quiet one.
const RESOURCES: &str = "[resources]\nrounds = 2\nwindow_ms = 60\nidle_ms = 60\nrate_hz = 100\nattempts = 3\n";
const ANY_LOAD: &str = "others_cores = 1000.0\n";
const NO_METER: &str = "energy_log = { path = \"meter.csv\" }\n";

fn place(more: &str) -> Place {
    Place::with_suite(&format!("{RESOURCES}{more}"))
}

#[test]
fn every_size_has_its_costs_in_every_round() {
    let place = place(&format!("{ANY_LOAD}{NO_METER}"));
    let printed = stdout(&place.bench("resources", "--verbose llm/prefill").success());
    let run = place.record();
    let measured: BTreeSet<Metric> = run.series.iter().map(|series| series.metric).collect();
    let costs = [Metric::CpuAuc, Metric::CpuTime, Metric::RssAuc, Metric::PeakRss, Metric::Utilisation];
    assert_eq!(measured, costs.into_iter().chain([Metric::Energy]).collect());
    for metric in costs {
        let series = run.series("llm/prefill", metric).unwrap();
        if metric == Metric::RssAuc && series.unavailable.is_some() {
            // So little memory that it depends on the allocator whether it can be told from the idle level.
            let reason = series.unavailable.as_deref().unwrap();
            assert!(reason.contains("which is too little to sample; `heap_bytes` counts it"), "{reason}");
            continue;
        }
        assert_eq!(series.samples.len(), 8, "{metric}: one entry per size and round");
        assert_eq!(series.sizes(), BTreeSet::from([4, 8, 16, 32]));
        assert_eq!(series.protocol["rate_hz"], "100");
        assert!(series.conditions.contains_key("throttled"), "{:?}", series.conditions);
        assert_eq!(printed.contains(&format!("llm/prefill  {metric}")), metric.is_gated(), "{metric}: {printed}");
    }
    let value = |metric| run.series("llm/prefill", metric).unwrap().costs().map(|(_, _, cost)| cost).sum::<f64>();
    let (outside, inside) = (value(Metric::CpuAuc), value(Metric::CpuTime));
    assert!((outside / inside - 1.0).abs() < 0.1, "seen from outside {outside}, from inside {inside}");
    assert!(value(Metric::PeakRss) > 8e6, "eight processes of more than a megabyte each");
}

#[test]
fn rounds_end_at_the_first_look_that_leaves_nothing_required_undecided() {
    let settings = RESOURCES.replace("rounds = 2", "rounds = 8").replace("= 60", "= 30");
    let place = Place::with_suite(&format!("{settings}{ANY_LOAD}"));
    let taken = |line: &str| {
        place.bench("resources", &format!("{line} llm/prefill")).success();
        let run = place.record();
        let series = run.series("llm/prefill", Metric::CpuAuc).unwrap();
        (series.n_rounds(), series.looks.clone())
    };
    assert_eq!(taken(""), (8, vec![]), "without a baseline there is nothing to decide");
    place.scalegate("accept --reason first").success();
    // A meter of this machine is read when all rounds are over.
    let energy = place.record().series("llm/prefill", Metric::Energy).map(|series| series.unavailable.is_none());
    let expected = if energy == Some(true) { (8, vec![]) } else { (6, vec![6, 8]) };
    assert_eq!(taken(""), expected, "it is not required");
    assert_eq!(taken("--all-rounds"), (8, vec![]));
    // No interval is as narrow as that.
    let required = "[gate]\nrequired = [\"cpu_auc\"]\n\n[gate.tolerance.cpu_auc]\ngrowth = 1e-9\n";
    place.write("suite.toml", place.read("suite.toml") + required);
    place.bench("resources", "llm/prefill").success();
    assert_eq!(place.record().series("llm/prefill", Metric::CpuAuc).unwrap().n_rounds(), 8);
}

#[test]
fn without_a_meter_the_record_has_a_reason_and_no_number() {
    let place = place(&format!("{ANY_LOAD}{NO_METER}"));
    let printed = stdout(&place.bench("resources", "--verbose llm/decode/4").success());
    let run = place.record();
    let energy = run.series("llm/decode", Metric::Energy).unwrap();
    let reason = energy.unavailable.as_deref().unwrap();
    assert!(reason.starts_with("meter.csv: ") && energy.samples.is_empty(), "{reason}");
    assert!(printed.contains("no law: unavailable: meter.csv"), "{printed}");
    assert!(
        run.series("llm/decode", Metric::MeanPower).is_none() && run.series("llm/decode", Metric::CpuAuc).is_some()
    );
    place.scalegate("check").code(3);
}

#[test]
fn the_log_of_an_external_meter_gives_power_and_energy() {
    let place = place(&format!("{ANY_LOAD}energy_log = {{ path = \"meter.csv\", offset_s = 1000.0 }}\n"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let log = (0..40_000).fold("time_s,volts,amperes\n".to_owned(), |mut log, i| {
        writeln!(log, "{:.4},5.0,1.2", now - 1005.0 + f64::from(i) * 0.002).unwrap();
        log
    });
    place.write("meter.csv", log);
    place.bench("resources", "llm/decode/4").success();
    let run = place.record();
    let costs = |metric| run.series("llm/decode", metric).unwrap().costs().map(|(_, _, cost)| cost).collect::<Vec<_>>();
    assert!(costs(Metric::MeanPower).iter().all(|watts| (watts - 6.0).abs() < 1e-3), "{:?}", costs(Metric::MeanPower));
    assert!(costs(Metric::Energy).iter().all(|joules| *joules < 1e-3), "the meter saw nothing above idle");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disturbed_case_is_measured_again_and_then_gives_no_verdict() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = place("others_cores = 0.001\n");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        place.bench("resources", "llm/decode/4").success();
        done.store(true, Ordering::Relaxed);
    });
    let run = place.record();
    let series = run.series("llm/decode", Metric::CpuAuc).unwrap();
    let reason = series.unavailable.as_deref().unwrap();
    assert!(reason.starts_with("llm/decode at size 4 in round 1: it stayed disturbed in 3 attempts: "), "{reason}");
    assert!(reason.contains("other processes used"), "{reason}");
    assert_eq!(series.conditions["disturbed_windows"], "6", "three attempts in each of two rounds");
    place.scalegate("check").code(3);
    place.scalegate("report --out report.html").success();
    let page = std::fs::read_to_string(place.path("report.html")).unwrap();
    assert!(page.contains("What went on meanwhile") && page.contains("disturbed windows: 6"), "{page}");
}

#[test]
fn paper_samples_five_times_a_second() {
    let place = place(&format!("{ANY_LOAD}{NO_METER}"));
    place.bench("resources", "--paper llm/decode/4").success();
    let run = place.record();
    let protocol = &run.series("llm/decode", Metric::RssAuc).unwrap().protocol;
    assert_eq!([&protocol["rate_hz"], &protocol["polls_hz"], &protocol["window_ms"]], ["5", "5", "1500"]);
}

#[test]
fn without_its_section_there_is_nothing_to_do() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    let assert = place.bench("resources", "").success();
    assert_eq!((stdout(&assert).as_str(), stderr(&assert).as_str()), ("", ""));
    assert!(place.files() == before);
}

#[test]
fn a_rate_that_cannot_be_sampled_at_is_refused() {
    let place = Place::with_suite(&format!("{}{ANY_LOAD}", RESOURCES.replace("rate_hz = 100", "rate_hz = 2000")));
    let message = place.refused("resources", "");
    insta::assert_snapshot!(message, @"
    error: suite.toml:43: rate_hz = 2000: the sampler takes 1 to 1000 samples a second
      help: change the value in this section
    ");
}

#[test]
fn the_error_of_a_measured_process_is_the_error_of_the_run() {
    let model = "[[model]]\nname = \"mine\"\npath = \"mine\"\nworkloads = [\"llm/prefill\"]\n";
    let place = Place::with_earlier_run(&format!("{model}{RESOURCES}{ANY_LOAD}{NO_METER}"));
    place.write("mine/onnx/model.onnx", "no model");
    let message = place.refused("resources", "mine");
    let (case, rest) = message.split_once(": mine/onnx").unwrap();
    assert!(case.starts_with("error: mine/llm/prefill at size "), "sizes are in a random order: {message}");
    insta::assert_snapshot!(rest, @"
    /model.onnx: not an ONNX model, or cut short: failed to decode Protobuf message: invalid wire type value: 6
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
}
