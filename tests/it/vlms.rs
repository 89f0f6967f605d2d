//! Exports of vision-language models in three files, in ONNX Runtime and in tract: the same features and logits.
//!
//! `tests/fixtures/vlms/make.py` made the exports, with random weights, and recorded what ONNX Runtime computes.

use std::num::NonZeroUsize;
use std::path::Path;

use scalegate_suite::inference::preprocess::{Geometry, Layout};
use scalegate_suite::inference::{Language, Tower, VisionFiles};
use serde::Deserialize;

use crate::support::towers::{difference, made_up};

const MODELS: [&str; 2] = ["smolvlm", "qwen2-vl"];

/// On the difference from ONNX Runtime's, relative to the largest; `docs/models.md` has what was seen.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Case {
    rows: usize,
    cols: usize,
    /// Of 56×56 pixels; absent of a grid of patches.
    tiles: Option<usize>,
    tokens: usize,
    features: Vec<f32>,
    text: Vec<i64>,
    logits: Vec<f32>,
}

impl Case {
    fn geometry(&self) -> Geometry {
        let layout = self.tiles.map_or(Layout::qwen2_vl(2), |count| Layout::Images { count, height: 56, width: 56 });
        Geometry { rows: self.rows, cols: self.cols, layout }
    }
}

/// Prints the rows of the table in `docs/models.md`:
/// `cargo test --release --test it onnx_runtime -- --nocapture`.
#[test]
fn every_vlm_agrees_with_onnx_runtime() {
    for name in MODELS {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vlms").join(name);
        let text = std::fs::read_to_string(directory.join("expected.json")).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        let language = Language::load(&VisionFiles::find(&directory), &directory, NonZeroUsize::MIN).unwrap();
        let (mut features, mut logits) = (0.0f32, 0.0f32);
        for case in cases {
            let pixels = made_up(case.geometry());
            let tower = Tower::load(&directory, case.geometry(), NonZeroUsize::MIN).unwrap();
            let image = tower.encode(&pixels).unwrap();
            assert_eq!(image.tokens, case.tokens);
            features = features.max(difference(&image.values, &case.features));
            let found = language.prompt(&tower, &pixels, &case.text).unwrap();
            logits = logits.max(difference(found.values(), &case.logits));
        }
        eprintln!("| {name} | {features:.1e} | {logits:.1e} |");
        assert!(features <= TOLERANCE && logits <= TOLERANCE, "{name}: features {features:e}, logits {logits:e}");
    }
}

#[test]
fn a_text_is_not_empty_and_has_no_image_token() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vlms/smolvlm");
    let tile = Geometry { rows: 1, cols: 1, layout: Layout::Images { count: 1, height: 56, width: 56 } };
    let tower = Tower::load(&directory, tile, NonZeroUsize::MIN).unwrap();
    let language = Language::load(&VisionFiles::find(&directory), &directory, NonZeroUsize::MIN).unwrap();
    for text in [&[][..], &[3, language.image_token()]] {
        let error = language.prompt(&tower, &made_up(tile), text).unwrap_err();
        assert!(error.cause().contains("the text is empty, or has the image token 90"), "{error}");
    }
    let grid = Geometry { rows: 2, cols: 2, layout: Layout::qwen2_vl(2) };
    let error = language.prompt(&tower, &made_up(grid), &[3]).unwrap_err();
    assert!(
        error.cause().contains("pixel values [4, 1176] in 2×2 for a tower that takes [1, 3, 56, 56] in 1×1"),
        "{error}"
    );
}
