//! Which files a model consists of, laid out and named as Hugging Face's ONNX exports are.

use serde_json::{Value, json};

use super::{decoder, vision};
use crate::suite::{LlmSpec, MERGE, PATCH, VlmSpec};

/// CLIP's, which Qwen2-VL uses too.
const IMAGE_MEAN: [f64; 3] = [0.48145466, 0.4578275, 0.40821073];
const IMAGE_STD: [f64; 3] = [0.26862954, 0.26130258, 0.27577711];

/// A file of a model: its path below the model's directory, and its content.
pub(super) type File = (&'static str, Vec<u8>);

// Keys below are sorted by hand, so that the text is the same whether or not another crate switches on `serde_json`'s
// `preserve_order`.

/// The files of an LLM, sorted by path.
pub(super) fn llm(spec: &LlmSpec, seed: u64) -> Vec<File> {
    vec![("config.json", text(&text_config(spec))), ("onnx/model.onnx", decoder::llm(spec, seed))]
}

/// The files of a VLM, sorted by path.
pub(super) fn vlm(spec: &VlmSpec, seed: u64) -> Vec<File> {
    let config = json!({
        "model_type": "scalegate_vlm",
        "text_config": text_config(&spec.text),
        "vision_config": {
            "hidden_size": spec.vision.hidden,
            "intermediate_size": spec.vision.intermediate,
            "num_attention_heads": spec.vision.heads,
            "num_hidden_layers": spec.vision.layers,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
        },
    });
    vec![
        ("config.json", text(&config)),
        ("onnx/decoder_model_merged.onnx", decoder::decoder_from_embeds(&spec.text, seed)),
        ("onnx/embed_tokens.onnx", decoder::embed_tokens(&spec.text, seed)),
        ("onnx/vision_encoder.onnx", vision::encoder(&spec.vision, spec.text.hidden, seed)),
        ("preprocessor_config.json", text(&preprocessor(spec))),
    ]
}

/// What `preprocessor_config.json` of a VLM says.
pub(super) fn preprocessor(spec: &VlmSpec) -> Value {
    json!({
        "do_convert_rgb": true,
        "do_normalize": true,
        "do_rescale": true,
        "do_resize": true,
        "image_mean": IMAGE_MEAN,
        "image_processor_type": "Qwen2VLImageProcessor",
        "image_std": IMAGE_STD,
        "max_pixels": spec.max_pixels,
        "merge_size": MERGE,
        "min_pixels": spec.min_pixels,
        "patch_size": PATCH,
        "temporal_patch_size": 1,
    })
}

fn text_config(spec: &LlmSpec) -> Value {
    json!({
        "head_dim": spec.head_width(),
        "hidden_act": "silu",
        "hidden_size": spec.hidden,
        "intermediate_size": spec.intermediate,
        "model_type": "llama",
        "num_attention_heads": spec.heads,
        "num_hidden_layers": spec.layers,
        "num_key_value_heads": spec.kv_heads,
        "vocab_size": spec.vocabulary,
    })
}

fn text(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}
