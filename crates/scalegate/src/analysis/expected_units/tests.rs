#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::analysis::{Expected, check, fit_run};
use crate::baseline::Store;
use crate::gate::{Outcome, Quantity, Verdict};
use crate::record::{ExpectedUnits, Provenance, Sample};
use crate::report;

/// Images with the tokens that Qwen2-VL's processor makes of them below a clamp of 200,704 pixels.
const IMAGES: [(&str, u64); 12] = [
    ("112x84", 12),
    ("224x168", 48),
    ("252x196", 63),
    ("308x224", 88),
    ("336x252", 108),
    ("364x280", 130),
    ("420x308", 165),
    ("448x336", 192),
    ("616x476", 252),
    ("1092x840", 252),
    ("1456x1120", 252),
    ("2184x1680", 252),
];

/// A series with the cost of `cost` for an image and its tokens.
fn series(workload: &str, cost: impl Fn(Resolution, u64) -> f64) -> Series {
    let images = IMAGES.map(|(image, tokens)| (image.parse::<Resolution>().unwrap(), tokens));
    let by_size = images.iter().map(|(image, tokens)| (image.pixels(), *tokens)).collect();
    let sample = |(image, tokens): &(Resolution, u64)| Sample {
        size: image.pixels(),
        round: 0,
        values: vec![cost(*image, *tokens)],
    };
    let resolutions: Vec<&str> = IMAGES.iter().map(|its| its.0).collect();
    Series {
        protocol: BTreeMap::from([("resolutions".to_owned(), resolutions.join(" "))]),
        expected_units: Some(ExpectedUnits { unit: InputUnit::Tokens, by_size, map: None }),
        samples: images.iter().map(sample).collect(),
        ..Series::new(workload, Axis::PIXELS, Metric::Instructions)
    }
}

fn run(series: Vec<Series>) -> Run {
    Run { series, ..Run::new(Provenance::imported()) }
}

/// The cost of so many tokens, with attention.
fn cost_of(tokens: f64) -> f64 {
    2e5 + 1e6 * tokens + 600.0 * tokens * tokens
}

fn tokens_of_blocks(image: Resolution) -> f64 {
    image.pixels() as f64 / 784.0
}

fn asked() -> GateSettings {
    let mut settings = GateSettings::default();
    settings.expected_units = true;
    settings.required = Vec::new();
    settings
}

fn checked(run: &Run, settings: &GateSettings) -> crate::analysis::Check {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path().to_path_buf());
    check(std::slice::from_ref(run), &store, settings, &Expected::default()).unwrap()
}

#[test]
fn a_clamp_that_is_ignored_is_named_under_the_law_and_in_json() {
    let run = run(vec![series("vlm/encode", |image, _| cost_of(tokens_of_blocks(image)))]);
    let fits = fit_run(&run);
    insta::assert_snapshot!(report::fits_text(&fits), @"
    vlm/encode  instructions  quadratic    1.28 G instr./MP [1.28 G instr./MP, 1.28 G instr./MP], intercept 200 k instr. [197 k instr., 203 k instr.], curvature 73.7 % [73.7 %, 73.7 %], R² 1.0000
                              at 2184x1680: expected 252 tokens, cost of about 4,680: is the cap applied? (3 more sizes are dearer than their own allow)
    ");
    let json = report::fits_json(&fits);
    let last = json["fits"][0]["expected_units"]["sizes"][11].clone();
    assert_eq!((last["expected"].as_f64(), last["standing"].as_str()), (Some(252.0), Some("above")), "{last}");
    assert!((last["equivalent"].as_f64().unwrap() / 4680.0 - 1.0).abs() < 0.01, "{last}");
}

#[test]
fn costs_of_the_expected_units_are_told_by_their_law_alone() {
    let run = run(vec![series("vlm/encode", |_, tokens| cost_of(tokens as f64))]);
    assert_eq!(report::fits_text(&fit_run(&run)).lines().count(), 1);
}

#[test]
fn it_gates_only_if_asked_for() {
    let regressed = run(vec![series("vlm/encode", |image, _| cost_of(tokens_of_blocks(image)))]);
    let found = |check: &crate::analysis::Check| {
        let its = check.findings.iter().find(|its| its.quantity == Quantity::ExpectedUnits)?;
        Some((its.outcome, its.baseline))
    };
    assert_eq!(found(&checked(&regressed, &GateSettings::default())), None);
    let check = checked(&regressed, &asked());
    assert_eq!(found(&check), Some((Outcome::Regressed, Some(252.0))));
    assert_eq!(check.verdict, Verdict::Regressed);
    insta::assert_snapshot!(report::check_text(&check).lines().take(4).collect::<Vec<_>>().join("\n"), @"
    REGRESSED: of 1 quantities, 1 regressed

    regressed  vlm/encode instructions (shape)
      at 2184x1680: expected 252 tokens, cost of about 4,680: is the cap applied? (×61.4, between ×61.4 and ×61.4 of what they allow; 15 % tolerated)
    ");
    let sound = run(vec![series("vlm/encode", |_, tokens| cost_of(tokens as f64))]);
    let check = checked(&sound, &asked());
    assert_eq!((check.verdict, found(&check).unwrap().0), (Verdict::Pass, Outcome::Pass));
    insta::assert_snapshot!(report::check_text(&check).lines().take(3).collect::<Vec<_>>().join("\n"), @"
    PASS: of 1 quantities, 1 within tolerance

    pass  vlm/encode instructions: expected units
    ");
}

#[test]
fn what_is_asked_for_and_missing_is_no_pass() {
    let without = Series { expected_units: None, ..series("vlm/encode", |_, tokens| cost_of(tokens as f64)) };
    let elsewhere = series("vlm/preprocess", |_, tokens| cost_of(tokens as f64));
    for series in [without, elsewhere] {
        let check = checked(&run(vec![series]), &asked());
        assert_eq!(check.verdict, Verdict::Inconclusive);
        assert_eq!(check.findings[0].reason, Some(Reason::NoExpectedUnits), "{check:?}");
    }
}

#[test]
fn a_prompt_is_judged_without_what_preprocessing_costs() {
    let decoding = |image: Resolution| 20.0 * image.pixels() as f64;
    let prompt = |workload: &str| series(workload, move |image, tokens| decoding(image) + cost_of(tokens as f64));
    let preprocess = || series("mine/vlm/preprocess/16x9", move |image, _| decoding(image));
    let both = run(vec![prompt("mine/vlm/prompt/16x9"), preprocess()]);
    let check = checked(&both, &asked());
    assert_eq!((check.verdict, check.findings.len()), (Verdict::Pass, 1), "{check:?}");
    let check = checked(&run(vec![prompt("vlm/prompt"), preprocess()]), &asked());
    assert_eq!(check.findings[0].reason, Some(Reason::NoPreprocessing));
}

#[test]
fn sizes_without_a_common_law_and_memory_say_nothing() {
    let wild = run(vec![series("vlm/encode", |image, _| (image.pixels() as f64).powi(3))]);
    let fit = &fit_run(&wild)[0];
    assert!(report::fits_text(std::slice::from_ref(fit)).lines().count() <= 2);
    let memory = Series { metric: Metric::PeakRss, unit: "bytes".to_owned(), ..wild.series[0].clone() };
    let fit = fit_run(&run(vec![memory])).remove(0);
    assert_eq!(fit.units.unwrap().law, None);
}
