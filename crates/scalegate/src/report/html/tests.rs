//! What a page must have, whatever was measured.

// The tests of the command line read pages in the same way.
#[path = "../../../tests/it/support/outline.rs"]
#[expect(dead_code, reason = "only the tests of the command line look at a section")]
mod outline;

use hmac_sha256::Hash;
use outline::outline;

use super::markup::{SCRIPT, SCRIPT_HASH};
use super::{Models, Page, html};
use crate::Axis;
use crate::analysis::{self, AcceptedLaw, Expected};
use crate::baseline::Store;
use crate::config::GateSettings;
use crate::law::Fit;
use crate::metric::Metric;
use crate::record::{Provenance, Run, Sample, Series};

const PIXELS: [u64; 10] = [9_408, 37_632, 68_992, 101_920, 129_360, 150_528, 293_216, 583_296, 917_280, 1_630_720];

fn series(workload: &str, cost: impl Fn(f64) -> f64) -> Series {
    let wobble = |n: u64, round: u32| 1.0 + 0.004 * (f64::from(round) * 2.3 + n as f64).sin();
    let samples = (0..6).flat_map(|round| PIXELS.map(|size| (size, round))).map(|(size, round)| Sample {
        size,
        round,
        values: vec![cost(size as f64) * wobble(size, round)],
    });
    Series { samples: samples.collect(), ..Series::new(workload, Axis::PIXELS, Metric::WallTime) }
}

fn knee(clamp: f64) -> impl Fn(f64) -> f64 {
    move |pixels| 2e-3 + 0.4e-6 * pixels.min(clamp)
}

fn run(list: impl IntoIterator<Item = Series>) -> Run {
    let mut run = Run::new(Provenance::imported());
    run.series.extend(list);
    run
}

fn page(run: &Run, baseline: Option<&Fit>) -> String {
    page_of(std::slice::from_ref(run), baseline)
}

fn page_of(runs: &[Run], baseline: Option<&Fit>) -> String {
    let store = Store::new("no such directory");
    let check = analysis::check(runs, &store, &GateSettings::default(), &Expected::default()).unwrap();
    let mut laws: Vec<_> = runs.iter().map(|run| analysis::laws(run, &store, |_| true).unwrap()).collect();
    if let Some(fit) = baseline {
        laws[0].laws[0].baseline = Some(AcceptedLaw { fit: fit.clone(), comparable: true });
    }
    let models = |laws: &analysis::RunLaws| Models {
        tradeoffs: analysis::tradeoffs(&[("", laws.run)]),
        overlays: analysis::overlays(laws.laws.iter().map(|law| ("", &law.series))),
    };
    let models: Vec<Models> = laws.iter().map(models).collect();
    html(&Page { check: &check, runs: &laws, models: &models, here: &[] })
}

#[test]
fn a_knee_has_its_law_its_rounds_its_breakpoint_and_its_words() {
    let text = page(&run([series("vlm/encode", knee(2e5))]), None);
    insta::assert_snapshot!("knee", outline(&text));
    assert_eq!(text.matches("<circle class=\"point\"").count(), 2 * PIXELS.len() + 1, "points, residuals, legend");
}

#[test]
fn a_baseline_is_drawn_beside_the_law_and_named_in_the_description() {
    let before = analysis::fit_series(&series("vlm/encode", knee(2e5))).unwrap();
    let text = page(&run([series("vlm/encode", knee(4e5))]), Some(&before));
    insta::assert_snapshot!("knee_with_a_baseline", outline(&text));
}

#[test]
fn a_line_has_no_breakpoint() {
    let text = page(&run([series("vlm/encode", |pixels| 2e-3 + 1e-6 * pixels)]), None);
    insta::assert_snapshot!("line", outline(&text));
}

#[test]
fn a_workload_named_as_markup_is_text() {
    let mut provenance = Provenance::imported();
    provenance.host.cpu = "<img src=x onerror=alert(1)>".to_owned();
    provenance.subject.insert("\"'>".to_owned(), "</table><script>".to_owned());
    let mut run = run([series("<script>alert(\"1\")</script> x", knee(2e5))]);
    run.provenance = provenance;
    let text = page(&run, None);
    assert_eq!(text.matches("<script").count(), 1, "the one that sorts");
    assert!(!text.contains("<img"), "{text}");
    insta::assert_snapshot!("names_as_markup", outline(&text));
}

#[test]
fn a_series_without_a_law_says_why_and_has_no_picture() {
    let mut unavailable = series("vlm/encode", knee(2e5));
    unavailable.samples.clear();
    unavailable.unavailable = Some("the counter is <closed>".to_owned());
    let text = page(&run([unavailable, series("vlm/prompt", |_| 0.0)]), None);
    assert!(!text.contains("NaN"), "{text}");
    insta::assert_snapshot!("without_a_law", outline(&text));
}

#[test]
fn nothing_is_loaded() {
    let text = page(&run([series("vlm/encode", knee(2e5))]), None);
    for mark in ["<link", "src=", "http://", "https://", "url(", "@import"] {
        assert!(!text.contains(mark), "{mark}");
    }
}

/// Base64 (RFC 4648, section 4) of a SHA-256.
fn base64(hash: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let word = (0..3).fold(0u32, |word, i| word << 8 | u32::from(bytes.get(i).copied().unwrap_or(0)));
        let digit =
            move |i: usize| if i <= bytes.len() { DIGITS[(word >> (18 - 6 * i)) as usize & 63] as char } else { '=' };
        (0..4).map(digit).collect::<String>()
    };
    hash.chunks(3).map(group).collect()
}

#[test]
fn the_policy_of_the_page_names_its_script_and_no_other() {
    assert_eq!(base64(&Hash::hash(SCRIPT.as_bytes())), SCRIPT_HASH);
}

#[test]
fn the_clamp_that_the_record_tells_is_marked_where_it_lies_among_the_sizes() {
    let mut run = run([series("vlm/encode", knee(2e5)), series("llm/encode", knee(2e5))]);
    assert!(!page(&run, None).contains("class=\"clamp\""));
    run.provenance.subject.insert("models.vlm.max_pixels".to_owned(), "200704".to_owned());
    let text = page(&run, None);
    assert_eq!(text.matches("class=\"clamp\"").count(), 2, "the mark and the legend of one of the two");
    run.series.push(series("mine/vlm/encode", knee(2e5)));
    assert_eq!(page(&run, None).matches("class=\"clamp\"").count(), 2, "a clamp of another model");
    run.provenance.subject.insert("model.mine.expected_knee".to_owned(), "300000".to_owned());
    insta::assert_snapshot!("clamps", outline(&page(&run, None)));
    run.series.pop();
    run.provenance.subject.insert("models.vlm.max_pixels".to_owned(), "99999999".to_owned());
    assert!(!page(&run, None).contains("class=\"clamp\""));
}

#[test]
fn hosts_stand_side_by_side() {
    let here = run([series("vlm/encode", knee(2e5)), series("vlm/prompt", knee(2e5))]);
    let mut there = here.clone();
    there.provenance.host.class = "another <host>".to_owned();
    let text = page_of(&[here, there], None);
    let figures: Vec<&str> = text.match_indices("<figure id=\"").map(|(at, _)| &text[at + 12..at + 30]).collect();
    assert_eq!(figures.len(), 4);
    assert_eq!(figures[0].split(':').next(), figures[1].split(':').next(), "{figures:?}");
    insta::assert_snapshot!("two_hosts", outline(&text));
}

#[test]
fn what_does_not_gate_says_so_below_what_does() {
    let explaining = Series {
        metric: Metric::HeapBlocks,
        unit: Metric::HeapBlocks.unit().to_owned(),
        ..series("a/first", |n| 10.0 * n)
    };
    let text = page(&run([explaining, series("vlm/encode", knee(2e5))]), None);
    insta::assert_snapshot!("what_does_not_gate", outline(&text));
}

#[test]
fn a_reason_that_workloads_share_is_told_once() {
    let text = page(&run([series("vlm/encode", knee(2e5)), series("vlm/prompt", knee(2e5))]), None);
    insta::assert_snapshot!("reason_told_once", outline(&text));
}
