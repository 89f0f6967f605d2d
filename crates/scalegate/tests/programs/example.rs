//! `examples/programs`, counted: as long as there is Valgrind, the laws and the verdicts are the same on every machine.

use std::path::Path;

use scalegate::metric::Metric;
use scalegate::record;
use serde_json::Value;

use crate::place::{Place, said};

/// A copy of the example.
fn example() -> Place {
    let place = Place::with("");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/programs");
    for name in ["scalegate.toml", "linear.awk", "quadratic.awk", "knee.awk"] {
        place.write(name, std::fs::read_to_string(own.join(name)).unwrap());
    }
    place
}

#[test]
fn the_scripts_of_the_example_have_their_laws_and_edits_of_them_end_a_check_with_1() {
    let place = example();
    place.ok("run --metric instructions");
    let document: Value = serde_json::from_str(&place.ok("fit --format json")).unwrap();
    let fits = document["fits"].as_array().unwrap();
    let classes: Vec<String> = fits.iter().map(|fit| format!("{} {}", fit["workload"], fit["law"])).collect();
    assert_eq!(
        classes,
        ["\"scripts/knee\" \"knee\"", "\"scripts/linear\" \"linear\"", "\"scripts/quadratic\" \"quadratic\""]
    );
    let text = place.ok("fit");
    let linear = text.lines().find(|line| line.starts_with("scripts/linear")).unwrap();
    assert!(linear.contains("/item [") && linear.contains(", start-up "), "{linear}");
    let breakpoint = fits[0]["parameters"]["breakpoint"]["estimate"].as_f64().unwrap();
    assert!((breakpoint / 2400.0 - 1.0).abs() < 0.01, "{breakpoint}");

    place.ok("accept --reason first");
    said(&place.run("check"), 0);
    place.edit("knee.awk", "limit = 2400", "limit = 3600");
    place.edit("linear.awk", "total += number", "for (i = 0; i <= number / 4096; i++) total += number");
    place.ok("run --metric instructions");
    let verdict = said(&place.run("check"), 1);
    for workload in ["scripts/knee", "scripts/linear"] {
        let is_found = |line: &str| line.starts_with("regressed") && line.contains(workload);
        assert!(verdict.lines().any(is_found), "{verdict}");
    }
    let is_quadratic_well = |line: &str| line.starts_with("pass") && line.contains("scripts/quadratic");
    assert!(verdict.lines().any(is_quadratic_well), "{verdict}");
}

#[test]
fn counts_that_do_not_repeat_are_unavailable_and_no_baseline() {
    let place = Place::with(
        "[[program]]\nname = \"script/random\"\naxis = { name = \"items\", sizes = [1] }\n\
         command = [\"sh\", \"script.sh\"]\ncounted = true\n",
    );
    // The second run finds what the first one left.
    place.write(
        "script.sh",
        "echo x >> runs\nwhile read line; do i=0; while [ $i -lt 99 ]; do i=$((i + 1)); done; done < runs\n",
    );
    place.run("run --metric instructions");
    let run: record::Run = place.record();
    let reason = run.series("script/random", Metric::Instructions).unwrap().unavailable.clone().unwrap();
    assert!(reason.starts_with("two runs of script/random at size 1 took "), "{reason}");
}
