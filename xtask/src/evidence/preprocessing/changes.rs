//! Five changes of a cap, measured before and after.

use std::path::Path;

use scalegate::Result;
use scalegate::ci::CheckFile;
use scalegate::gate::{Quantity, Scope};
use scalegate::metric::Metric;

use super::judged::{compare, headline};
use super::settings::Setting;
use crate::sources::{Checkout, Sources};
use crate::{findings, suite};

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

/// The names of the replays.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REPLAYS.iter().map(|replay| replay.name)
}

/// Replays those that are wanted, and prints their table.
pub(super) fn replay(sources: &Sources, work: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<()> {
    let wanted: Vec<&Replay> = REPLAYS.iter().filter(|replay| is_wanted(replay.name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let model = work.join("model");
    let base = sources.working_tree()?;
    let text = suite::with_workloads(&sources.file(&base, suite::FILE)?, &workloads(&model))?;
    let checkout = sources.check_out(&sources.with_file(&base, suite::FILE, &text)?)?;
    checkout.build()?;
    let mut table = head();
    for replay in wanted {
        let [before, after] = [("before", replay.before), ("after", replay.after)].map(|(side, setting)| {
            let record = work.join(format!("{}.{side}.json", replay.name));
            measure(sources, &checkout, &model, setting, &record).map(|()| record)
        });
        let check = compare(&checkout, &work.join(format!("{}.baselines", replay.name)), &before?, &after?)?;
        table += &row(replay, &check);
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
fn measure(sources: &Sources, checkout: &Checkout, model: &Path, setting: Setting, record: &Path) -> Result<()> {
    if record.is_file() {
        return Ok(());
    }
    eprintln!("measuring {}", record.display());
    setting.write(sources, model)?;
    checkout.bench(&["vlm", "instructions"], Some("engine/"), record)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workloads_are_a_configuration() {
        let table: toml::Table = workloads(Path::new("/tmp/a \"b\"")).parse().unwrap();
        assert_eq!(table["model"][0]["path"].as_str(), Some("/tmp/a \"b\""));
        assert_eq!(table["workload"][1]["resolutions"].as_array().map(Vec::len), Some(12));
    }
}
