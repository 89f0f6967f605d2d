//! Products of full rank, which no budget chooses since they are larger than their weight: nothing may be lost in them.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, ModelProto};

use super::super::graph::{self, Weight};
use super::super::model::SPLITS;
use super::super::rewrite::Rewrite;
use super::super::tensor::{self, Stored};
use super::{Place, largest_difference};
use crate::compress::Cut;
use scalegate_suite::inference::{Passages, language_model_file, read_onnx};

fn logits(file: &Path) -> Vec<f32> {
    let model = Passages::with_logits(file).unwrap();
    let size = model.vocabulary() as i64;
    model.read(&[5, 80, 200, 3, 17, 9, 250, 31].map(|token| token % size)).unwrap().remove(0).values
}

/// The model in which every weight that the cut fits is a product of full rank, and how many these are.
fn factorised(mut model: ModelProto, cut: Cut) -> (ModelProto, usize) {
    let graph = model.graph.as_mut().unwrap();
    let weights = graph::weights(graph, true).unwrap();
    let is_gemm = |weight: &Weight, rewrite: &Rewrite| rewrite.graph().node[weight.node].op_type == "Gemm";
    let mut rewrite = Rewrite::new(graph);
    let mut products = 0;
    for weight in weights.iter().filter(|weight| weight.kept.is_none() && cut.fits(weight.shape)) {
        // A Gemm has matrices for inputs, which are not split.
        let rank = if is_gemm(weight, &rewrite) { 2 } else { 3 };
        if rank == 2 && cut != Cut::NONE {
            continue;
        }
        let matrix = tensor::matrix(&rewrite.graph().initializer[weight.initializer], weight.transposed).unwrap();
        let full = cut.spectrum(matrix.as_ref()).unwrap().len();
        let cores = cut.cores(matrix.as_ref(), full).unwrap();
        rewrite.replace(weight, cut, &cores, rank);
        products += 1;
    }
    rewrite.finish();
    (model, products)
}

/// Factorises the model in `file` beside it, and compares the logits.
fn check(file: &Path, cut: Cut) -> usize {
    let original = read_onnx(file).unwrap();
    let dense = |model: &ModelProto| graph::weights(model.graph.as_ref().unwrap(), true).unwrap().len();
    let before = dense(&original);
    let (model, products) = factorised(original, cut);
    let out = file.with_file_name("factorised.onnx");
    fs::write(&out, model.encode_to_vec()).unwrap();
    if cut == Cut::NONE {
        assert_eq!(dense(&model), before + products, "each product is two weights");
    }
    let difference = largest_difference(&logits(file), &logits(&out));
    assert!(difference <= 1e-4, "{cut:?}: {difference}");
    products
}

#[test]
fn a_product_of_full_rank_agrees_with_its_weight() {
    let place = Place::new();
    let file = language_model_file(&place.model).unwrap();
    for cut in std::iter::once(Cut::NONE).chain(SPLITS) {
        let products = check(&file, cut);
        assert!(products >= 4 * 7, "{cut:?}: {products} of four layers with seven weights each");
    }
}

/// A GPT-2, whose weights are those of `Gemm`, in a directory of its own.
fn gpt2(root: &Path) -> PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/families/gpt2/model.onnx");
    let file = root.join("model.onnx");
    fs::copy(fixture, &file).unwrap();
    file
}

#[test]
fn a_product_of_full_rank_agrees_behind_gemm_with_and_without_transb() {
    let root = tempfile::tempdir().unwrap();
    let file = gpt2(root.path());
    assert_eq!(check(&file, Cut::NONE), 2 * 4, "four weights in each of two layers");
    let original = logits(&file);
    let mut model = read_onnx(&file).unwrap();
    transpose_weights(&mut model);
    fs::write(&file, model.encode_to_vec()).unwrap();
    assert!(largest_difference(&original, &logits(&file)) <= 1e-5, "the same model, stored otherwise");
    assert_eq!(check(&file, Cut::NONE), 2 * 4);
}

/// Stores the weights of `Gemm` as `[n, m]`.
fn transpose_weights(model: &mut ModelProto) {
    let graph = model.graph.as_mut().unwrap();
    for weight in graph::weights(graph, true).unwrap() {
        if graph.node[weight.node].op_type != "Gemm" {
            continue;
        }
        let stored = &mut graph.initializer[weight.initializer];
        let turned = tensor::matrix(stored, true).unwrap();
        *stored = tensor::tensor(&stored.name.clone(), Stored::F32, turned.as_ref());
        let flag =
            AttributeProto { name: "transB".to_owned(), i: 1, r#type: AttributeType::Int as i32, ..Default::default() };
        graph.node[weight.node].attribute.push(flag);
    }
}
