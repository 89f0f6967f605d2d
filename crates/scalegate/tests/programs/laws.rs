//! The laws of programs, and a seeded regression.

use insta::assert_snapshot;
use scalegate::metric::Metric;
use serde_json::Value;

use crate::place::{Place, said};

/// A script that prints a cost by a law, with a little noise of its own for each run.
const COST: &str = "n=$1
law=$2
clamp=600
case $law in
linear) ns=$((1000000 + 2000 * n)) ;;
quadratic) ns=$((1000000 + 4 * n * n)) ;;
knee) ns=$((1000000 + 5000 * (n < clamp ? n : clamp))) ;;
esac
echo starting
echo \"{\\\"timings\\\": {\\\"ns\\\": $((ns * (10000 + $$ % 41) / 10000))}}\"
";

const SIZES: &str = "axis = { name = \"items\", sizes = [50, 100, 200, 300, 400, 500, 700, 900, 1200, 1600] }";

fn program(law: &str) -> String {
    format!(
        "[[program]]\nname = \"script/{law}\"\n{SIZES}\ncommand = [\"sh\", \"cost.sh\", \"{{size}}\", \"{law}\"]\n\
         result = {{ json = \"/timings/ns\", unit = \"ns\" }}\n"
    )
}

fn place(laws: &[&str]) -> Place {
    let place = Place::with(&laws.iter().map(|law| program(law)).collect::<String>());
    place.edit("scalegate.toml", "rounds = 3", "rounds = 10");
    place.write("cost.sh", COST);
    place
}

/// The fits of the record by workload.
fn fits(place: &Place) -> Vec<Value> {
    let text = place.ok("fit --format json");
    let document: Value = serde_json::from_str(&text).unwrap();
    document["fits"].as_array().unwrap().clone()
}

#[test]
fn a_linear_a_quadratic_and_a_knee_have_their_classes_and_the_breakpoint() {
    let place = place(&["linear", "quadratic", "knee"]);
    place.ok("run");
    let fits = fits(&place);
    let classes: Vec<String> = fits.iter().map(|fit| format!("{} {}", fit["workload"], fit["law"])).collect();
    assert_eq!(
        classes,
        ["\"script/knee\" \"knee\"", "\"script/linear\" \"linear\"", "\"script/quadratic\" \"quadratic\""]
    );
    let text = place.ok("fit");
    assert!(
        text.contains(", intercept ") && !text.contains("start-up"),
        "a time that a program reports has none: {text}"
    );
    let breakpoint = &fits[0]["parameters"]["breakpoint"];
    let [lower, upper] = ["lower", "upper"].map(|key| breakpoint[key].as_f64().unwrap());
    assert!(lower <= 600.0 && 600.0 <= upper && upper - lower < 60.0, "{breakpoint}");
}

#[test]
fn a_seeded_regression_ends_a_check_with_1() {
    let place = place(&["linear", "knee"]);
    place.ok("run");
    place.ok("accept --reason first");
    said(&place.run("check"), 0);
    place.edit("cost.sh", "2000 * n)", "2000 * n + 3 * n * n)");
    place.edit("cost.sh", "clamp=600", "clamp=1000");
    assert_snapshot!(said(&place.run("check"), 3), @"
    not comparable with the tree: target/scalegate/run.json: the sources were edited since it was measured
      help: measure again with `scalegate run`, or name the record to have it judged as it is: `scalegate check target/scalegate/run.json`
    ");
    place.ok("run");
    let verdict = said(&place.run("check"), 1);
    assert!(verdict.contains("REGRESSED"), "{verdict}");
    for workload in ["script/knee", "script/linear"] {
        let is_found = |line: &str| line.starts_with("regressed") && line.contains(workload);
        assert!(verdict.lines().any(is_found), "{verdict}");
    }
}

#[test]
fn a_record_names_the_programs_that_it_measured() {
    let place = place(&["linear"]);
    place.ok("run --rounds 2");
    let record = place.record();
    let program = record.provenance.program.as_ref().unwrap();
    assert_eq!(program.executables.keys().collect::<Vec<_>>(), ["script/linear"]);
    assert_eq!((record.series.len(), record.series[0].metric), (1, Metric::WallTime));
    let protocol = &record.series[0].protocol;
    assert_eq!(protocol["command"], "sh cost.sh {size} linear");
    assert_eq!(protocol["result"], "json /timings/ns in ns");
    assert!(!protocol.contains_key("samples"), "Criterion's settings are none of programs");
}
