//! Compressed models against their originals.

mod full_rank;

use std::fs;
use std::path::{Path, PathBuf};

use crate::lowrank::Cores;
use tract_onnx::pb::TensorProto;

use super::{Budget, Cut, Method, Options, Summary, compress};
use scalegate::Result;
use scalegate_suite::inference::{Passages, language_model_file, read_onnx};
use scalegate_suite::models::materialise_llm;
use scalegate_suite::suite::LlmSpec;

/// A model of four layers in a directory of its own.
struct Place {
    root: tempfile::TempDir,
    model: PathBuf,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let spec = LlmSpec { layers: 4, ..LlmSpec::test() };
        let model = materialise_llm(&spec, 1, root.path()).unwrap().path;
        Self { root, model }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn compress(&self, name: &str, method: Method, budget: Budget) -> Result<Summary> {
        let options = Options { method, budget, all: false, calibration: Vec::new() };
        compress(&self.model, &self.out(name), &options, &mut |_, _, _| {})
    }
}

fn logits(dir: &Path) -> Vec<f32> {
    let model = Passages::with_logits(&language_model_file(dir).unwrap()).unwrap();
    model.read(&[5, 80, 200, 3, 17, 9, 250, 31]).unwrap().remove(0).values
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn with_all_parameters_every_weight_stays_and_agrees_with_the_original() {
    // What a product of full rank gives is in `full_rank`.
    let place = Place::new();
    let summary = place.compress("all", Method::Auto, Budget::Keep(1.0)).unwrap();
    assert_eq!(summary.parameters_before, summary.parameters_after);
    assert!(largest_difference(&logits(&place.out("all")), &logits(&place.model)) <= 1e-4);
}

/// Makes the weights of a model such as its compressed form stands for: the products written out.
fn write_out_products(original: &Path, compressed: &Path, summary: &Summary) {
    let (from, file) = (language_model_file(compressed).unwrap(), language_model_file(original).unwrap());
    let (from, mut to) = (read_onnx(&from).unwrap().graph.unwrap(), read_onnx(&file).unwrap());
    let graph = to.graph.as_mut().unwrap();
    for row in &summary.rows {
        let Ok(product) = row.outcome else { continue };
        let node = graph.node.iter().find(|node| node.name == row.name).unwrap();
        let core = |part: &str| {
            let name = format!("{}/{part}.weight", node.output[0]);
            let tensor: &TensorProto = from.initializer.iter().find(|tensor| tensor.name == name).unwrap();
            super::tensor::matrix(tensor, false).unwrap()
        };
        let dense = Cores { first: core("first"), second: core("second") }.product(product.cut);
        let at = graph.initializer.iter().position(|tensor| tensor.name == node.input[1]).unwrap();
        let name = graph.initializer[at].name.clone();
        graph.initializer[at] = super::tensor::tensor(&name, super::tensor::Stored::F32, dense.as_ref());
    }
    fs::write(file, prost::Message::encode_to_vec(&to)).unwrap();
}

#[test]
fn products_run_as_the_weights_that_they_stand_for() {
    for method in [Method::Svd, Method::Mpo, Method::Auto] {
        let place = Place::new();
        let summary = place.compress("small", method, Budget::Keep(0.5)).unwrap();
        let products: Vec<Cut> = summary.rows.iter().filter_map(|row| Some(row.outcome.ok()?.cut)).collect();
        assert!(!products.is_empty() && summary.parameters_after < summary.parameters_before);
        assert!(products.iter().all(|&cut| match method {
            Method::Svd => cut == Cut::NONE,
            Method::Mpo => cut != Cut::NONE,
            Method::Auto => true,
        }));
        let original = logits(&place.model);
        let compressed = logits(&place.out("small"));
        assert!(largest_difference(&original, &compressed) > 1e-3, "something was lost");
        write_out_products(&place.model, &place.out("small"), &summary);
        let dense = logits(&place.model);
        assert!(largest_difference(&dense, &compressed) <= 1e-4, "{}", largest_difference(&dense, &compressed));
    }
}

#[test]
fn every_split_runs_as_the_weight_that_it_stands_for() {
    // A rank for all weights takes the best split of each; one method alone would not show all splits.
    for cut in super::model::SPLITS {
        let place = Place::new();
        let options = Options { method: Method::Mpo, budget: Budget::Rank(3), all: true, calibration: Vec::new() };
        let out = place.out("small");
        let summary = super::model::compress_with(&place.model, &out, &options, &[cut], &mut |_, _, _| {}).unwrap();
        assert!(summary.rows.iter().any(|row| row.outcome.is_ok_and(|product| product.cut == cut)));
        let compressed = logits(&out);
        write_out_products(&place.model, &out, &summary);
        let dense = logits(&place.model);
        assert!(
            largest_difference(&dense, &compressed) <= 1e-4,
            "{cut:?}: {}",
            largest_difference(&dense, &compressed)
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let place = Place::new();
    for name in ["one", "two"] {
        place.compress(name, Method::Auto, Budget::Keep(0.4)).unwrap();
    }
    let bytes = |name: &str| fs::read(place.out(name).join("onnx/model.onnx")).unwrap();
    assert!(bytes("one") == bytes("two"));
    assert!(bytes("one").len() < fs::metadata(place.model.join("onnx/model.onnx")).unwrap().len() as usize);
    assert!(place.out("one").join("config.json").is_file());
    assert!(!place.out("one").join("SHA256SUMS").exists(), "the hashes of the original are none of its own");
}

#[test]
fn calibration_loses_less_where_inputs_lie() {
    let place = Place::new();
    let calibration: Vec<Vec<i64>> =
        (0..20).map(|row| (0..32).map(|token| (row * 131 + token * token * 7 + token * 29) % 256).collect()).collect();
    let plain = Options { method: Method::Svd, budget: Budget::Keep(0.4), all: false, calibration: Vec::new() };
    let calibrated = Options { calibration: calibration.clone(), ..plain.clone() };
    let original = Passages::with_logits(&language_model_file(&place.model).unwrap()).unwrap();
    let lost = |name: &str, options: &Options| {
        compress(&place.model, &place.out(name), options, &mut |_, _, _| {}).unwrap();
        let model = Passages::with_logits(&language_model_file(&place.out(name)).unwrap()).unwrap();
        let squares = calibration.iter().map(|passage| {
            let (a, b) = (original.read(passage).unwrap().remove(0), model.read(passage).unwrap().remove(0));
            a.values.iter().zip(&b.values).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
        });
        squares.sum::<f64>()
    };
    let (plain, calibrated) = (lost("plain", &plain), lost("calibrated", &calibrated));
    assert!(calibrated < plain, "{calibrated} against {plain}");
}

#[test]
fn a_compressed_model_can_be_compressed_again() {
    let place = Place::new();
    place.compress("once", Method::Svd, Budget::Keep(0.6)).unwrap();
    let options = Options { method: Method::Svd, budget: Budget::Rank(2), all: true, calibration: Vec::new() };
    compress(&place.out("once"), &place.out("twice"), &options, &mut |_, _, _| {}).unwrap();
    assert!(logits(&place.out("twice")).iter().all(|logit| logit.is_finite()));
}

#[test]
fn what_cannot_be_compressed_is_refused_and_leaves_nothing() {
    let place = Place::new();
    for budget in [Budget::Keep(0.0), Budget::Keep(1.5), Budget::Keep(f64::NAN), Budget::Error(1.0), Budget::Rank(0)] {
        assert!(place.compress("none", Method::Svd, budget).unwrap_err().cause().contains("range"));
    }
    fs::create_dir(place.out("full")).unwrap();
    fs::write(place.out("full").join("file"), "text").unwrap();
    let error = place.compress("full", Method::Svd, Budget::Keep(0.5)).unwrap_err();
    assert!(error.cause().contains("not an empty directory"));
    let elsewhere = Place { model: place.out("nowhere"), root: tempfile::tempdir().unwrap() };
    assert!(elsewhere.compress("none", Method::Svd, Budget::Keep(0.5)).is_err());
    assert_eq!(fs::read_dir(elsewhere.root.path()).unwrap().count(), 0);
    assert!(!place.out("none").exists());
}
