//! Faults that engines shipped and changes that cost nothing, each judged by counts of instructions and by wall time in pairs.
//!
//! A change is one of the preprocessor's configuration, or a patch of the sources. `scalegate ab` compares sources: so that its sides
//! have configurations of their own, `benches/vlm.rs` of each enters a directory of its own first ([`in_directory`]).

use std::path::{Path, PathBuf};

use scalegate::analysis::{self, PairCheck};
use scalegate::ci::CheckFile;
use scalegate::config::{AbSettings, GateSettings};
use scalegate::gate::{Outcome, Quantity, Verdict};
use scalegate::law::Interval;
use scalegate::metric::Metric;
use scalegate::record::{self, PairRecord, PairSeries};
use scalegate::{Error, Result};

use super::judged::{compare, headline};
use super::settings::Setting;
use crate::findings;
use crate::mutants::Expected;
use crate::process;
use crate::sources::{Checkout, Sources, Version};
use crate::suite;
use crate::user_model::PHOTO;

/// What is changed.
enum Change {
    /// The configuration becomes this one.
    Setting(Setting),
    /// The sources get this patch, a path from the root of the repository.
    Code(&'static str),
}

struct Replay {
    name: &'static str,
    expected: Expected,
    words: &'static str,
    before: Setting,
    change: Change,
}

/// Those of settings come first: after each patch the sources are built anew.
const REPLAYS: [Replay; 8] = [
    Replay {
        name: "cap-raised",
        expected: Expected::Caught,
        words: "a cap raised by a factor of four, from 512 to 2,048 tokens (as llama.cpp #17020; transformers #45753 has an image of 12 MP at 11,844 tokens)",
        before: Setting::Tokens(512),
        change: Change::Setting(Setting::Tokens(2_048)),
    },
    Replay {
        name: "tiles-without-maximum",
        expected: Expected::Caught,
        words: "tiles without their maximum of 12 (mlx-swift-lm #398)",
        before: Setting::Tiles(12),
        change: Change::Setting(Setting::Tiles(200)),
    },
    Replay {
        name: "ignored-keys",
        expected: Expected::Benign,
        words: "two more keys, which this processor ignores",
        before: Setting::Clamp(&[("min_pixels", "3136"), ("max_pixels", "501760")]),
        change: Change::Setting(Setting::Clamp(&[
            ("processor_class", r#""Qwen2_5_VLProcessor""#),
            ("max_image_tokens", "64"),
            ("min_pixels", "3136"),
            ("max_pixels", "501760"),
        ])),
    },
    Replay {
        name: "another-form",
        expected: Expected::Benign,
        words: "the same cap as `size.longest_edge` instead of `max_pixels`",
        before: Setting::Clamp(&[("min_pixels", "3136"), ("max_pixels", "501760")]),
        change: Change::Setting(Setting::Clamp(&[("size", r#"{"shortest_edge": 3136, "longest_edge": 501760}"#)])),
    },
    Replay {
        name: "another-mean",
        expected: Expected::Benign,
        words: "another `image_mean` and `image_std`",
        before: Setting::Clamp(&[("max_pixels", "501760")]),
        change: Change::Setting(Setting::Clamp(&[
            ("max_pixels", "501760"),
            ("image_mean", "[0.5, 0.5, 0.5]"),
            ("image_std", "[0.5, 0.5, 0.5]"),
        ])),
    },
    Replay {
        name: "max-pixels-ignored",
        expected: Expected::Caught,
        words: "`max_pixels` is ignored (transformers #41955; reported of vLLM in #13143)",
        before: Setting::Tokens(640),
        change: Change::Code("xtask/mutants/clamp-ignored.patch"),
    },
    Replay {
        name: "cap-not-forwarded",
        expected: Expected::Caught,
        words: "a cap is parsed and not forwarded, so that the default holds: 1,280 tokens instead of 300 (qvac #2830, mlx-vlm #1213)",
        before: Setting::Tokens(300),
        change: Change::Code("xtask/replays/cap-not-forwarded.patch"),
    },
    Replay {
        name: "rule-refactored",
        expected: Expected::Benign,
        words: "the rule for the size of an image, refactored",
        before: Setting::Tokens(640),
        change: Change::Code("xtask/replays/rule-refactored.patch"),
    },
];

/// What is measured. The encoder has images of whole tokens of 28 pixels, so that rounding does not hide what it costs; preprocessing has
/// none of these, so that every image is resized: one that needs no resizing costs less, which would be a jump where the cap is.
const WORKLOADS: [&str; 2] = ["vlm/encode", "vlm/preprocess"];

/// Sides of square images for each workload, by which the caps lie between two of them.
const SIDES: [[u32; 8]; 2] = [[224, 280, 336, 448, 560, 672, 896, 1120], [230, 282, 342, 450, 566, 678, 902, 1130]];

/// By these the number of InternVL's tiles goes up: 1, 4, 9, and without a maximum 16, each with the whole image beside several.
const SIDES_OF_TILES: [[u32; 8]; 2] =
    [[224, 336, 448, 672, 896, 1120, 1344, 1792], [230, 342, 450, 678, 902, 1130, 1350, 1800]];

/// How long the pairs of a replay are measured at most: what costs the same is told from what is 1 % off late, and a fault at once.
const BUDGET: &str = "6m";

/// The bench target of the suite that has vision models.
const BENCH: &str = "benches/vlm.rs";

/// The names of the replays.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REPLAYS.iter().map(|replay| replay.name)
}

/// Replays those that are wanted, and prints their table.
///
/// # Errors
/// One was judged wrongly, after the table, which says how.
pub(super) fn replay(sources: &Sources, work: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<()> {
    let wanted: Vec<&Replay> = REPLAYS.iter().filter(|replay| is_wanted(replay.name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let judge = Judge { sources, work, here: sources.working_tree()? };
    let mut table = "| change | by counts | by pairs |\n|---|---|---|\n".to_owned();
    let mut wrong = Vec::new();
    for replay in wanted {
        let check = judge.by_counts(replay)?;
        let pairs = judge.by_pairs(replay)?;
        let by_pairs =
            analysis::check_pairs(&pairs, &AbSettings::default(), &GateSettings::default(), &[Metric::WallTime]);
        table += &row(replay, &check, &pairs, &by_pairs);
        if [check.verdict, by_pairs.verdict].iter().any(|verdict| !replay.expected.is_met_by(*verdict)) {
            wrong.push(replay.name);
        }
    }
    print!("{table}");
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::new(wrong.join(", "), "a fault passed, or a benign change did not", "see their rows in the table"))
}

/// The suite of one user model at `path`, which is shown `photo` in these sizes, timed in pairs and counted.
fn suite_of(photo: &Path, path: &Path, sides: [[u32; 8]; 2]) -> String {
    let sizes = sides.map(|sides| format!("{:?}", sides.map(|side| format!("{side}x{side}"))));
    let workloads = |table: &str| {
        let entry = |(name, sizes): (&str, &String)| format!("[[{table}]]\nname = {name:?}\nresolutions = {sizes}\n\n");
        WORKLOADS.into_iter().zip(&sizes).map(entry).collect::<String>()
    };
    format!(
        "schema = 1\nseed = 2512\n\n[images]\nphoto = {:?}\n\n{}{}[[model]]\nname = \"engine\"\npath = {:?}\nworkloads = {WORKLOADS:?}\ncounted = true\n\n\
         [gate]\nrequired = [\"instructions\"]\n",
        photo.display().to_string(),
        workloads("workload"),
        workloads("instructions.workload"),
        path.display().to_string()
    )
}

/// The bench target, made to enter a directory first.
fn in_directory(bench: &str, directory: &Path) -> Result<String> {
    let begin = "fn main() -> ExitCode {\n";
    if !bench.contains(begin) {
        return Err(Error::new(BENCH, format!("no `{}` in it", begin.trim_end()), "change in_directory() with it"));
    }
    let enter = format!(
        "    if std::env::set_current_dir({:?}).is_err() {{\n        return ExitCode::FAILURE;\n    }}\n",
        directory.display().to_string()
    );
    Ok(bench.replacen(begin, &format!("{begin}{enter}"), 1))
}

/// Where replays are judged.
struct Judge<'a> {
    sources: &'a Sources,
    work: &'a Path,
    here: Version,
}

impl Judge<'_> {
    /// The sources before the change, with the suite of the replay.
    fn unchanged(&self, replay: &Replay) -> Result<Version> {
        let text = suite_of(&self.sources.root().join(PHOTO), &self.work.join("model"), replay.sides());
        self.sources.with_file(&self.here, suite::FILE, &text)
    }

    /// The sources after it.
    fn changed(&self, replay: &Replay) -> Result<Version> {
        let unchanged = self.unchanged(replay)?;
        match replay.change {
            Change::Setting(_) => Ok(unchanged),
            Change::Code(patch) => self.sources.patched(&unchanged, &self.sources.root().join(patch)),
        }
    }

    /// Counts before and after the change, unless it is done, and checks the second against the first.
    fn by_counts(&self, replay: &Replay) -> Result<CheckFile> {
        let [before, after] =
            ["before", "after"].map(|side| self.work.join(format!("{}.{side}.counts.json", replay.name)));
        let checkout = self.sources.check_out(&self.unchanged(replay)?)?;
        checkout.build()?;
        self.count(&checkout, replay.before, &before)?;
        if !after.is_file() {
            let checkout = self.sources.check_out(&self.changed(replay)?)?;
            checkout.build()?;
            self.count(&checkout, replay.after(), &after)?;
        }
        compare(&checkout, &self.work.join(format!("{}.baselines", replay.name)), &before, &after)
    }

    /// Takes a record of the model with this setting, unless it is there.
    fn count(&self, checkout: &Checkout, setting: Setting, record: &Path) -> Result<()> {
        if record.is_file() {
            return Ok(());
        }
        eprintln!("counting {}", record.display());
        setting.write(self.sources, &self.work.join("model"))?;
        checkout.run(["--metric", "instructions", "--workload", "engine/*"], record)
    }

    /// Compares before and after by `scalegate ab`, unless it is done.
    fn by_pairs(&self, replay: &Replay) -> Result<PairRecord> {
        let record = self.work.join(format!("{}.pairs.json", replay.name));
        if !record.is_file() {
            eprintln!("measuring {}", record.display());
            let base = self.side(&self.unchanged(replay)?, "base", replay.before, replay.sides())?;
            let head = self.side(&self.changed(replay)?, "head", replay.after(), replay.sides())?;
            let checkout = self.sources.check_out(&self.unchanged(replay)?)?;
            checkout.build()?;
            // In a search no cause is looked for.
            let words =
                ["ab", &base.tree, &head.tree, "--bisect", "--workload", "engine/*", "--budget", BUDGET, "--out"];
            let mut ab = checkout.scalegate(words);
            self.sources.in_repository(ab.arg(&record), checkout.place());
            let output = process::output(&mut ab)?;
            if !record.is_file() {
                eprint!("{}", String::from_utf8_lossy(&output.stderr));
                let cause = format!("it ended with {} and made no record", output.status);
                return Err(Error::new("scalegate ab", cause, "fix what it printed above"));
            }
        }
        record::read_json(&record)
    }

    /// The sources, run in a directory with the suite and a model of this setting.
    fn side(&self, version: &Version, name: &str, setting: Setting, sides: [[u32; 8]; 2]) -> Result<Version> {
        let directory: PathBuf = self.work.join("sides").join(name);
        let suite = suite_of(&self.sources.root().join(PHOTO), Path::new("model"), sides);
        process::write(&directory.join(suite::FILE), suite)?;
        setting.write(self.sources, &directory.join("model"))?;
        // Or else the workspace that the directory lies in would be the one whose configuration counts.
        process::write(&directory.join("Cargo.lock"), "")?;
        let bench = in_directory(&self.sources.file(version, BENCH)?, &directory)?;
        self.sources.with_file(version, BENCH, &bench)
    }
}

impl Replay {
    fn sides(&self) -> [[u32; 8]; 2] {
        if matches!(self.before, Setting::Tiles(_)) { SIDES_OF_TILES } else { SIDES }
    }

    /// The setting after the change.
    fn after(&self) -> Setting {
        match self.change {
            Change::Setting(setting) => setting,
            Change::Code(_) => self.before,
        }
    }
}

fn row(replay: &Replay, check: &CheckFile, pairs: &PairRecord, by_pairs: &PairCheck) -> String {
    let Replay { name, words, .. } = replay;
    let kind = match replay.change {
        Change::Setting(_) => "setting",
        Change::Code(_) => "code",
    };
    let counts = WORKLOADS.map(|workload| counted(check, workload)).join("; ");
    let paired = WORKLOADS.map(|workload| paired(pairs, by_pairs, workload)).join("; ");
    format!(
        "| `{name}` ({kind}): {words} | *{}*: {counts} | *{}*: {paired}; {:.0} s |\n",
        check.verdict,
        by_pairs.verdict,
        seconds(pairs)
    )
}

/// What counts of a workload come to: the worst that is said, or the largest change.
fn counted(check: &CheckFile, workload: &str) -> String {
    let name = format!("engine/{workload}");
    let found = findings::of_metric(check, Metric::Instructions, Some(&name));
    let open = found.clone().filter(|finding| finding.outcome != Outcome::Pass);
    // That a knee or a staircase changed says more than by how much.
    let is_shape = |quantity| matches!(quantity, Quantity::Knee | Quantity::Breakpoint | Quantity::Class);
    let first = open.clone().find(|finding| is_shape(finding.quantity)).or_else(|| open.clone().next());
    let outcome = Verdict::join(found.clone().map(|finding| finding.outcome));
    let changes = found.filter(|finding| finding.relative).filter_map(|finding| finding.change);
    let largest = changes.map(|change| change.estimate.abs()).fold(0.0, f64::max);
    match first {
        Some(finding) => format!("`{workload}` {outcome}, {}", headline(&finding.words)),
        None => format!("`{workload}` {outcome}, largest change {:.3} %", 100.0 * largest),
    }
}

/// What pairs of a workload come to, with the change at its largest size.
fn paired(record: &PairRecord, check: &PairCheck, workload: &str) -> String {
    let name = format!("engine/{workload}");
    let outcomes = check.findings.iter().filter(|finding| *finding.workload == *name).map(|finding| finding.outcome);
    let outcome = Verdict::join(outcomes);
    let series = record.series.iter().find(|series| *series.workload == *name);
    let ratios = series.map(|series| analysis::ratios(series, Metric::WallTime)).unwrap_or_default();
    match ratios.last() {
        None => format!("`{workload}` {outcome}"),
        Some((size, change)) => {
            format!("`{workload}` {outcome}, {} at {:.1} MP", percents(*change), *size as f64 / 1e6)
        }
    }
}

fn percents(Interval { estimate, lower, upper }: Interval) -> String {
    let [estimate, lower, upper] = [estimate, lower, upper].map(|share| 100.0 * share);
    format!("{estimate:+.1} % [{lower:+.1}, {upper:+.1}]")
}

/// How long was measured, without what was built before.
fn seconds(record: &PairRecord) -> f64 {
    let rounds = |series: &PairSeries| series.pairs.iter().chain(&series.controls).cloned().collect::<Vec<_>>();
    let rounds = record.series.iter().flat_map(rounds);
    let slices = rounds.flat_map(|round| round.blocks).flat_map(|block| block.slices);
    slices.map(|slice| slice.start_s + slice.wall_s).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_has_a_model_and_both_workloads_timed_and_counted() {
        let table: toml::Table =
            suite_of(Path::new("/tmp/photo.png"), Path::new("/tmp/a \"b\""), SIDES).parse().unwrap();
        assert_eq!(table["model"][0]["path"].as_str(), Some("/tmp/a \"b\""));
        for workloads in [&table["workload"], &table["instructions"]["workload"]] {
            let names: Vec<_> = workloads.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
            assert_eq!(names, WORKLOADS);
        }
    }

    #[test]
    fn sizes_of_the_encoder_are_whole_tokens_and_those_of_preprocessing_are_none() {
        for [encoded, preprocessed] in [SIDES, SIDES_OF_TILES] {
            assert!(encoded.iter().all(|side| side % 28 == 0));
            assert!(preprocessed.iter().all(|side| side % 28 != 0));
        }
    }

    #[test]
    fn the_bench_target_enters_a_directory_first() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let bench = process::read(&root.join(BENCH)).unwrap();
        let changed = in_directory(&bench, Path::new("/tmp/a b")).unwrap();
        assert!(changed.contains("fn main() -> ExitCode {\n    if std::env::set_current_dir(\"/tmp/a b\").is_err() {"));
        assert!(in_directory("fn other() {}", Path::new("/tmp")).is_err());
    }

    #[test]
    fn every_patch_applies_to_the_working_tree() {
        let sources = Sources::here().unwrap();
        let tree = sources.working_tree().unwrap();
        for replay in &REPLAYS {
            if let Change::Code(patch) = replay.change {
                assert_ne!(sources.patched(&tree, &sources.root().join(patch)).unwrap(), tree, "{patch}");
            }
        }
    }

    #[test]
    fn four_replays_are_faults_and_four_are_benign() {
        let faults = REPLAYS.iter().filter(|replay| replay.expected == Expected::Caught).count();
        assert_eq!((faults, REPLAYS.len()), (4, 8));
    }
}
