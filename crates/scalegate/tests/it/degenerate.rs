//! Data that no law was meant for: import, fit and check end in a stated outcome.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Place, stderr, stdout};

const SIZES: [u64; 8] = [16, 32, 64, 128, 192, 256, 512, 1024];

fn rows(sizes: &[u64], rounds: u32, cost: impl Fn(f64) -> f64) -> String {
    let row =
        |size: u64, round: u32| format!("llm/prefill,tokens,wall_time,s,{size},{round},{:e}\n", cost(size as f64));
    (0..rounds).flat_map(|round| sizes.iter().map(move |&size| (size, round))).map(|(s, r)| row(s, r)).collect()
}

/// Exit codes of `fit` and of a `check` against the same costs, and the fit.
#[track_caller]
fn outcome(rows: &str) -> (i32, i32, Value) {
    let place = Place::new();
    place.import(rows);
    let fit = place.scalegate("fit --format json");
    place.scalegate("accept --reason same").success();
    let check = place.scalegate("check --format json");
    assert_eq!((stderr(&fit), stderr(&check)), (String::new(), String::new()));
    let parsed: Value = serde_json::from_str(&stdout(&fit)).unwrap();
    serde_json::from_str::<Value>(&stdout(&check)).unwrap();
    let code = |assert: &assert_cmd::assert::Assert| assert.get_output().status.code().unwrap();
    (code(&fit), code(&check), parsed["fits"][0].clone())
}

#[track_caller]
fn assert_law(rows: &str, law: &str) {
    let (fit, check, found) = outcome(rows);
    assert_eq!((fit, found["law"].as_str()), (0, Some(law)), "{found}");
    assert!(matches!(check, 0 | 3), "{check}");
    for (name, parameter) in found["parameters"].as_object().unwrap() {
        for key in ["estimate", "lower", "upper"] {
            assert!(parameter[key].is_number(), "{name} {key}: {found}");
        }
    }
}

#[track_caller]
fn assert_no_law(rows: &str) {
    let (fit, check, found) = outcome(rows);
    assert_eq!((fit, check), (3, 3), "{found}");
}

#[test]
fn too_few_sizes_end_as_no_law() {
    assert_no_law(&rows(&SIZES[..1], 5, |n| n));
    assert_no_law(&rows(&SIZES[..2], 5, |n| n));
}

#[test]
fn equal_costs_are_constant() {
    assert_law(&rows(&SIZES, 5, |_| 0.25), "constant");
}

#[test]
fn zeros_end_as_no_law_and_cost_nothing() {
    let (fit, check, found) = outcome(&rows(&SIZES, 5, |_| 0.0));
    assert_eq!((fit, check), (3, 0), "{found}");
    assert_no_law(&rows(&SIZES, 5, |n| n - 16.0));
}

#[test]
fn one_round_has_a_law_and_is_not_gated() {
    let (fit, check, found) = outcome(&rows(&SIZES, 1, |n| 1.0 + n));
    assert_eq!((fit, check, found["law"].as_str()), (0, 3, Some("linear")), "{found}");
}

#[test]
fn extreme_costs_have_finite_numbers() {
    for scale in [1e-300, 1e300] {
        assert_law(&rows(&SIZES, 5, |n| scale * (1.0 + n)), "linear");
    }
}

#[test]
fn a_falling_cost_is_a_line() {
    assert_law(&rows(&SIZES, 5, |n| 2000.0 - n), "linear");
}

#[test]
fn jumps_have_no_law_and_say_so() {
    let jumps = rows(&SIZES, 5, |n| if (n as u64 / 32).is_multiple_of(2) { 1.0 } else { 400.0 });
    assert_no_law(&jumps);
    let place = Place::new();
    place.import(&jumps);
    assert_snapshot!(stdout(&place.scalegate("fit").code(3)), @"llm/prefill  wall_time  no law: none of the laws describes these costs: the closest one, quadratic, is off by a factor of 8.3 (root mean square of the logarithms), and that is not noise between rounds; measure at more sizes around the jumps");
}
