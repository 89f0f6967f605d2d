//! Sizes and pixels against those of `transformers` 4.57.6, by what `tests/fixtures/processors/make.py` recorded.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Preprocessor;

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
