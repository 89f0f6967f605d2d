//! Sizes and pixels against those of `transformers` 4.57.6, by what `make.py` and `tiled.py` in `tests/fixtures/processors` recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{Preprocessor, rgb};
use crate::mutate::damaged;

#[derive(Deserialize)]
struct Sizes {
    sizes: Vec<(u32, u32)>,
    configs: Vec<SizeConfig>,
}

#[derive(Deserialize)]
struct SizeConfig {
    name: String,
    config: Value,
    /// The shape of the pixel values, then rows and columns of the grid; nothing for a refused image.
    outputs: Vec<Option<Vec<usize>>>,
    /// Tokens of the image, where the image processor decides about them.
    #[serde(default)]
    tokens: Vec<Option<usize>>,
    /// Width and height of the image in its canvas, where it has one.
    #[serde(default)]
    fitted: Vec<Option<(u32, u32)>>,
    /// The place of the first size, of which every fourth one follows; without it, there are all sizes.
    first: Option<usize>,
}

impl SizeConfig {
    /// Where a size that transformers recorded has another output here, and how many sizes were compared.
    fn differences(&self, sizes: &[(u32, u32)]) -> (usize, Vec<String>) {
        let preprocessor = preprocessor(&self.config);
        let step = if self.first.is_some() { 4 } else { 1 };
        let sizes: Vec<_> = sizes.iter().skip(self.first.unwrap_or(0)).step_by(step).collect();
        assert_eq!(self.outputs.len(), sizes.len(), "{}", self.name);
        let mut differences = Vec::new();
        for (index, (&&(width, height), expected)) in sizes.iter().zip(&self.outputs).enumerate() {
            let got = preprocessor.geometry(width, height).ok();
            let got = got.map(|geometry| [geometry.shape(), vec![geometry.rows, geometry.cols]].concat());
            let tokens = preprocessor.expected_tokens(width, height).ok().flatten();
            let expected_tokens = self.tokens.get(index).copied().flatten();
            let fitted = self.fitted.get(index).copied().flatten();
            if got != *expected
                || expected_tokens.is_some_and(|expected| tokens != Some(expected))
                || fitted.is_some_and(|fitted| preprocessor.rule.fitted(width, height) != Some(fitted))
            {
                differences.push(format!(
                    "{}: {width}×{height}: {got:?} and not {expected:?}, {tokens:?} tokens and not {expected_tokens:?}, in the \
                     canvas {:?} and not {fitted:?}",
                    self.name,
                    preprocessor.rule.fitted(width, height)
                ));
            }
        }
        (sizes.len(), differences)
    }
}

#[derive(Deserialize)]
struct PixelCase {
    name: String,
    filter: String,
    picture: String,
    config: Value,
    shape: Vec<usize>,
    grid: (usize, usize),
    stride: usize,
    count: usize,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/processors").join(name)
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    serde_json::from_slice(&std::fs::read(fixture(name)).unwrap()).unwrap()
}

fn preprocessor(config: &Value) -> Preprocessor {
    Preprocessor::from_json("preprocessor_config.json", &config.to_string()).unwrap()
}

/// The files of sizes.
const SIZES: [&str; 3] = ["sizes.json", "tiled_sizes.json", "drawn.json"];

/// Prints the table of `docs/evidence/preprocessing.md`, with `-- --nocapture`.
#[test]
#[expect(clippy::print_stdout, reason = "the table is what the command is run for")]
fn sizes_grids_tokens_and_refusals_are_those_of_transformers() {
    // Configurations that models ship, drawn ones, sizes, refused ones, and different ones.
    let mut rows: BTreeMap<String, [usize; 5]> = BTreeMap::new();
    let mut all = Vec::new();
    for file in SIZES {
        let Sizes { sizes, configs } = read(file);
        assert!(sizes.len() >= 215);
        for config in configs {
            let (compared, differences) = config.differences(&sizes);
            let name = config.config["image_processor_type"].as_str().unwrap();
            let row = rows.entry(name.trim_end_matches("Fast").to_owned()).or_default();
            row[usize::from(config.first.is_some())] += 1;
            row[2] += compared;
            row[3] += config.outputs.iter().filter(|output| output.is_none()).count();
            row[4] += differences.len();
            all.extend(differences);
        }
    }
    println!("| processor | configurations | sizes | of them refused | equal |\n|---|---|---|---|---|");
    for (name, [shipped, drawn, sizes, refused, different]) in &rows {
        println!("| `{name}` | {shipped} + {drawn} drawn | {sizes} | {refused} | {} |", sizes - different);
        assert!(*drawn >= 10 || name == "SmolVLMImageProcessor", "{name}");
    }
    let [sizes, refused] = [2, 3].map(|column| rows.values().map(|row| row[column]).sum::<usize>());
    println!("| in all | | {sizes} | {refused} | {} |", sizes - all.len());
    assert!(refused >= 100, "{refused} refused");
    assert!(all.is_empty(), "{} differ: {:#?}", all.len(), &all[..all.len().min(20)]);
}

/// 1/255 before the normalisation, on at least 99.9 % of the values of every case.
#[test]
fn pixels_are_those_of_transformers() {
    pixels("pixels", |_| 1);
}

/// The same; but on 98 % where torchvision resized with the bicubic filter, which is not quite Pillow's: three processors have no other kind.
#[test]
fn pixels_of_tiles_are_those_of_transformers() {
    let is_of_torchvision = |case: &PixelCase| case.config["image_processor_type"].as_str().unwrap().ends_with("Fast");
    pixels("tiled_pixels", |case| if is_of_torchvision(case) && case.filter == "bicubic" { 20 } else { 1 });
}

/// `of_thousand` is how many of a thousand values may be more than 1/255 away.
fn pixels(file: &str, of_thousand: impl Fn(&PixelCase) -> usize) {
    let binary = std::fs::read(fixture(&format!("{file}.bin"))).unwrap();
    let mut expected = binary.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let cases: Vec<PixelCase> = read(&format!("{file}.json"));
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let (mut values, mut equal, mut outside, mut worse) = (0, 0, 0, Vec::new());
    for case in cases {
        let encoded = std::fs::read(fixture(&case.picture)).unwrap();
        let preprocessor = preprocessor(&case.config);
        let got = preprocessor.run(&case.picture, &encoded).unwrap();
        let name = format!("{}, {}, {}", case.name, case.filter, case.picture);
        assert_eq!((got.shape(), (got.rows, got.cols)), (case.shape.clone(), case.grid), "{name}");
        assert_eq!(got.values.len(), got.shape().iter().product::<usize>(), "{name}");
        // Of the channel with the widest levels: differences are whole levels, and two of any channel are more than this.
        let level = preprocessor.levels.0.iter().map(|table| table[1] - table[0]).fold(0.0, f32::max);
        let picked: Vec<f32> = got.values.iter().copied().step_by(case.stride).collect();
        assert_eq!(picked.len(), case.count, "{name}");
        let differences: Vec<f32> = picked.iter().map(|got| (got - expected.next().unwrap()).abs()).collect();
        let far = differences.iter().filter(|&&difference| difference > 1.001 * level).count();
        if far * 1000 > case.count * of_thousand(&case) {
            worse.push(format!("{name}: {far} of {} values are more than 1/255 away", case.count));
        }
        values += case.count;
        equal += differences.iter().filter(|&&difference| difference < 0.001 * level).count();
        outside += far;
    }
    assert_eq!(expected.next(), None);
    assert!(worse.is_empty(), "{worse:#?}");
    assert!(equal * 100 >= values * 99, "{equal} of {values} values are equal, {outside} more than 1/255 away");
}

#[test]
fn damaged_configurations_are_errors_or_sound_but_no_panic() {
    let configs = ["sizes.json", "tiled_sizes.json"].map(|file| read::<Sizes>(file).configs).into_iter().flatten();
    let image = std::fs::read(fixture("tiny.png")).unwrap();
    let (mut refused, mut run) = (0, 0);
    for (seed, SizeConfig { config, .. }) in configs.enumerate() {
        for bytes in damaged(config.to_string().as_bytes(), seed as u64, 1000) {
            let text = String::from_utf8_lossy(&bytes);
            let Ok(preprocessor) = Preprocessor::from_json("preprocessor_config.json", &text) else {
                refused += 1;
                continue;
            };
            for (width, height) in [(1, 1), (12, 9), (8000, 6000), (1, 16_384), (16_384, 1)] {
                drop(preprocessor.geometry(width, height));
            }
            let size = preprocessor.geometry(12, 9).map(|geometry| geometry.shape().iter().product::<usize>());
            if size.is_ok_and(|size| size < 100_000) {
                drop(preprocessor.run("tiny.png", &image));
                run += 1;
            }
        }
    }
    assert!(refused > 5000 && run > 200, "{refused} refused, {run} run");
}

#[test]
fn damaged_images_are_errors_or_images_but_no_panic() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
    for name in ["cmyk.jpg", "gray.jpg", "progressive_420.jpg", "restart_420.jpg", "subsampled_422.jpg", "photo.png"] {
        let sound = std::fs::read(images.join(name)).unwrap();
        let refused = damaged(&sound, 3, 2000).filter(|bytes| rgb(name, bytes).is_err()).count();
        assert!(refused > 1000, "{refused} of {name} refused");
    }
}

#[test]
fn inputs_change_at_the_expected_knee_and_not_above_it() {
    let configs = ["sizes.json", "tiled_sizes.json"].map(|file| read::<Sizes>(file).configs).into_iter().flatten();
    let mut with_knee = BTreeMap::new();
    for SizeConfig { name, config, .. } in configs {
        let preprocessor = preprocessor(&config);
        // Ratios at which no side of Qwen2-VL's largest input is a whole number of blocks, where rounding decides.
        for (width, height) in [(4.0, 3.0), (3.0, 2.0), (10.0, 16.0)] {
            let values = |pixels: f64| {
                let scale = (pixels / (width * height)).sqrt();
                let geometry = preprocessor.geometry((width * scale) as u32, (height * scale) as u32).unwrap();
                geometry.shape().iter().product::<usize>() as f64
            };
            let (small, large) = match preprocessor.expected_knee(width / height) {
                Some(knee) => {
                    *with_knee.entry(name.clone()).or_insert(0) += 1;
                    // Phi-4-multimodal has fewer tiles above its knee than below.
                    let share = values(0.8 * knee) / values(1.1 * knee);
                    assert!(
                        !(0.97..=1.0).contains(&share),
                        "{name}: {width}:{height} is {share} of itself below {knee}"
                    );
                    (1.1 * knee, 4.0 * knee)
                }
                None => (1e4, 1e7),
            };
            let change = values(large) / values(small) - 1.0;
            assert!(change.abs() < 0.02, "{name}: {width}:{height} changes by {change} above the knee");
        }
    }
    for name in
        ["Qwen2-VL, defaults", "Pixtral", "Qwen3-VL", "GLM-4.1V", "LLaVA-1.6", "LFM2-VL", "Phi-4-multimodal", "Llama 4"]
    {
        assert_eq!(with_knee.get(name), Some(&3), "{name}: {with_knee:?}");
    }
    for name in ["CLIP", "SigLIP", "Idefics3", "Gemma 3", "SigLIP2", "InternVL3", "LFM2-VL, not split"] {
        assert_eq!(with_knee.get(name), None, "{name}: {with_knee:?}");
    }
}

#[test]
fn steps_are_where_the_number_of_images_jumps() {
    let configs = read::<Sizes>("tiled_sizes.json").configs;
    let find = |name: &str| preprocessor(&configs.iter().find(|config| config.name == name).unwrap().config);
    let steps = |name: &str, aspect: f64| {
        let steps = find(name).expected_steps(aspect);
        steps.iter().map(|step| ((step.pixels / aspect).sqrt() as u32, step.images)).collect::<Vec<_>>()
    };
    assert_eq!(steps("InternVL3", 1.0), [(634, 5), (951, 10)], "half of the pixels of four tiles, and of nine");
    assert_eq!(steps("InternVL3", 4.0 / 3.0), [], "only four by three is so wide");
    assert_eq!(steps("Llama 4", 1.0), [(337, 5), (673, 10), (1009, 17)]);
    assert_eq!(steps("LLaVA-1.6", 1.0), [(337, 5)], "two tiles, and then four, with the whole image");
    assert_eq!(steps("Gemma 3, pan and scan", 2.0), [(256, 3)]);
    assert_eq!(steps("SigLIP2", 1.5), []);
}
