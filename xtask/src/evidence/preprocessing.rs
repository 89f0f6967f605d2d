//! Does the gate call changes of preprocessing by their names?
//!
//! Replays five changes that inference engines have shipped, as settings of a preprocessor in front of the vision graphs of
//! `xtask/replays/`, which cost the same for every patch.

use std::path::{Path, PathBuf};

use scalegate::ci::CheckFile;
use scalegate::gate::{Quantity, Scope};
use scalegate::metric::Metric;
use scalegate::{Error, Result};

use crate::mutants::checked;
use crate::process::{self, command};
use crate::sources::{Checkout, Sources};
use crate::{findings, suite};

/// Replay changes of preprocessing that engines have shipped, and print the table of docs/evidence/preprocessing.md
///
/// Takes half an hour of a quiet machine. Needs Valgrind.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory for records; those that are there are not taken again
    #[arg(default_value = "target/replays")]
    work: PathBuf,
}

/// A configuration of a preprocessor.
#[derive(Debug, Clone, Copy)]
enum Setting {
    /// As of Qwen2-VL, with at most so many image tokens of 28 × 28 pixels. What allows more pixels than any image here has is no
    /// bound.
    Tokens(u32),
    /// As of Pixtral, with at most so many pixels on the longest side.
    LongestSide(u32),
}

struct Replay {
    name: &'static str,
    change: &'static str,
    before: Setting,
    after: Setting,
}

const REPLAYS: [Replay; 5] = [
    Replay {
        name: "hard-cap",
        change: "a hard cap where none was: 1,280 image tokens",
        before: Setting::Tokens(16_384),
        after: Setting::Tokens(1_280),
    },
    Replay {
        name: "longest-side",
        change: "a longest side of 1,024 where none was",
        before: Setting::LongestSide(4_096),
        after: Setting::LongestSide(1_024),
    },
    Replay {
        name: "bounds-for-longest-side",
        change: "a longest side of 1,024 replaced by bounds of 4 and 1,280 tokens",
        before: Setting::LongestSide(1_024),
        after: Setting::Tokens(1_280),
    },
    Replay {
        name: "more-tokens",
        change: "a maximum of 1,024 tokens raised to 4,096",
        before: Setting::Tokens(1_024),
        after: Setting::Tokens(4_096),
    },
    Replay {
        name: "no-cap",
        change: "a maximum of 1,024 tokens raised to 16,384, which means none here",
        before: Setting::Tokens(1_024),
        after: Setting::Tokens(16_384),
    },
];

/// What the columns of the table are of.
const SERIES: [(&str, Metric); 3] =
    [("vlm/encode", Metric::WallTime), ("vlm/preprocess", Metric::WallTime), ("vlm/preprocess", Metric::Instructions)];

/// As cameras and screens have them. None is a whole number of tokens, so that every image is resized; one that needs no
/// resizing costs a third less, and would put a jump where the clamp is.
const IMAGES: [&str; 12] = [
    "320x240",
    "512x384",
    "640x480",
    "800x600",
    "960x720",
    "1024x768",
    "1280x960",
    "1600x1200",
    "1920x1440",
    "2304x1728",
    "2592x1944",
    "3072x2304",
];

/// Whole numbers of tokens, so that rounding to them does not hide what the encoder's cost depends on.
const GRIDS: [&str; 12] = [
    "364x280",
    "532x392",
    "672x504",
    "812x616",
    "924x700",
    "1092x840",
    "1288x980",
    "1540x1148",
    "1848x1400",
    "2184x1652",
    "2604x1960",
    "3080x2324",
];

impl Setting {
    fn configuration(self) -> String {
        match self {
            Self::Tokens(tokens) => {
                let pixels = tokens * 784;
                format!(
                    r#"{{"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 3136, "max_pixels": {pixels}}}"#
                )
            }
            Self::LongestSide(side) => format!(
                r#"{{"image_processor_type": "PixtralImageProcessor", "size": {{"longest_edge": {side}}}, "patch_size": 14}}"#
            ),
        }
    }

    /// The graph that reads what this preprocessor makes.
    fn graph(self) -> &'static str {
        match self {
            Self::Tokens(_) => "patches.onnx",
            Self::LongestSide(_) => "images.onnx",
        }
    }
}

pub(super) fn run(arguments: &Arguments, sources: &Sources) -> Result<()> {
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    let work = process::absolute(&arguments.work)?;
    let model = work.join("model");
    let base = sources.working_tree()?;
    let text = suite::with_workloads(&sources.file(&base, suite::FILE)?, &workloads(&model))?;
    let checkout = sources.check_out(&sources.with_file(&base, suite::FILE, &text)?)?;
    checkout.build()?;
    let graphs = sources.root().join("xtask/replays");
    let mut table = head();
    for replay in REPLAYS {
        let [before, after] = [("before", replay.before), ("after", replay.after)].map(|(side, setting)| {
            let record = work.join(format!("{}.{side}.json", replay.name));
            measure(&checkout, &graphs, &model, setting, &record).map(|()| record)
        });
        let check = compare(&checkout, &work.join(format!("{}.baselines", replay.name)), &before?, &after?)?;
        table += &row(&replay, &check);
    }
    print!("{table}");
    Ok(())
}

fn workloads(model: &Path) -> String {
    let (images, grids) = (format!("{IMAGES:?}"), format!("{GRIDS:?}"));
    format!(
        r#"
[measure]
rounds = 10
samples = 10
warm_up_ms = 20
measurement_ms = 100

[[workload]]
name = "vlm/preprocess"
resolutions = {images}

[[workload]]
name = "vlm/encode"
resolutions = {grids}

[[instructions.workload]]
name = "vlm/preprocess"
resolutions = {images}

[gate]
required = ["wall_time", "instructions"]

[[model]]
name = "engine"
path = {:?}
workloads = ["vlm/preprocess", "vlm/encode"]
counted = true
"#,
        model.display().to_string()
    )
}

/// Takes a record of the model with this setting, unless it is there.
fn measure(checkout: &Checkout, graphs: &Path, model: &Path, setting: Setting, record: &Path) -> Result<()> {
    if record.is_file() {
        return Ok(());
    }
    eprintln!("measuring {}", record.display());
    process::write(&model.join("preprocessor_config.json"), setting.configuration() + "\n")?;
    let graph = graphs.join(setting.graph());
    std::fs::copy(&graph, model.join("model.onnx"))
        .map_err(|error| Error::new(graph.display(), error, "restore it from version control"))?;
    checkout.bench(["--bench", "vlm", "--bench", "instructions", "--", "engine/"], record)
}

/// The second record against the first.
fn compare(checkout: &Checkout, baselines: &Path, before: &Path, after: &Path) -> Result<CheckFile> {
    process::remove(baselines)?;
    let work = process::temporary_directory()?;
    // With the configuration of the measurement, and away from the sources.
    process::write(&work.path().join(suite::FILE), process::read(&checkout.place().join(suite::FILE))?)?;
    let scalegate = |words: &[&str]| {
        let mut scalegate = command(checkout.program(), words);
        scalegate.current_dir(work.path());
        scalegate
    };
    let mut accept = scalegate(&["accept", "--reason", "before the change"]);
    process::run_quietly(accept.arg(before).arg("--baseline").arg(baselines))?;
    let mut check = scalegate(&["check", "--format", "json"]);
    checked(check.arg(after).arg("--baseline").arg(baselines))
}

fn head() -> String {
    let columns = SERIES.map(|(workload, metric)| format!(" {metric} of `{workload}` |")).concat();
    format!("| change |{columns}\n|{}\n", "---|".repeat(1 + SERIES.len()))
}

fn row(replay: &Replay, check: &CheckFile) -> String {
    let cells = SERIES.map(|(workload, metric)| {
        let workload = format!("engine/{workload}");
        let found = findings::of_metric(check, metric, Some(&workload));
        let outcomes = [(Scope::Shape, "shape"), (Scope::Absolute, "absolute")]
            .map(|(scope, name)| format!("{name} *{}*", findings::joined(found.clone(), scope)));
        let is_of_knee = |quantity| matches!(quantity, Quantity::Knee | Quantity::Breakpoint);
        let first = found.clone().find(|finding| is_of_knee(finding.quantity)).or_else(|| found.clone().next());
        let what = first.map_or("not compared", |finding| headline(&finding.words));
        format!(" {what}; {} |", outcomes.join(", "))
    });
    format!("| {} |{}\n", replay.change, cells.concat())
}

/// What is said of a quantity, without what it cost.
fn headline(words: &str) -> &str {
    let end = [words.find(':'), words.find(" (")].into_iter().flatten().min();
    end.map_or(words, |end| &words[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_says_what_happened_to_the_knee() {
        let moved = "knee moved from 0.75 MP to 2.33 MP (+210.0 %, between +190.0 % and +230.0 %; ±5 % tolerated)";
        assert_eq!(headline(moved), "knee moved from 0.75 MP to 2.33 MP");
        assert_eq!(headline("knee at 0.92 MP vanished: from there to 7 MP cost grows 7×"), "knee at 0.92 MP vanished");
        assert_eq!(headline("law is knee, as before"), "law is knee, as before");
    }

    #[test]
    fn the_workloads_are_a_configuration() {
        let table: toml::Table = workloads(Path::new("/tmp/a \"b\"")).parse().unwrap();
        assert_eq!(table["model"][0]["path"].as_str(), Some("/tmp/a \"b\""));
        assert_eq!(table["workload"][1]["resolutions"].as_array().map(Vec::len), Some(12));
    }
}
