//! Vision models of the user: named in `suite.toml`, measured, and refused by name where they do not fit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use prost::Message;
use scalegate::workload::WorkloadName;
use scalegate::{Error, Prepared};
use scalegate_suite::suite::Suite;
use scalegate_suite::workload::Registry;
use serde_json::Value;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::type_proto::Value as Kind;
use tract_onnx::pb::{GraphProto, ModelProto, ValueInfoProto};

use crate::support::bench::{ANYTHING_GOES, SUITE};
use crate::support::{Place, stdout};

/// Both sides multiples of 28, near 4:3 below the clamp of the Qwen2-VL fixture (50,176 pixels) and at 9:7 above it, so that
/// rounding moves no size; all of them are 2 × 2 tiles and the whole for SmolVLM.
const RESOLUTIONS: &str =
    r#"["56x56", "84x56", "112x84", "140x112", "168x140", "224x168", "252x196", "378x294", "504x392"]"#;
const CLAMP: f64 = 50_176.0;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// The tiny suite with the workloads `vlm/…` at [`RESOLUTIONS`].
fn suite(more: &str) -> String {
    let (head, _) = SUITE.split_once("[[workload]]").unwrap();
    let workloads = ["preprocess", "encode", "prompt"]
        .map(|phase| format!("[[workload]]\nname = \"vlm/{phase}\"\nresolutions = {RESOLUTIONS}\n"));
    format!("{head}{}{ANYTHING_GOES}{more}", workloads.concat())
}

/// `[[model]]`.
fn model(name: &str, path: &Path, phases: &[&str]) -> String {
    let workloads: Vec<String> = phases.iter().map(|phase| format!("\"vlm/{phase}\"")).collect();
    format!("[[model]]\nname = \"{name}\"\npath = \"{}\"\nworkloads = [{}]\n", path.display(), workloads.join(", "))
}

/// A copy of a fixture, to be spoilt.
struct Mine(Place);

impl Mine {
    fn of(path: &str) -> Self {
        let place = Place::new();
        let mut open = vec![fixture(path)];
        while let Some(directory) = open.pop() {
            for file in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                if file.is_dir() {
                    open.push(file);
                } else {
                    let name = file.strip_prefix(fixture(path)).unwrap();
                    place.write(&format!("mine/{}", name.display()), std::fs::read(&file).unwrap());
                }
            }
        }
        Self(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path("mine").join(name)
    }

    fn without(self, name: &str) -> Self {
        std::fs::remove_file(self.path(name)).unwrap();
        self
    }

    fn with(self, name: &str, content: &str) -> Self {
        self.0.write(&format!("mine/{name}"), content);
        self
    }

    /// With another graph.
    fn changed(self, name: &str, change: impl FnOnce(&mut GraphProto)) -> Self {
        let mut model = ModelProto::decode(std::fs::read(self.path(name)).unwrap().as_slice()).unwrap();
        change(model.graph.as_mut().unwrap());
        std::fs::write(self.path(name), model.encode_to_vec()).unwrap();
        self
    }

    /// One size of a phase.
    fn prepare(&self, path: &str, phase: &str, size: u64) -> scalegate::Result<Box<dyn Prepared>> {
        let suite = suite(&model("mine", &self.path(path), &[phase]));
        let suite = Suite::parse(Path::new("suite.toml"), &suite).unwrap();
        let workloads = Registry::all(&suite).unwrap();
        let name = format!("mine/vlm/{phase}");
        workloads.iter().find(|workload| workload.name() == name).unwrap().prepare(size)
    }

    /// What is said when the phase is prepared and run.
    #[track_caller]
    fn refused(&self, phase: &str) -> Error {
        self.prepare("", phase, 112 * 84).and_then(|mut prepared| prepared.run()).unwrap_err()
    }
}

#[test]
fn three_user_models_are_run_fitted_accepted_and_checked() {
    let towers = ["preprocess", "encode"];
    let models = [
        ("clip", "towers/clip", &towers[..]),
        ("smolvlm", "vlms/smolvlm", &["preprocess", "encode", "prompt"]),
        ("qwen", "vlms/qwen2-vl", &["encode", "prompt"]),
    ];
    let place = Place::new();
    let listed = models.map(|(name, path, phases)| model(name, &fixture(path), phases)).concat();
    place.write("suite.toml", suite(&listed));
    place.run(&["vlm"], "--rounds 5").success();
    let workloads: BTreeSet<WorkloadName> = models
        .iter()
        .flat_map(|(name, _, phases)| phases.iter().map(move |phase| format!("{name}/vlm/{phase}").into()))
        .chain(["preprocess", "encode", "prompt"].map(|phase| format!("vlm/{phase}").into()))
        .collect();
    let run = place.record();
    assert_eq!(run.series.iter().map(|series| series.workload.clone()).collect::<BTreeSet<_>>(), workloads);
    let clamp = |name: &str| run.provenance.subject.get(&format!("model.{name}.expected_knee")).cloned();
    assert_eq!(clamp("qwen"), Some(CLAMP.to_string()));
    assert_eq!(clamp("smolvlm"), None, "its input has one size");
    // Times that were really measured may follow no law on a busy machine.
    let laws: Value = serde_json::from_str(&stdout(&place.scalegate("fit --format json").code(vec![0, 3]))).unwrap();
    for fit in laws["fits"].as_array().unwrap() {
        let expected = fit["workload"].as_str().unwrap().starts_with("qwen/").then_some(CLAMP);
        let is_of_the_user = fit["workload"].as_str().unwrap().matches('/').count() == 2;
        assert!(!is_of_the_user || fit["expected_knee"].as_f64() == expected, "{fit}");
    }
    place.scalegate("accept --reason first").success();
    let verdict = stdout(&place.scalegate("check").code(vec![0, 3]));
    for workload in &workloads {
        assert!(verdict.contains(workload.as_str()), "{workload}: {verdict}");
    }
}

#[test]
fn a_graph_may_be_named_by_its_file_and_the_others_have_the_same_form() {
    let mine = Mine::of("vlms/smolvlm");
    for name in ["vision_encoder", "decoder_model_merged"] {
        std::fs::rename(mine.path(&format!("onnx/{name}.onnx")), mine.path(&format!("onnx/{name}_q4.onnx"))).unwrap();
    }
    mine.prepare("onnx/vision_encoder_q4.onnx", "prompt", 112 * 84).unwrap().run().unwrap();
    let tower = Mine::of("towers/siglip");
    std::fs::rename(tower.path("vision_encoder.onnx"), tower.path("model.onnx")).unwrap();
    tower.prepare("", "encode", 112 * 84).unwrap().run().unwrap();
}

#[test]
fn sizes_that_become_one_input_have_one_cost_and_others_a_plan_each() {
    for (path, phase) in [("towers/pixtral", "encode"), ("vlms/qwen2-vl", "prompt"), ("vlms/smolvlm", "prompt")] {
        let mine = Mine::of(path);
        for size in [56 * 56, 112 * 84, 504 * 392] {
            mine.prepare("", phase, size).unwrap().run().unwrap();
        }
    }
}

#[test]
fn preprocessing_needs_no_graph_and_its_file_is_named_when_it_is_missing() {
    let mine = Mine::of("towers/clip").without("vision_encoder.onnx");
    mine.prepare("", "preprocess", 112 * 84).unwrap().run().unwrap();
    let error = mine.refused("encode");
    assert!(error.place().ends_with("onnx/vision_encoder.onnx"), "{error}");
    assert!(error.cause().contains("cannot read the model"), "{error}");
    let error = Mine::of("towers/clip").without("preprocessor_config.json").refused("encode");
    assert!(error.place().ends_with("mine/preprocessor_config.json"), "{error}");
    assert!(error.remedy().contains("give a model directory with a readable preprocessor_config.json"), "{error}");
}

#[test]
fn a_preprocessor_for_another_size_is_refused_with_both_shapes() {
    let config = r#"{"image_processor_type": "Idefics3ImageProcessor", "size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 64}}"#;
    let error = Mine::of("towers/idefics3").with("preprocessor_config.json", config).refused("encode");
    assert!(error.cause().contains("is [1, 1, 3, 56, 56], and cannot be [1, 1, 3, 64, 64]"), "{error}");
}

#[test]
fn a_prompt_without_its_three_files_is_refused_by_the_one_that_is_missing() {
    let error = Mine::of("towers/clip").refused("prompt");
    assert!(error.place().ends_with("onnx/decoder_model_merged.onnx"), "{error}");
    assert!(error.remedy().contains("leave vlm/prompt out"), "{error}");
    let error = Mine::of("vlms/smolvlm").without("onnx/embed_tokens.onnx").refused("prompt");
    assert!(error.place().ends_with("onnx/embed_tokens.onnx"), "{error}");
}

#[test]
fn another_number_of_features_than_of_image_tokens_is_refused_with_both() {
    let mine = Mine::of("vlms/smolvlm").with("processor_config.json", r#"{"image_seq_len": 5}"#);
    let error = mine.refused("prompt");
    let words =
        "20 features of an image that has 25 image tokens (processor_config.json: image_seq_len 5, for 5 of them)";
    assert!(error.cause().contains(words), "{error}");
}

#[test]
fn a_configuration_without_an_image_token_is_refused() {
    let error = Mine::of("vlms/smolvlm").with("config.json", "{}").refused("prompt");
    assert!(error.place().ends_with("mine/config.json"), "{error}");
    assert!(error.cause().contains("neither image_token_id nor image_token_index"), "{error}");
    let error = Mine::of("vlms/smolvlm").with("config.json", "{").refused("prompt");
    assert!(error.cause().contains("line 1"), "{error}");
}

#[test]
fn a_decoder_with_a_branch_for_its_cache_is_refused_by_the_inputs_name() {
    let mine = Mine::of("vlms/smolvlm").changed("onnx/decoder_model_merged.onnx", |graph| {
        let branch = ValueInfoProto { name: "use_cache_branch".to_owned(), ..graph.input[1].clone() };
        graph.input.push(branch);
    });
    let error = mine.refused("prompt");
    assert!(error.cause().contains("nothing is known about the model's input use_cache_branch"), "{error}");
}

#[test]
fn positions_along_another_number_of_axes_are_refused_with_their_shape() {
    let mine = Mine::of("vlms/qwen2-vl").changed("onnx/decoder_model_merged.onnx", |graph| {
        let positions = graph.input.iter_mut().find(|input| input.name == "position_ids").unwrap();
        *dims(positions)[0] = Dim::DimValue(4);
    });
    let error = mine.refused("prompt");
    assert!(error.cause().contains("position_ids is [4, 1, sequence_length] instead of [3, 1, sequence]"), "{error}");
}

#[test]
fn features_of_another_width_than_the_text_are_refused_with_both() {
    let mine = Mine::of("vlms/smolvlm").changed("onnx/embed_tokens.onnx", |graph| {
        let (tokens, width) = (graph.initializer[0].dims[0], graph.initializer[0].dims[1]);
        graph.initializer[0].dims = vec![tokens * 2, width / 2];
        *dims(&mut graph.output[0])[2] = Dim::DimValue(width / 2);
    });
    let error = mine.refused("prompt");
    assert!(error.cause().contains("[1, 36, 16], but features are 32 wide"), "{error}");
}

/// The dimensions of an input or output.
fn dims(value: &mut ValueInfoProto) -> Vec<&mut Dim> {
    let Some(Kind::TensorType(tensor)) = value.r#type.as_mut().and_then(|kind| kind.value.as_mut()) else {
        return Vec::new();
    };
    tensor.shape.as_mut().unwrap().dim.iter_mut().map(|dim| dim.value.as_mut().unwrap()).collect()
}
