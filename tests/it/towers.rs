//! Exports of vision towers in ONNX Runtime and in tract: the same features.
//!
//! `tests/fixtures/towers/make.py` made the exports, with random weights, and recorded ONNX Runtime's features.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use prost::Message;
use scalegate::Error;
use scalegate_suite::inference::Tower;
use scalegate_suite::inference::preprocess::{Geometry, Layout};
use serde::Deserialize;
use tract_onnx::pb::{GraphProto, ModelProto, ValueInfoProto};

use crate::support::towers::{difference, made_up};

/// Towers, and height and width of the recorded image.
const TOWERS: [(&str, [usize; 2]); 4] =
    [("clip", [56, 56]), ("siglip", [56, 56]), ("idefics3", [56, 56]), ("pixtral", [56, 84])];

/// On the difference of a feature from ONNX Runtime's, relative to the largest; `docs/models.md` has what was seen.
const TOLERANCE: f32 = 1e-5;

/// One image or tile.
fn image(height: usize, width: usize) -> Geometry {
    Geometry { rows: 1, cols: 1, layout: Layout::Images { count: 1, height, width } }
}

#[derive(Deserialize)]
struct Expected {
    pixel_values: Vec<usize>,
    features: Vec<usize>,
    values: Vec<f32>,
}

fn directory(tower: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/towers").join(tower)
}

fn load(tower: &str, geometry: Geometry) -> scalegate::Result<Tower> {
    Tower::load(&directory(tower), geometry, NonZeroUsize::MIN)
}

/// Prints the rows of the table in `docs/models.md`:
/// `cargo test --release --test it every_tower_agrees -- --nocapture`.
#[test]
fn every_tower_agrees_with_onnx_runtime() {
    for (name, [height, width]) in TOWERS {
        let text = std::fs::read_to_string(directory(name).join("expected.json")).unwrap();
        let expected: Expected = serde_json::from_str(&text).unwrap();
        let tower = load(name, image(height, width)).unwrap();
        assert_eq!(tower.shape(), expected.pixel_values);
        let features = tower.encode(&made_up(image(height, width))).unwrap();
        assert_eq!([features.tokens, features.hidden], expected.features[expected.features.len() - 2..]);
        let difference = difference(&features.values, &expected.values);
        eprintln!("| {name} | {difference:.1e} |");
        assert!(difference <= TOLERANCE, "{name} differs by {difference:e}");
    }
}

#[test]
fn an_image_of_another_size_than_the_export_is_refused_with_both_shapes() {
    let error = load("idefics3", image(112, 56)).unwrap_err();
    assert!(error.cause().contains("pixel_values is [1, 1, 3, 56, 56]"), "{error}");
    assert!(error.cause().contains("cannot be [1, 1, 3, 112, 56]"), "{error}");
}

#[test]
fn a_graph_that_takes_any_size_but_has_positions_for_one_is_refused_with_the_shape() {
    let error = load("clip", image(112, 112)).unwrap_err();
    assert!(error.cause().contains("does not take pixel_values of the shape [1, 3, 112, 112]: cannot type"), "{error}");
    assert!(error.remedy().contains("export it anew for this size"), "{error}");
}

#[test]
fn a_graph_of_flattened_patches_needs_their_grid_and_images_need_none() {
    let patches = Geometry { rows: 4, cols: 4, layout: Layout::qwen2_vl(2) };
    let error = load("clip", patches).unwrap_err();
    let words =
        "pixel_values has 4 dimensions, but its preprocessor_config.json makes flattened patches, as of Qwen2-VL";
    assert!(error.cause().contains(words), "{error}");
    let error = load("../vlms/qwen2-vl", image(56, 56)).unwrap_err();
    let words = "pixel_values has 2 dimensions, but its preprocessor_config.json makes whole images or tiles";
    assert!(error.cause().contains(words), "{error}");
    let error = changed("../vlms/qwen2-vl/onnx", patches, |graph| graph.input.retain(|input| input.name != "grid_thw"));
    assert!(error.cause().contains("nothing makes grid_thw"), "{error}");
}

#[test]
fn a_whole_clip_is_refused_by_the_input_of_its_text() {
    let error = changed("clip", image(56, 56), |graph| {
        let ids = ValueInfoProto { name: "input_ids".to_owned(), ..graph.input[0].clone() };
        graph.input.push(ids);
    });
    let words = "nothing is known about the model's input input_ids; its inputs are: pixel_values, input_ids";
    assert!(error.cause().contains(words), "{error}");
}

#[test]
fn an_operator_that_is_not_known_is_named() {
    let error = changed("siglip", image(56, 56), |graph| {
        graph.node.iter_mut().find(|node| node.op_type == "Softmax").unwrap().op_type = "Sparsemax".to_owned();
    });
    assert!(error.cause().contains("Sparsemax"), "{error}");
}

/// What is said of a tower whose graph was changed.
#[track_caller]
fn changed(tower: &str, geometry: Geometry, change: impl FnOnce(&mut GraphProto)) -> Error {
    let place = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(directory(tower).join("vision_encoder.onnx")).unwrap();
    let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
    change(model.graph.as_mut().unwrap());
    std::fs::write(place.path().join("vision_model.onnx"), model.encode_to_vec()).unwrap();
    Tower::load(place.path(), geometry, NonZeroUsize::MIN).unwrap_err()
}

#[test]
fn a_language_model_is_no_tower() {
    let llama = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families/llama/model.onnx");
    let error = Tower::load(&llama, image(56, 56), NonZeroUsize::MIN).unwrap_err();
    assert!(error.cause().contains("no input pixel_values; its inputs are: input_ids"), "{error}");
}
