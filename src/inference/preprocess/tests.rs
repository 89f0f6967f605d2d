//! Sizes and pixels against those of `transformers` 4.57.6, by what `tests/fixtures/processors/make.py` recorded.

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

#[test]
fn sizes_and_refusals_are_those_of_transformers() {
    let Sizes { sizes, configs } = read("sizes.json");
    assert!(sizes.len() >= 200 && configs.len() >= 13, "{} sizes, {} configurations", sizes.len(), configs.len());
    let mut refused = 0;
    for SizeConfig { name, config, outputs } in configs {
        let preprocessor = preprocessor(&config);
        assert_eq!(outputs.len(), sizes.len());
        for (&(width, height), expected) in sizes.iter().zip(outputs) {
            let got = preprocessor.geometry(width, height).ok();
            let got = got.map(|geometry| [geometry.shape(), vec![geometry.rows, geometry.cols]].concat());
            refused += usize::from(got.is_none());
            assert_eq!(got, expected, "{name}: {width}×{height}");
        }
    }
    assert!(refused >= 30, "{refused} refused");
}

/// 1/255 before the normalisation, on at least 99.9 % of the values of every case.
#[test]
fn pixels_are_those_of_transformers() {
    let binary = std::fs::read(fixture("pixels.bin")).unwrap();
    let mut expected = binary.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let cases: Vec<PixelCase> = read("pixels.json");
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let (mut values, mut equal, mut outside) = (0, 0, 0);
    for case in cases {
        let encoded = std::fs::read(fixture(&case.picture)).unwrap();
        let preprocessor = preprocessor(&case.config);
        let got = preprocessor.run(&case.picture, &encoded).unwrap();
        let name = format!("{}, {}, {}", case.name, case.filter, case.picture);
        assert_eq!((got.shape(), (got.rows, got.cols)), (case.shape, case.grid), "{name}");
        assert_eq!(got.values.len(), got.shape().iter().product::<usize>(), "{name}");
        // Of the channel with the widest levels: differences are whole levels, and two of any channel are more than this.
        let level = preprocessor.levels.0.iter().map(|table| table[1] - table[0]).fold(0.0, f32::max);
        let picked: Vec<f32> = got.values.iter().copied().step_by(case.stride).collect();
        assert_eq!(picked.len(), case.count, "{name}");
        let differences: Vec<f32> = picked.iter().map(|got| (got - expected.next().unwrap()).abs()).collect();
        let far = differences.iter().filter(|&&difference| difference > 1.001 * level).count();
        assert!(far * 1000 <= case.count, "{name}: {far} of {} values are more than 1/255 away", case.count);
        values += case.count;
        equal += differences.iter().filter(|&&difference| difference < 0.001 * level).count();
        outside += far;
    }
    assert_eq!(expected.next(), None);
    assert!(equal * 100 >= values * 99, "{equal} of {values} values are equal, {outside} more than 1/255 away");
}

#[test]
fn damaged_configurations_are_errors_or_sound_but_no_panic() {
    let Sizes { configs, .. } = read("sizes.json");
    let image = std::fs::read(fixture("tiny.png")).unwrap();
    let (mut refused, mut run) = (0, 0);
    for (seed, SizeConfig { config, .. }) in configs.iter().enumerate() {
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
fn inputs_grow_up_to_the_expected_knee_and_not_above_it() {
    let Sizes { configs, .. } = read("sizes.json");
    let mut with_knee = 0;
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
                    with_knee += 1;
                    assert!(values(0.8 * knee) < 0.97 * values(1.1 * knee), "{name}: {width}:{height} below {knee}");
                    (1.1 * knee, 4.0 * knee)
                }
                None => (1e4, 1e7),
            };
            let change = values(large) / values(small) - 1.0;
            assert!(change.abs() < 0.02, "{name}: {width}:{height} changes by {change} above the knee");
        }
    }
    assert_eq!(with_knee, 18, "Qwen2-VL and Pixtral have one, in three configurations and at three ratios");
}
