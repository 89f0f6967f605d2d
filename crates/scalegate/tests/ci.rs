//! One verdict over what the jobs of a run have sent, and what becomes of it, met as a job meets them.

use std::ops::Deref;

use assert_cmd::assert::Assert;
use scalegate_testing::{Place, stderr, stdout};
use serde_json::{Value, json};

const SIZES: [u64; 6] = [16, 32, 64, 96, 128, 192];
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The directory of a run, with the records of one host.
struct Records(Place);

impl Deref for Records {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Records {
    /// A base with counts of 1,000 instructions a token, and a change of it with `factor` times as many.
    fn with_change(factor: f64) -> Self {
        let place = Self(Place::new(env!("CARGO_BIN_EXE_scalegate")));
        place.write("suite.toml", "[gate]\nrequired = [\"instructions\"]\n");
        place.record("base.json", 1.0);
        place.scalegate("accept base.json --baseline records/here/base-counts --reason base").success();
        place.record("records/here/run.json", factor);
        place
    }

    fn record(&self, name: &str, factor: f64) {
        let row = |size: u64| {
            format!(
                "llm/decode,tokens,instructions,instructions,{size},0,{}\n",
                (5e4 + 1e3 * factor * size as f64).round()
            )
        };
        let rows: String = SIZES.into_iter().map(row).collect();
        self.import_as(name, &rows);
    }

    /// Twenty pairs of rounds whose head takes `factor` times as long, and whose slices vary by `noise`.
    fn pairs(&self, factor: f64, noise: f64) {
        let run: Value = serde_json::from_str(&self.read("records/here/run.json")).unwrap_or_default();
        let mut state = 1_u64;
        let mut wall_s = |size: u64, is_head: bool| {
            // Of splitmix64 (Steele et al., OOPSLA 2014); three of them have about the shape of normal noise.
            let mut uniform = || {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
            };
            let normal = 2.0 * (uniform() + uniform() + uniform() - 1.5);
            1e-5 * (size as f64 + 20.0) * if is_head { factor } else { 1.0 } * (noise * normal).exp()
        };
        let mut round = |round: u32| {
            let mut block = |size: u64| {
                let slices = [false, true, true, false].map(|is_head| {
                    let wall_s = wall_s(size, is_head);
                    json!({"start_s": 0.0, "wall_s": wall_s, "cpu_s": wall_s})
                });
                json!({"size": size, "base_first": true, "inferences": 1, "slices": slices})
            };
            json!({"round": round, "blocks": SIZES.map(&mut block)})
        };
        let pairs: Vec<Value> = (0..20).map(&mut round).collect();
        let arm = |name: &str| json!({"name": name, "tree": name, "executables": {}});
        let series = json!({
            "workload": "llm/decode", "axis": run["series"][0]["axis"], "protocol": {}, "cores": [0], "looks": [10, 20],
            "pairs": pairs, "controls": [],
        });
        let record = json!({
            "schema": 1, "host": run["provenance"]["host"], "measured": "2026-01-31T00:00:00Z", "seed": 1, "base": arm("main"),
            "head": arm("HEAD"), "function_alignment": 64, "series": [series],
        });
        self.write("records/here/ab.json", record.to_string());
    }

    fn verdict(&self, more: &str) -> Assert {
        self.scalegate(&format!("ci verdict records out {more} --pull-request 7 --commit {COMMIT}"))
    }

    /// The comment that another job makes of the digest.
    fn comment(&self) -> String {
        stdout(&self.scalegate("ci comment out/digest.json --run https://example.org/run").success())
    }
}

#[test]
fn a_change_that_counts_the_same_passes_with_a_comment_that_says_so() {
    let place = Records::with_change(1.0);
    let ended = place.verdict("imported").code(0);
    assert!(stdout(&ended).starts_with("PASS"), "{}", stdout(&ended));
    assert_eq!(stderr(&ended), "");
    assert!(place.comment().contains("## scalegate: pass"), "{}", place.comment());
    assert!(place.read("out/summary.md").starts_with("## scalegate: pass"));
}

#[test]
fn a_change_that_counts_more_fails_and_is_annotated_and_commented() {
    let place = Records::with_change(1.5);
    place.write("suite.toml", "[gate]\nrequired = [\"instructions\"]\n");
    let ended = place.verdict("imported").code(1);
    let first = stderr(&ended).lines().next().unwrap_or_default().to_owned();
    assert!(first.starts_with("::error file=suite.toml,line=1,title=llm/decode instructions on imported::"), "{first}");
    let comment = place.comment();
    assert!(comment.contains("- **regressed** `llm/decode` `instructions` on `imported`: "), "{comment}");
    assert!(comment.ends_with("or [in this run](https://example.org/run). Measured at 0123456789ab.\n"), "{comment}");
    assert_eq!(stdout(&place.scalegate("ci comment out/digest.json --field pull-request")), "7\n");
    assert_eq!(stdout(&place.scalegate("ci annotate out/check.json")).lines().next(), Some(&*first));
    let digest = stdout(&place.scalegate(&format!("ci digest out/check.json --pull-request 7 --commit {COMMIT}")));
    assert_eq!(digest, place.read("out/digest.json"));
    let noise = stdout(&place.scalegate("ci noise out/check.json 2026-01-31").success());
    assert!(noise.starts_with("2026-01-31,imported,llm/decode,instructions,shape,"), "{noise}");
}

#[test]
fn wall_time_in_pairs_counts_beside_what_is_counted() {
    let place = Records::with_change(1.0);
    place.pairs(1.02, 0.001);
    let ended = place.verdict("imported").code(1);
    assert!(stdout(&ended).contains("regressed  llm/decode wall_time (cost in pairs)"), "{}", stdout(&ended));
    assert!(
        place.comment().contains("- **regressed** `llm/decode` `wall_time` on `imported`: "),
        "{}",
        place.comment()
    );
    let summary = place.read("out/summary.md");
    assert!(summary.contains("- **regressed** `llm/decode` wall\\_time in pairs: "), "{summary}");
    assert!(summary.ends_with("```sh\nscalegate ab --workload llm/decode\n```\n"), "{summary}");
    place.pairs(1.0, 0.001);
    let ended = place.verdict("imported").code(0);
    assert!(stdout(&ended).contains("pass  llm/decode wall_time in pairs: "), "{}", stdout(&ended));
}

#[test]
fn pairs_that_decide_nothing_are_a_note_unless_wall_time_is_required() {
    let place = Records::with_change(1.0);
    place.pairs(1.0, 0.1);
    let ended = place.verdict("imported").code(0);
    let note = "note: wall_time of llm/decode in pairs is undecided and does not gate (the largest change: ";
    assert!(stdout(&ended).contains(note), "{}", stdout(&ended));
    place.write("suite.toml", "[gate]\nrequired = [\"instructions\"]\nrequired_costs = [\"wall_time\"]\n");
    place.verdict("imported").code(3);
    place.write("records/here/ab.json", "{}");
    let ended = place.verdict("imported").code(2);
    assert!(stderr(&ended).contains("records/here/ab.json"), "{}", stderr(&ended));
}

#[test]
fn a_page_of_pairs_draws_the_change_at_each_size() {
    let place = Records::with_change(1.0);
    place.pairs(1.02, 0.001);
    place.scalegate("report --pairs records/here/ab.json --out page.html").success();
    let page = place.read("page.html");
    assert!(page.contains("scalegate: <span class=\"regressed\">regressed</span>"), "{page}");
    assert!(page.contains("llm/decode wall_time: change over size"), "{page}");
    assert_eq!(page.matches("<circle class=\"point\"").count(), SIZES.len());
    let said = stderr(&place.scalegate("report --pairs records/here/run.json --out page.html").code(2));
    assert!(said.contains("records/here/run.json"), "{said}");
}

#[test]
fn committed_counts_come_before_those_of_the_base() {
    let place = Records::with_change(1.5);
    place.record("accepted.json", 1.5);
    place.scalegate("accept accepted.json --reason wanted").success();
    place.verdict("imported").code(0);
}

#[test]
fn a_host_that_sent_nothing_makes_the_verdict_inconclusive_and_is_named() {
    let place = Records::with_change(1.0);
    let ended = place.verdict("imported raspberry-pi-5").code(3);
    assert!(stdout(&ended).contains("no record came from host class raspberry-pi-5"), "{}", stdout(&ended));
    assert!(place.comment().contains("on `raspberry-pi-5`"), "{}", place.comment());
}

#[test]
fn without_a_verdict_the_summary_and_the_comment_say_why() {
    let place = Records::with_change(1.0);
    place.verdict("imported").code(0);
    place.write("records/here/run.json", "{");
    let ended = place.verdict("imported").code(2);
    assert!(stdout(&ended).starts_with("The records could not be compared: "), "{}", stdout(&ended));
    assert!(stderr(&ended).starts_with("::error title=scalegate::The records could not be compared: "));
    assert!(!place.path("out/check.json").exists(), "that of an earlier verdict");
    assert!(place.comment().contains("## scalegate: inconclusive"), "{}", place.comment());
    std::fs::remove_file(place.path("records/here/run.json")).unwrap();
    place.verdict("imported").code(3);
    assert!(place.read("out/summary.md").contains("No host has sent a record"), "{}", place.read("out/summary.md"));
}

#[test]
fn pairs_that_cannot_be_measured_leave_a_digest_that_says_why() {
    let place = Place::new(env!("CARGO_BIN_EXE_scalegate"));
    let said = stderr(&place.scalegate("ci ab out HEAD^").code(2));
    assert!(said.contains("run it in a git repository"), "{said}");
    assert!(
        place
            .read("out/summary.md")
            .starts_with("## scalegate: inconclusive\n\n`Base and head could not be compared: ")
    );
    let comment = stdout(&place.scalegate("ci comment out/digest.json").success());
    assert!(comment.contains("`Base and head could not be compared: "), "{comment}");
    assert!(comment.contains("See it again with `scalegate ab`."), "{comment}");
    assert!(!place.path("out/check.json").exists());
}

#[test]
fn a_digest_that_does_not_fit_makes_no_comment() {
    let place = Records::with_change(1.0);
    place.write("out/digest.json", "{\"schema\": 1}");
    let ended = place.scalegate("ci comment out/digest.json").code(2);
    assert_eq!(stdout(&ended), "");
    assert!(stderr(&ended).contains("help: the digest is not used"), "{}", stderr(&ended));
}

#[test]
fn wrong_words_are_refused() {
    let place = Records::with_change(1.0);
    for line in [
        "ci digest",
        "ci digest out/check.json --fault x",
        "ci digest --fault x --commit $(id)",
        "ci noise out/check.json 2026-02-30",
        "ci annotate none.json",
        "ci verdict records",
    ] {
        let ended = place.scalegate(line).code(2);
        assert_eq!(stdout(&ended), "", "{line}");
    }
}
