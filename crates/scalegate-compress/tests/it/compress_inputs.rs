//! `scalegate compress` with graphs of other kinds than those of the suite, and on a disk that is full.

use std::fs;
use std::path::Path;

use prost::Message;
use scalegate_suite::inference::Passages;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{AttributeProto, ModelProto, NodeProto, StringStringEntryProto};

use crate::support::{PROGRAM, Place, empty, family, lasting, reference, stderr, stdout};

/// A place with a GPT-2, whose weights are those of `Gemm`, changed by `change`.
fn gpt2(change: impl FnOnce(&mut ModelProto)) -> Place {
    let place = empty();
    let mut model = ModelProto::decode(&*fs::read(family("gpt2").join("model.onnx")).unwrap()).unwrap();
    change(&mut model);
    place.write("model/model.onnx", model.encode_to_vec());
    fs::copy(family("gpt2").join("config.json"), place.path("model/config.json")).unwrap();
    place
}

fn flag(name: &str) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i: 1, r#type: AttributeType::Int as i32, ..Default::default() }
}

fn gemms(model: &mut ModelProto) -> impl Iterator<Item = &mut NodeProto> {
    model.graph.as_mut().unwrap().node.iter_mut().filter(|node| node.op_type == "Gemm")
}

fn logits(file: &Path) -> Vec<f32> {
    let tokens: Vec<i64> = (1..20).collect();
    Passages::with_logits(file).unwrap().read(&tokens).unwrap().remove(0).values
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The files of a place, temporary ones too.
fn files(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path(".")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn quantised_weights_are_refused_with_the_operator_and_a_remedy() {
    let place = empty();
    let model = family("llama-4bit");
    let error = stderr(&place.scalegate(&format!("compress {} --out new --keep 0.5", model.display())).code(2));
    insta::assert_snapshot!(lasting(&error), @"
    error: [repository]/tests/fixtures/families/llama-4bit/model.onnx: its weights are quantised (MatMulNBits), and a product of factors can't be taken from rounded integers without losing twice
      help: compress a 32-bit or 16-bit float export, and quantise the result if need be
    ");
    assert!(files(&place).is_empty());
}

#[test]
fn weights_behind_gemm_are_compressed_the_same_however_they_are_stored() {
    let transposed = |model: &mut ModelProto| {
        let weights: Vec<String> = gemms(model).map(|node| node.input[1].clone()).collect();
        gemms(model).for_each(|node| node.attribute.push(flag("transB")));
        for tensor in model.graph.as_mut().unwrap().initializer.iter_mut().filter(|it| weights.contains(&it.name)) {
            let (rows, columns) = (tensor.dims[0] as usize, tensor.dims[1] as usize);
            let entry = |at: usize| tensor.raw_data[4 * at..4 * at + 4].to_vec();
            let turned = (0..columns).flat_map(|j| (0..rows).map(move |i| i * columns + j)).flat_map(entry).collect();
            tensor.raw_data = turned;
            tensor.dims.reverse();
        }
    };
    let compressed = [gpt2(|_| ()), gpt2(transposed)].map(|place| {
        let text = stdout(&place.scalegate("compress model --out small --rank 8 --all").success());
        let gemms: Vec<&str> = text.lines().filter(|line| line.contains("/Gemm ")).collect();
        assert!(gemms.len() == 8 && gemms.iter().all(|line| line.contains(" svd ")), "{text}");
        (logits(&place.path("model/model.onnx")), logits(&place.path("small/model.onnx")))
    });
    let [(plain, small), (turned, also_small)] = compressed;
    assert!(largest_difference(&plain, &turned) <= 1e-5, "the same model, stored otherwise");
    assert!(largest_difference(&small, &also_small) <= 1e-4);
    assert!(largest_difference(&plain, &small) > 1e-3, "something was lost");
}

#[test]
fn a_gemm_that_transposes_its_input_is_left_with_a_reason() {
    let place = gpt2(|model| {
        let graph = model.graph.as_mut().unwrap();
        let at = graph.node.iter().position(|node| node.op_type == "Gemm").unwrap();
        let gemm = &mut graph.node[at];
        let turn = NodeProto {
            name: "turn".to_owned(),
            op_type: "Transpose".to_owned(),
            input: vec![gemm.input[0].clone()],
            output: vec!["turned".to_owned()],
            ..Default::default()
        };
        gemm.input[0] = "turned".to_owned();
        gemm.attribute.push(flag("transA"));
        graph.node.insert(at, turn);
    });
    let text = stdout(&place.scalegate("compress model --out small --rank 8 --all").success());
    assert!(text.contains("left as it is: input is transposed"), "{text}");
    let file = place.path("small/model.onnx");
    assert!(logits(&file).iter().all(|logit| logit.is_finite()));
}

/// Copies the reference model to `model`, with its weights in a file of their own.
fn with_external_data(place: &Place) {
    let mut model = ModelProto::decode(&*fs::read(reference().join("onnx/model.onnx")).unwrap()).unwrap();
    let mut data = Vec::new();
    for tensor in model.graph.as_mut().unwrap().initializer.iter_mut().filter(|it| it.raw_data.len() > 1000) {
        let entry = |key: &str, value: String| StringStringEntryProto { key: key.to_owned(), value };
        tensor.external_data = vec![
            entry("location", "weights.bin".to_owned()),
            entry("offset", data.len().to_string()),
            entry("length", tensor.raw_data.len().to_string()),
        ];
        tensor.data_location = Some(DataLocation::External as i32);
        data.append(&mut tensor.raw_data);
    }
    place.write("model/onnx/model.onnx", model.encode_to_vec());
    place.write("model/onnx/weights.bin", data);
    for file in ["config.json", "tokenizer.json"] {
        fs::copy(reference().join(file), place.path("model").join(file)).unwrap();
    }
}

#[test]
fn weights_in_external_data_are_compressed_as_those_in_the_graph() {
    let place = empty();
    with_external_data(&place);
    place.scalegate("compress model --out outside --keep 0.4").success();
    place.scalegate(&format!("compress {} --out inside --keep 0.4", reference().display())).success();
    let [outside, inside] = ["outside", "inside"].map(|name| place.path(name).join("onnx/model.onnx"));
    assert_eq!(logits(&outside), logits(&inside));
    let data = fs::metadata(place.path("outside/onnx/model.onnx_data")).unwrap().len();
    assert!(data < fs::metadata(place.path("model/onnx/weights.bin")).unwrap().len());
    assert!(!place.path("outside/onnx/weights.bin").exists(), "the original's weights are of no use there");

    fs::remove_file(place.path("model/onnx/weights.bin")).unwrap();
    let error = stderr(&place.scalegate("compress model --out missing --keep 0.4").code(2));
    insta::assert_snapshot!(lasting(&error), @"
    error: model/onnx/model.onnx: the tensor model.embed_tokens.weight.f16: external data at weights.bin: No such file or directory (os error 2)
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    ");
    assert!(!place.path("missing").exists());
}

/// A file that may not grow is to the program what a full disk is: a write that fails.
#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_leaves_nothing_half_written() {
    let place = empty();
    with_external_data(&place);
    let before = files(&place);
    let inside = reference().display().to_string();
    // The settings that are copied first take 200 kB, the graph without its weights the same, its weights 2 MB and more.
    for (model, kib) in [("model", 16), ("model", 1024), (inside.as_str(), 1024)] {
        let line = format!("trap '' XFSZ; ulimit -f {kib}; exec {PROGRAM} compress {model} --out new --keep 0.9");
        let mut shell = assert_cmd::Command::new("bash");
        let error = stderr(&shell.current_dir(place.path(".")).args(["-c", &line]).assert().code(2));
        let told = error.splitn(3, ": ").last().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(told, @"
            cannot write the compressed model: File too large (os error 27)
              help: free space, or name another place; nothing was written
            ");
        }
        assert_eq!(files(&place), before, "{kib}");
    }
    place.scalegate("compress model --out new --keep 0.9").success();
}
