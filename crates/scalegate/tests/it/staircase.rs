//! A staircase through the commands: fit, accept, check, report, predict.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Place, list, rows, stderr, stdout};

const SIZES: [u64; 12] =
    [100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000, 1_000_000, 1_100_000, 1_200_000];

/// 20 ms, and 15 ms for every tile of 300,000 pixels after the first, of which there are at most so many.
fn tiles(most: u32) -> impl Fn(f64) -> f64 {
    move |pixels| 5e-3 + 15e-3 * (pixels / 3e5).ceil().min(f64::from(most))
}

fn measured(most: u32) -> String {
    rows("vlm/encode", "pixels", &SIZES, 8, tiles(most))
}

#[test]
fn fit_says_where_the_steps_are_and_how_high() {
    let place = Place::new();
    place.import(&measured(3));
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"vlm/encode  wall_time  staircase    2 steps of 15.0 ms [15.0 ms, 15.0 ms]: between 0.300 MP and 0.400 MP, between 0.600 MP and 0.700 MP; flat between them, growth 2.5× [2.5×, 2.5×], R² 1.0000");
    let all: Value = serde_json::from_str(&stdout(&place.scalegate("fit --format json").success())).unwrap();
    let fit = &all["fits"][0];
    assert_eq!(fit["law"], "staircase");
    let between: Vec<_> = fit["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (&step["place"]["lower"], &step["place"]["upper"]))
        .collect();
    assert_eq!(between, [(&Value::from(3e5), &Value::from(4e5)), (&Value::from(6e5), &Value::from(7e5))]);
    let height = &fit["parameters"]["height"];
    assert!((height["estimate"].as_f64().unwrap() / 15e-3 - 1.0).abs() < 0.01, "{height}");
    assert_eq!(&fit["steps"][1]["height"], height);
}

#[test]
fn a_cap_on_tiles_that_is_lost_is_more_steps() {
    let place = Place::new();
    place.import(&measured(3));
    place.scalegate("accept --reason before").success();
    place.scalegate("check").code(0);
    place.import(&measured(4));
    assert_snapshot!(stdout(&place.scalegate("check").code(1)), @"
    REGRESSED: of 4 quantities, 1 regressed, 3 within tolerance

    regressed  vlm/encode wall_time (shape)
      growth of cost from 0.10 MP to 1.20 MP: 3.25× with 3 steps, before 2.5× with 2 steps (+30.0 %, between +29.4 % and +30.6 %; ±25 % tolerated)

    pass  vlm/encode wall_time: class, growth to a tread

    note: wall_time of vlm/encode: absolute costs are left to shapes, counts and pairs (the largest change: cost largest of vlm/encode: +30.0 %, between -14.9 % and +98.6 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
    place.scalegate("report --out page.html").code(0);
    // A band for each step of the run.
    assert_eq!(place.read("page.html").matches("<rect class=\"band\"").count(), 3);
}

#[test]
fn a_step_that_comes_earlier_is_a_regression() {
    let place = Place::new();
    let stairs =
        |places: [f64; 3]| move |pixels: f64| 20e-3 * (1.0 + places.iter().filter(|its| **its < pixels).count() as f64);
    let measured = |places| rows("vlm/encode", "pixels", &SIZES, 8, stairs(places));
    place.import(&measured([3e5, 6e5, 9e5]));
    place.scalegate("accept --reason before").success();
    place.import(&measured([2e5, 5e5, 9e5]));
    assert_snapshot!(stdout(&place.scalegate("check").code(1)), @"
    REGRESSED: of 6 quantities, 2 regressed, 4 within tolerance

    regressed  vlm/encode wall_time (shape)
      growth of cost from 0.10 MP to 0.30 MP: 2× with 1 step, before 1× with no step (+100.0 %, between +97.5 % and +102.5 %; ±25 % tolerated); likewise to 1 more size

    pass  vlm/encode wall_time: class, growth to a tread, growth

    note: wall_time of vlm/encode: absolute costs are left to shapes, counts and pairs (the largest change: cost smallest of vlm/encode: +0.0 %, between -34.6 % and +52.8 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn predictions_end_at_the_largest_size() {
    let place = Place::new();
    place.import(&measured(3));
    let asked = ["--at 850000", "--at 650000"];
    assert_snapshot!(list(asked.map(|it| {
        (it, stdout(&place.scalegate(&format!("predict --workload vlm/encode {it}")).success()))
    })), @"
    --at 850000
    vlm/encode wall_time at 0.850 MP: 50.0 ms [49.7 ms, 50.3 ms]
      law: staircase, of 12 sizes from 0.100 MP to 1.200 MP in 8 rounds; within the measured sizes
      95 % prediction interval, for one more round on the same machine

    --at 650000
    vlm/encode wall_time at 0.650 MP: 50.0 ms [28.0 ms, 89.4 ms]
      law: staircase, of 12 sizes from 0.100 MP to 1.200 MP in 8 rounds; within the measured sizes
      95 % prediction interval, for one more round on the same machine
    ");
    assert_snapshot!(stderr(&place.scalegate("predict --workload vlm/encode --at 2400000").code(2)), @"
    error: --at: target/scalegate/run.json: vlm/encode wall_time: size 2400000 is beyond the largest that was measured, 1200000: where a staircase has its next step no cost tells; measure that size
      help: ask for a size from 0.100 MP to 1.200 MP, or measure larger ones
    ");
}
