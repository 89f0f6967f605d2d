//! Exports of vision towers in ONNX Runtime and in tract: the same features.
//!
//! `tests/fixtures/towers/make.py` made the exports, with random weights, and recorded ONNX Runtime's features.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use scalegate::inference::Tower;
use serde::Deserialize;

/// Towers, and the height and width of the recorded image.
const TOWERS: [(&str, [usize; 2]); 4] =
    [("clip", [56, 56]), ("siglip", [56, 56]), ("idefics3", [56, 56]), ("qwen2-vl", [4 * 14, 6 * 14])];

/// On the difference of a feature from ONNX Runtime's, relative to the largest; `docs/models.md` has what was seen.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Expected {
    pixel_values: Vec<usize>,
    features: Vec<usize>,
    values: Vec<f32>,
}

fn directory(tower: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/towers").join(tower)
}

fn load(tower: &str, size: [usize; 2]) -> scalegate::Result<Tower> {
    Tower::load(&directory(tower), size, NonZeroUsize::MIN)
}

/// Prints the rows of the table in `docs/models.md`:
/// `cargo test --release --test it every_tower_agrees -- --nocapture`.
#[test]
fn every_tower_agrees_with_onnx_runtime() {
    for (name, size) in TOWERS {
        let text = std::fs::read_to_string(directory(name).join("expected.json")).unwrap();
        let expected: Expected = serde_json::from_str(&text).unwrap();
        let tower = load(name, size).unwrap();
        assert_eq!(tower.shape(), expected.pixel_values);
        let count = tower.shape().iter().product();
        let pixels: Vec<f32> = (0..count).map(|i: usize| ((i * 7 % 255) as f64 / 127.5 - 1.0) as f32).collect();
        let image = tower.encode(&pixels).unwrap();
        assert_eq!([image.tokens, image.hidden], expected.features[expected.features.len() - 2..]);
        assert!(image.values.iter().chain(&expected.values).all(|value| value.is_finite()));
        let largest = expected.values.iter().map(|value| value.abs()).fold(0.0, f32::max);
        let differences = image.values.iter().zip(&expected.values).map(|(a, b)| (a - b).abs());
        let difference = differences.fold(0.0, f32::max) / largest;
        eprintln!("| {name} | {difference:.1e} |");
        assert!(difference <= TOLERANCE, "{name} differs by {difference:e}");
    }
}

#[test]
fn an_image_of_another_size_than_the_export_is_refused_with_both_shapes() {
    let error = load("idefics3", [112, 56]).unwrap_err();
    assert!(error.cause().contains("pixel_values is [1, 1, 3, 56, 56]"), "{error}");
    assert!(error.cause().contains("cannot be [1, 1, 3, 112, 56]"), "{error}");
    let error = load("qwen2-vl", [56, 57]).unwrap_err();
    assert!(error.cause().contains("56×57 pixels is no grid of patches of 14×14"), "{error}");
}

#[test]
fn a_language_model_is_no_tower() {
    let llama = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families/llama/model.onnx");
    let error = Tower::load(&llama, [56, 56], NonZeroUsize::MIN).unwrap_err();
    assert!(error.cause().contains("no input pixel_values; its inputs are: input_ids"), "{error}");
}
