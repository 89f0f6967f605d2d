//! What a page must have, whatever was measured.

use std::collections::BTreeMap;

use super::{Page, html};
use crate::analysis::{self, Expected, SeriesFit};
use crate::baseline::Store;
use crate::metric::Metric;
use crate::record::{Provenance, Run, Sample, Series};
use crate::suite::{Axis, GateSettings};

const PIXELS: [u64; 10] = [9_408, 37_632, 68_992, 101_920, 129_360, 150_528, 293_216, 583_296, 917_280, 1_630_720];

fn series(workload: &str, cost: impl Fn(f64) -> f64) -> Series {
    let wobble = |n: u64, round: u32| 1.0 + 0.004 * (f64::from(round) * 2.3 + n as f64).sin();
    let samples = (0..6).flat_map(|round| PIXELS.map(|size| (size, round))).map(|(size, round)| Sample {
        size,
        round,
        values: vec![cost(size as f64) * wobble(size, round)],
    });
    Series {
        workload: workload.to_owned(),
        axis: Axis::Pixels,
        metric: Metric::WallTime,
        unit: "s".to_owned(),
        measured: None,
        protocol: BTreeMap::new(),
        conditions: BTreeMap::new(),
        looks: Vec::new(),
        samples: samples.collect(),
        unavailable: None,
    }
}

fn knee(clamp: f64) -> impl Fn(f64) -> f64 {
    move |pixels| 2e-3 + 0.4e-6 * pixels.min(clamp)
}

fn run(list: impl IntoIterator<Item = Series>) -> Run {
    let mut run = Run::new(Provenance::imported());
    run.series.extend(list);
    run
}

fn page(run: &Run, baselines: &[SeriesFit]) -> String {
    let store = Store::new("no such directory");
    let check =
        analysis::check(std::slice::from_ref(run), &store, &GateSettings::default(), &Expected::default()).unwrap();
    html(&Page { run, check: &check, fits: &analysis::fit_run(run), baselines })
}

#[test]
fn a_knee_has_its_law_its_rounds_its_breakpoint_and_its_words() {
    let text = page(&run([series("vlm/encode", knee(2e5))]), &[]);
    for mark in [
        "<figure id=\"vlm/encode:wall_time\">",
        "<a href=\"#vlm/encode:wall_time\">",
        "role=\"img\"",
        "<title id=",
        "<desc id=",
        "class=\"law\" d=\"M",
        "class=\"rounds\" d=\"M",
        "class=\"breakpoint\"",
        "class=\"band\"",
        ">knee at 0.200 MP<",
        ">image size (MP)<",
        ">wall time (ms)<",
    ] {
        assert!(text.contains(mark), "{mark} is missing in\n{text}");
    }
    assert!(!text.contains("class=\"baseline\""));
    assert_eq!(text.matches("<circle class=\"point\"").count(), 2 * PIXELS.len() + 1, "points, residuals, legend");
}

#[test]
fn a_baseline_is_drawn_beside_the_law_and_named_in_the_description() {
    let before = analysis::fit_run(&run([series("vlm/encode", knee(2e5))]));
    let text = page(&run([series("vlm/encode", knee(4e5))]), &before);
    assert_eq!(text.matches("class=\"baseline\" d=\"M").count(), 2, "the curve and the legend");
    assert!(text.contains("The baseline&#39;s law is knee: at 0.200 MP"), "{text}");
}

#[test]
fn a_line_has_no_breakpoint() {
    let text = page(&run([series("vlm/encode", |pixels| 2e-3 + 1e-6 * pixels)]), &[]);
    assert!(text.contains("class=\"law\" d=\"M") && !text.contains("class=\"breakpoint\""), "{text}");
}

#[test]
fn a_workload_named_as_markup_is_text() {
    let mut provenance = Provenance::imported();
    provenance.host.cpu = "<img src=x onerror=alert(1)>".to_owned();
    provenance.subject.insert("\"'>".to_owned(), "</table><script>".to_owned());
    let mut run = run([series("<script>alert(\"1\")</script> x", knee(2e5))]);
    run.provenance = provenance;
    let text = page(&run, &[]);
    assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
    assert!(text.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; x"), "{text}");
}

#[test]
fn a_series_without_a_law_says_why_and_has_no_picture() {
    let mut unavailable = series("vlm/encode", knee(2e5));
    unavailable.samples.clear();
    unavailable.unavailable = Some("the counter is <closed>".to_owned());
    let text = page(&run([unavailable, series("vlm/prompt", |_| 0.0)]), &[]);
    assert!(text.contains("the counter is &lt;closed&gt;") && text.contains("is zero"), "{text}");
    assert!(!text.contains("<figure") && !text.contains("NaN"), "{text}");
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let text = page(&run([series("vlm/encode", knee(2e5))]), &[]);
    for mark in ["<script", "<link", "src=", "http://", "https://", "url(", "@import"] {
        assert!(!text.contains(mark), "{mark}");
    }
}
