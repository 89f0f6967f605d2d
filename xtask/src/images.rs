//! The whole road of two user models, by counts: one whose image processor cuts tiles, and one whose image processor has a clamp.
//!
//! In front of the graphs of `xtask/replays/`, which cost the same for every patch, the law of the first is a staircase and that of the
//! second has a knee. Nothing is timed, so that nothing here depends on what else the machine does.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use scalegate::ci::CheckFile;
use scalegate::gate::{Outcome, Quantity};
use scalegate::law::{Class, Interval};
use scalegate::metric::Metric;
use scalegate::{Error, Result};
use serde::Deserialize;

use crate::findings;
use crate::mutants::checked_with_code;
use crate::process;
use crate::sources::{Checkout, Sources};
use crate::suite;
use crate::user_model::{self, PHOTO, Settings, json};

/// Run, fit, report, accept and check a model with a staircase and one with a knee, by counts
///
/// A maximum that was raised in the preprocessor's configuration has to fail the check, and a change that costs nothing has to pass it.
/// Needs Valgrind.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory for models, records and the report
    #[arg(default_value = "target/images")]
    work: PathBuf,
}

/// A user model, and what has to be said of it.
struct Model {
    name: &'static str,
    /// The file in `xtask/replays/`.
    graph: &'static str,
    settings: &'static Settings,
    /// A maximum that is raised.
    harmful: (&'static str, &'static str),
    law: Class,
    /// Where the law has its steps or its breakpoint: between these pixels.
    bends: &'static [(f64, f64)],
    /// One of these regresses with the raised maximum.
    broken: &'static [Quantity],
}

const WORKLOAD: &str = "vlm/encode";

/// Squares, since the grids of InternVL's tiles that are as close to a ratio as each other are then 1, 2×2, 3×3 and 4×4; of whole tokens of
/// Qwen2-VL, so that none is rounded. Between neighbouring steps there are two or more, and four or more on each side of the clamp.
const SIDES: [u32; 9] = [84, 112, 140, 168, 196, 224, 280, 308, 336];

const MODELS: [Model; 2] = [
    // As of InternVL with smaller tiles: 1, 4 and 9, and the whole image beside several. A maximum of 24 allows 16 too.
    Model {
        name: "tiles",
        graph: "images.onnx",
        settings: &[
            ("image_processor_type", r#""GotOcr2ImageProcessorFast""#),
            ("crop_to_patches", "true"),
            ("size", r#"{"height": 84, "width": 84}"#),
            ("max_patches", "12"),
            ("image_mean", "[0.485, 0.456, 0.406]"),
        ],
        harmful: ("max_patches", "24"),
        law: Class::Staircase,
        bends: &[(112.0 * 112.0, 140.0 * 140.0), (168.0 * 168.0, 196.0 * 196.0)],
        broken: &[Quantity::Tread, Quantity::Growth],
    },
    // As of Qwen2-VL, with a clamp at 6 × 6 tokens and a little more, so that rounding errors do not make them 5 × 5.
    Model {
        name: "clamp",
        graph: "patches.onnx",
        settings: &[
            ("image_processor_type", r#""Qwen2VLImageProcessor""#),
            ("min_pixels", "3136"),
            ("max_pixels", "28800"),
            ("image_mean", "[0.481, 0.458, 0.408]"),
        ],
        harmful: ("max_pixels", "115200"),
        law: Class::Knee,
        bends: &[(140.0 * 140.0, 196.0 * 196.0)],
        broken: &[Quantity::Knee],
    },
];

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    let sources = Sources::here()?;
    let work = process::absolute(&arguments.work)?;
    let version = sources.with_file(&sources.working_tree()?, suite::FILE, &suite_of(&work))?;
    let checkout = sources.check_out(&version)?;
    checkout.build()?;
    let road = Road { sources, checkout, work };
    let mut faults = road.first()?;
    faults.extend(road.changed("raised", harmful, 1)?);
    faults.extend(road.changed("benign", benign, 0)?);
    for fault in &faults {
        println!("WRONG  {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The suite of both models, and of nothing else.
fn suite_of(work: &Path) -> String {
    let resolutions = SIDES.map(|side| format!("{side}x{side}"));
    let models = MODELS.map(|Model { name, .. }| {
        let path = work.join(name).display().to_string();
        format!("[[model]]\nname = {name:?}\npath = {path:?}\nworkloads = [{WORKLOAD:?}]\ncounted = true\n")
    });
    format!(
        "schema = 1\nseed = 2512\n\n[images]\nphoto = {PHOTO:?}\n\n[[workload]]\nname = {WORKLOAD:?}\nresolutions = {resolutions:?}\n\n\
         [[instructions.workload]]\nname = {WORKLOAD:?}\nresolutions = {resolutions:?}\n\n{}\n\
         [gate]\nrequired = [\"instructions\"]\n",
        models.concat()
    )
}

/// The settings with another value of one key.
fn harmful(model: &Model) -> String {
    let (key, raised) = model.harmful;
    json(model.settings.iter().map(|&(name, value)| (name, if name == key { raised } else { value })))
}

/// The settings with another mean, a key that says nothing about the image, and all keys in another order.
fn benign(model: &Model) -> String {
    let mean = |(name, value)| (name, if name == "image_mean" { "[0.5, 0.5, 0.5]" } else { value });
    let settings = model.settings.iter().copied().map(mean).rev();
    json([("processor_class", r#""AnotherProcessor""#)].into_iter().chain(settings))
}

/// The suite where it is built, and where its records go.
struct Road {
    sources: Sources,
    checkout: Checkout,
    work: PathBuf,
}

impl Road {
    /// Counts both models, fits, reports and accepts what was counted.
    fn first(&self) -> Result<Vec<String>> {
        for model in &MODELS {
            self.configure(model, &json(model.settings.iter().copied()))?;
        }
        let record = self.count("before")?;
        let fit = process::text(self.checkout.scalegate(["fit", "--format", "json"]).arg(&record))?;
        let laws: Laws = serde_json::from_str(&fit)
            .map_err(|error| Error::new("scalegate fit", error, "see what `scalegate fit` prints"))?;
        let page = self.work.join("report.html");
        process::run_quietly(self.checkout.scalegate(["report"]).arg(&record).arg("--out").arg(&page))?;
        let page = process::read(&page)?;
        process::remove(&self.baselines())?;
        let mut accept = self.checkout.scalegate(["accept", "--reason", "as configured at first"]);
        process::run_quietly(accept.arg(&record).arg("--baseline").arg(self.baselines()))?;
        let mut faults = Vec::new();
        for model in &MODELS {
            let (workload, law) = (model.workload(), model.law);
            let found = laws.fits.iter().find(|fitted| fitted.workload == workload);
            match found {
                Some(fitted) if model.is_fitted_by(fitted) => {
                    println!("right  {workload}: {law}, bends at {} pixels", listed(&fitted.bends()));
                }
                Some(Fitted { law: other, .. }) => {
                    let bends = found.map(Fitted::bends).unwrap_or_default();
                    faults.push(format!("{workload}: {other}, bends at {}, where {law} belongs", listed(&bends)));
                }
                None => faults.push(format!("{workload}: no law")),
            }
            let title = format!("{workload} {}: {law} law", Metric::Instructions);
            if !page.contains(&title) {
                faults.push(format!("{workload}: the report has no picture with the title `{title}`"));
            }
        }
        Ok(faults)
    }

    /// Counts both models with other settings, and checks what was counted; what is not as it has to be.
    fn changed(&self, name: &str, settings: fn(&Model) -> String, code: i32) -> Result<Vec<String>> {
        for model in &MODELS {
            self.configure(model, &settings(model))?;
        }
        let record = self.count(name)?;
        let mut check = self.checkout.scalegate(["check", "--format", "json"]);
        let (ended, check) = checked_with_code(check.arg(&record).arg("--baseline").arg(self.baselines()))?;
        let mut faults = Vec::new();
        for model in &MODELS {
            let words = model.broken_in(&check);
            let is_right = ended == Some(code) && words.is_some() == (code == 1);
            let said = words.unwrap_or_else(|| "nothing of the law regressed".to_owned());
            let line = format!("{} {name}: {}, {said}", model.workload(), check.verdict);
            if is_right {
                println!("right  {line}");
            } else {
                faults.push(format!("{line}; the exit code is {ended:?}, and {code} was wanted"));
            }
        }
        Ok(faults)
    }

    fn configure(&self, model: &Model, settings: &str) -> Result<()> {
        user_model::write(&self.sources, &self.work.join(model.name), model.graph, settings)
    }

    fn count(&self, name: &str) -> Result<PathBuf> {
        let record = self.work.join(format!("{name}.json"));
        self.checkout.run(["--metric", "instructions"], &record)?;
        Ok(record)
    }

    fn baselines(&self) -> PathBuf {
        self.work.join("baselines")
    }
}

impl Model {
    fn workload(&self) -> String {
        format!("{}/{WORKLOAD}", self.name)
    }

    fn is_fitted_by(&self, fitted: &Fitted) -> bool {
        let bends = fitted.bends();
        let lie = bends.iter().zip(self.bends).all(|(bend, (low, high))| low < bend && bend < high);
        fitted.law == self.law && bends.len() == self.bends.len() && lie
    }

    /// What is said of the quantity that the harmful change breaks, if it regressed.
    fn broken_in(&self, check: &CheckFile) -> Option<String> {
        let workload = self.workload();
        let mut found = findings::of_metric(check, Metric::Instructions, Some(&workload));
        let is_broken = |outcome, quantity| outcome == Outcome::Regressed && self.broken.contains(&quantity);
        found.find(|finding| is_broken(finding.outcome, finding.quantity)).map(|finding| finding.words.clone())
    }
}

/// What is read of the JSON of `scalegate fit`.
#[derive(Deserialize)]
struct Laws {
    fits: Vec<Fitted>,
}

#[derive(Deserialize)]
struct Fitted {
    workload: String,
    law: Class,
    parameters: Parameters,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Parameters {
    breakpoint: Option<Interval>,
}

#[derive(Deserialize)]
struct Step {
    place: Interval,
}

impl Fitted {
    /// The sizes of its steps, or that of its breakpoint.
    fn bends(&self) -> Vec<f64> {
        let steps = self.steps.iter().map(|step| step.place.estimate);
        steps.chain(self.parameters.breakpoint.map(|place| place.estimate)).collect()
    }
}

fn listed(pixels: &[f64]) -> String {
    pixels.iter().map(|pixels| format!("{pixels:.0}")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_maximum_is_another_value_of_one_key() {
        let [tiles, clamp] = MODELS.map(|model| harmful(&model));
        assert!(tiles.contains("  \"max_patches\": 24,\n") && !tiles.contains("12,\n"), "{tiles}");
        assert!(clamp.contains("  \"max_pixels\": 115200,\n"), "{clamp}");
    }

    #[test]
    fn a_benign_change_leaves_the_keys_that_count() {
        for model in MODELS {
            let of = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
            let (before, mut after) = (of(&json(model.settings.iter().copied())), of(&benign(&model)));
            after.as_object_mut().unwrap().remove("processor_class");
            assert_ne!(after["image_mean"], before["image_mean"]);
            after["image_mean"] = before["image_mean"].clone();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn the_suite_has_both_models_and_names_what_is_counted() {
        let table: toml::Table = suite_of(Path::new("/tmp/a \"b\"")).parse().unwrap();
        let names: Vec<&str> =
            table["model"].as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["tiles", "clamp"]);
        assert_eq!(table["model"][1]["path"].as_str(), Some("/tmp/a \"b\"/clamp"));
        assert_eq!(table["instructions"]["workload"][0]["resolutions"][8].as_str(), Some("336x336"));
    }

    #[test]
    fn a_law_is_right_if_its_bends_lie_where_they_belong() {
        let fitted = |law: &str, places: &[f64]| -> Fitted {
            let place = |at: &f64| serde_json::json!({"place": {"estimate": at, "lower": at, "upper": at}});
            let steps: Vec<serde_json::Value> = places.iter().map(place).collect();
            let text = serde_json::json!({"workload": "w", "law": law, "parameters": {}, "steps": steps});
            serde_json::from_value(text).unwrap()
        };
        let [tiles, _] = &MODELS;
        assert!(tiles.is_fitted_by(&fitted("staircase", &[16_000.0, 33_000.0])));
        assert!(!tiles.is_fitted_by(&fitted("staircase", &[16_000.0])));
        assert!(!tiles.is_fitted_by(&fitted("staircase", &[16_000.0, 70_000.0])));
        assert!(!tiles.is_fitted_by(&fitted("linear", &[])));
    }
}
