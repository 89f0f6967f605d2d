//! The inference core on generated models: numbers that must agree, and files that must be refused.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use scalegate_suite::inference::preprocess::{Layout, PixelValues};
use scalegate_suite::inference::{Llm, Logits, Vlm};
use scalegate_suite::models::{materialise_llm, materialise_vlm};
use scalegate_suite::suite::{LlmSpec, PATCH_VALUES, VlmSpec};

/// The project's bound on the difference between two ways to the same logits.
const TOLERANCE: f32 = 1e-4;

struct Models {
    _root: tempfile::TempDir,
    llm: PathBuf,
    vlm: PathBuf,
}

fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| {
        let root = tempfile::tempdir().unwrap();
        let llm = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap().path;
        let vlm = materialise_vlm(&VlmSpec::test(), 1, root.path()).unwrap().path;
        Models { _root: root, llm, vlm }
    })
}

fn tokens(count: usize) -> Vec<i64> {
    (0..count as i64).map(|token| (token * 37 + 11) % 256).collect()
}

#[track_caller]
fn assert_close(a: &Logits, b: &Logits) {
    assert_eq!(a.values().len(), b.values().len());
    let largest = a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest <= TOLERANCE, "the logits differ by {largest}");
}

#[test]
fn prefill_and_decode_equal_one_longer_prefill() {
    let llm = Llm::load(&models().llm).unwrap();
    for n in [1, 2, 31, 32, 33, 100, 257] {
        let tokens = tokens(n + 1);
        let whole = llm.session(true).prefill(&tokens).unwrap();
        let mut session = llm.session(true);
        session.prefill(&tokens[..n]).unwrap();
        assert_eq!(session.context(), n);
        assert_close(&session.decode(tokens[n]).unwrap(), &whole);
        assert_eq!(session.context(), n + 1);
    }
}

#[test]
fn the_cache_changes_the_cost_and_not_the_logits() {
    let llm = Llm::load(&models().llm).unwrap();
    let (mut with, mut without) = (llm.session(true), llm.session(false));
    let prompt = tokens(40);
    let mut logits = with.prefill(&prompt).unwrap();
    assert_close(&logits, &without.prefill(&prompt).unwrap());
    for step in 1..=40 {
        let next = logits.best();
        logits = with.decode(next).unwrap();
        assert_close(&logits, &without.decode(next).unwrap());
        assert_eq!((with.context(), without.context()), (40 + step, 40 + step));
    }
}

#[test]
fn a_prompt_may_be_read_in_parts() {
    let llm = Llm::load(&models().llm).unwrap();
    let tokens = tokens(90);
    let whole = llm.session(true).prefill(&tokens).unwrap();
    for kv_cache in [true, false] {
        let mut session = llm.session(kv_cache);
        session.prefill(&tokens[..50]).unwrap();
        assert_close(&session.prefill(&tokens[50..]).unwrap(), &whole);
        let mut session = llm.session(kv_cache);
        assert_close(&session.resume(&tokens).unwrap(), &whole);
        assert_eq!(session.context(), 90);
    }
}

#[test]
fn two_threads_give_the_logits_of_one_bit_for_bit() {
    // Products of smaller matrices are not shared out.
    let spec = LlmSpec { hidden: 512, intermediate: 704, vocabulary: 2048, ..LlmSpec::test() };
    let root = tempfile::tempdir().unwrap();
    let model = materialise_llm(&spec, 1, root.path()).unwrap().path;
    let logits = |threads| {
        let llm = Llm::load_on(&model, NonZeroUsize::new(threads).unwrap()).unwrap();
        let mut session = llm.session(true);
        let prefill = session.prefill(&tokens(200)).unwrap();
        [prefill, session.decode(5).unwrap(), session.decode(80).unwrap()]
    };
    assert!(logits(1) == logits(2));
}

#[test]
fn clones_of_a_session_go_their_own_ways() {
    let llm = Llm::load(&models().llm).unwrap();
    for kv_cache in [true, false] {
        let mut session = llm.session(kv_cache);
        session.resume(&tokens(50)).unwrap();
        let expected = session.clone().decode(7).unwrap();
        let mut other = session.clone();
        other.decode(9).unwrap();
        other.decode(10).unwrap();
        assert_eq!(session.decode(7).unwrap(), expected);
        assert_eq!((session.context(), other.context()), (51, 52));
    }
}

#[test]
fn an_image_gives_a_token_per_block_and_changes_the_answer() {
    let vlm = Vlm::load(&models().vlm).unwrap();
    let pixels = |rows: usize, cols: usize, shift: usize| PixelValues {
        rows,
        cols,
        layout: Layout::qwen2_vl(1),
        values: (0..rows * cols * PATCH_VALUES).map(|i| ((i * 7 + shift) % 255) as f32 / 127.5 - 1.0).collect(),
    };
    for (rows, cols) in [(4, 4), (2, 8), (6, 10)] {
        let image = vlm.encode(&pixels(rows, cols, 0)).unwrap();
        assert_eq!((image.tokens, image.hidden), (rows * cols / 4, VlmSpec::test().text.hidden));
    }
    let text = tokens(5);
    let logits = vlm.prompt(&pixels(4, 4, 0), &text).unwrap();
    assert_eq!(logits.values().len(), VlmSpec::test().text.vocabulary);
    assert_eq!(logits, vlm.prompt(&pixels(4, 4, 0), &text).unwrap());
    assert_ne!(logits, vlm.prompt(&pixels(4, 4, 1), &text).unwrap(), "the pixels count");
    assert_ne!(logits, vlm.prompt(&pixels(2, 8, 0), &text).unwrap(), "the positions count");
}

#[test]
fn pixels_that_do_not_fit_are_refused() {
    let vlm = Vlm::load(&models().vlm).unwrap();
    for (rows, cols, count) in [(0, 0, 0), (3, 4, 12), (4, 4, 15)] {
        let pixels = PixelValues { rows, cols, layout: Layout::qwen2_vl(1), values: vec![0.0; count * PATCH_VALUES] };
        let error = vlm.encode(&pixels).unwrap_err();
        assert!(error.cause().contains(&format!("{rows}×{cols} patches")), "{error}");
    }
}

#[test]
fn tokens_outside_of_the_vocabulary_are_refused_and_the_session_goes_on() {
    let mut session = Llm::load(&models().llm).unwrap().session(true);
    let expected = session.clone().prefill(&[1, 2]).unwrap();
    for bad in [-1, 256, i64::MAX] {
        let error = session.prefill(&[1, bad]).unwrap_err();
        assert!(error.cause().contains(&format!("token {bad} ")) && error.remedy().contains("0 to 255"), "{error}");
    }
    assert!(session.prefill(&[]).unwrap_err().cause().contains("no tokens"));
    assert_eq!(session.prefill(&[1, 2]).unwrap(), expected);
}

/// Loads the LLM after `change` was made to its file, and gives the error.
#[track_caller]
fn refused(change: impl FnOnce(&Path, Vec<u8>)) -> scalegate::Error {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("onnx/model.onnx");
    fs::create_dir(dir.path().join("onnx")).unwrap();
    change(&file, fs::read(models().llm.join("onnx/model.onnx")).unwrap());
    let error = Llm::load(dir.path()).expect_err("must be refused");
    assert!(error.place().ends_with("model.onnx"), "{error}");
    assert!(error.remedy().contains("export the model"), "{error}");
    error
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

#[test]
fn a_missing_or_empty_model_is_refused() {
    assert!(refused(|_, _| ()).cause().contains("cannot read"));
    assert!(refused(|file, _| fs::write(file, b"").unwrap()).cause().contains("empty"));
    assert!(refused(|file, _| fs::create_dir(file).unwrap()).cause().contains("cannot read"));
}

#[test]
fn a_truncated_model_is_refused_wherever_it_ends() {
    let length = fs::metadata(models().llm.join("onnx/model.onnx")).unwrap().len() as usize;
    for part in 0..40 {
        let keep = 1 + part * (length - 2) / 39;
        refused(|file, bytes| fs::write(file, &bytes[..keep]).unwrap());
    }
}

#[test]
fn a_foreign_file_is_refused() {
    let jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF".repeat(100);
    refused(|file, _| fs::write(file, jpeg).unwrap());
    refused(|file, _| fs::write(file, br#"{"model_type": "llama"}"#).unwrap());
    refused(|file, _| fs::write(file, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n").unwrap());
}

#[test]
fn a_model_of_another_kind_is_refused_with_the_inputs_that_it_has() {
    let onnx = models().vlm.join("onnx");
    let embeds = refused(|file, _| copy(&onnx.join("decoder_model_merged.onnx"), file));
    assert!(embeds.cause().contains("no input input_ids; its inputs are: inputs_embeds, attention_mask"), "{embeds}");
    let embed = refused(|file, _| copy(&onnx.join("embed_tokens.onnx"), file));
    assert!(embed.cause().contains("no input past_key_values."), "{embed}");
    let vision = refused(|file, _| copy(&onnx.join("vision_encoder.onnx"), file));
    assert!(vision.cause().contains("its inputs are: pixel_values, pixel_position_ids"), "{vision}");
}

/// Loads the VLM after `change` was made to the copy of `file`, and gives the error.
#[track_caller]
fn vlm_refused(file: &str, change: impl FnOnce(&Path)) -> scalegate::Error {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("onnx")).unwrap();
    for name in VLM_FILES {
        copy(&models().vlm.join(name), &dir.path().join(name));
    }
    Vlm::load(dir.path()).expect("the copy is sound");
    change(&dir.path().join(file));
    let error = Vlm::load(dir.path()).expect_err("must be refused");
    assert!(error.place().ends_with(file), "{error}");
    error
}

const VLM_FILES: [&str; 4] = [
    "preprocessor_config.json",
    "onnx/vision_encoder.onnx",
    "onnx/embed_tokens.onnx",
    "onnx/decoder_model_merged.onnx",
];

#[test]
fn every_file_of_a_vlm_is_named_when_it_is_missing_or_damaged() {
    for file in VLM_FILES {
        vlm_refused(file, |path| fs::remove_file(path).unwrap());
        vlm_refused(file, |path| fs::write(path, b"").unwrap());
        vlm_refused(file, |path| fs::write(path, b"\x00\x01\x02").unwrap());
        vlm_refused(file, |path| {
            let half = fs::metadata(path).unwrap().len() / 2;
            fs::File::options().write(true).open(path).unwrap().set_len(half).unwrap();
        });
    }
}

#[test]
fn graphs_of_a_vlm_that_were_mixed_up_are_refused() {
    let decoder = "onnx/decoder_model_merged.onnx";
    let error = vlm_refused(decoder, |path| copy(&models().llm.join("onnx/model.onnx"), path));
    assert!(error.cause().contains("no input inputs_embeds"), "{error}");
    let encoder = "onnx/vision_encoder.onnx";
    let error = vlm_refused(encoder, |path| copy(&models().vlm.join("onnx/embed_tokens.onnx"), path));
    assert!(error.cause().contains("no input pixel_values"), "{error}");
}

/// The LLM with another name in its graph, of the same length.
fn renamed(from: &str, to: &str) -> scalegate::Error {
    assert_eq!(from.len(), to.len());
    refused(|file, mut bytes| {
        let places: Vec<_> =
            (0..bytes.len() - from.len()).filter(|&i| bytes[i..].starts_with(from.as_bytes())).collect();
        for place in places {
            bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        }
        fs::write(file, bytes).unwrap();
    })
}

#[test]
fn a_model_with_unknown_names_is_refused() {
    let input = renamed("attention_mask", "attention_task");
    assert!(input.cause().contains("nothing is known about the model's input attention_task"), "{input}");
    assert!(renamed("logits", "lodged").cause().contains("no output logits; its outputs are: lodged, present.0.key"));
    assert!(renamed("present.1.value", "prevent.1.value").cause().contains("no output present.1.value"));
    let operator = renamed("RotaryEmbedding", "RotaryImbedding");
    assert!(operator.cause().contains("RotaryImbedding"), "{operator}");
}
