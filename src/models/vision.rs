//! The vision encoder: flattened patches of one image to image tokens.

use tract_onnx::pb::tensor_proto::DataType;

use super::onnx::Dim::{Known, Symbol};
use super::onnx::{GraphBuilder, Value};
use super::rotary::Rotary;
use crate::suite::{MERGE, PATCH_VALUES, VisionSpec};

/// Qwen2-VL's.
const EPSILON: f32 = 1e-6;

/// `onnx/vision_encoder.onnx`.
///
/// In: `pixel_values`, `[patches, 3 × 14 × 14]`, and `pixel_position_ids`, `[patches, 2]` (row and column), with the
/// patches of each 2×2 block next to each other. Out: `image_features`, `[patches / 4, text_hidden]`.
pub(super) fn encoder(spec: &VisionSpec, text_hidden: usize, seed: u64) -> Vec<u8> {
    let mut graph = GraphBuilder::new("vision_encoder", seed);
    let patches = Symbol("num_patches");
    let pixels = graph.input("pixel_values", DataType::Float, &[patches, Known(PATCH_VALUES)]);
    let positions = graph.input("pixel_position_ids", DataType::Int64, &[patches, Known(2)]);

    // The rotary operator wants a batch; one image is a batch of one.
    let positions = graph.node_with_ints("Unsqueeze", "/positions/Unsqueeze", &positions, &[0]);
    let rotary = Rotary::of(&mut graph, &positions, 2, spec.head_width() / 2);
    let pixels = graph.node_with_ints("Unsqueeze", "/pixels/Unsqueeze", &pixels, &[0]);
    let mut stream = graph.linear("/patch_embed/proj", &pixels, PATCH_VALUES, spec.hidden);
    for layer in 0..spec.layers {
        stream = block(&mut graph, spec, layer, &stream, &rotary);
    }

    let normal = layer_norm(&mut graph, "/merger/ln_q", &stream, spec.hidden);
    let merged = MERGE * MERGE * spec.hidden;
    let blocks = graph.node_with_ints("Reshape", "/merger/Reshape", &normal, &[-1, merged as i64]);
    let projected = graph.affine("/merger/proj", &blocks, merged, text_hidden);
    graph.node("Identity", "image_features", &[&projected], &[]);
    graph.output("image_features", DataType::Float, &[Symbol("num_image_tokens"), Known(text_hidden)]);
    graph.into_bytes()
}

fn block(graph: &mut GraphBuilder, spec: &VisionSpec, layer: usize, stream: &str, rotary: &Rotary) -> String {
    let at = format!("/blocks.{layer}");
    let normal = layer_norm(graph, &format!("{at}/norm1"), stream, spec.hidden);
    let attended = attention(graph, &format!("{at}/attn"), spec, &normal, rotary);
    let stream = graph.node("Add", &format!("{at}/Add"), &[stream, &attended], &[]);
    let normal = layer_norm(graph, &format!("{at}/norm2"), &stream, spec.hidden);
    let wide = graph.affine(&format!("{at}/mlp/fc1"), &normal, spec.hidden, spec.intermediate);
    let wide = graph.node("Gelu", &format!("{at}/mlp/act"), &[&wide], &[("approximate", Value::Text("tanh"))]);
    let fed = graph.affine(&format!("{at}/mlp/fc2"), &wide, spec.intermediate, spec.hidden);
    graph.node("Add", &format!("{at}/Add_1"), &[&stream, &fed], &[])
}

fn layer_norm(graph: &mut GraphBuilder, name: &str, input: &str, width: usize) -> String {
    let scale = graph.floats(&format!("{name}.weight"), &[width], &vec![1.0; width]);
    let bias = graph.floats(&format!("{name}.bias"), &[width], &vec![0.0; width]);
    graph.node("LayerNormalization", name, &[input, &scale, &bias], &[("epsilon", Value::Float(EPSILON))])
}

/// Full attention: every patch looks at every patch, so its cost grows with the square of their number.
fn attention(graph: &mut GraphBuilder, at: &str, spec: &VisionSpec, input: &str, rotary: &Rotary) -> String {
    let query = graph.affine(&format!("{at}/q"), input, spec.hidden, spec.hidden);
    let key = graph.affine(&format!("{at}/k"), input, spec.hidden, spec.hidden);
    let value = graph.affine(&format!("{at}/v"), input, spec.hidden, spec.hidden);
    let query = rotary.turn(graph, &format!("{at}/q_rotary"), &query, spec.heads);
    let key = rotary.turn(graph, &format!("{at}/k_rotary"), &key, spec.heads);
    let heads = spec.heads as i64;
    let attended = graph.node(
        "Attention",
        &format!("{at}/Attention"),
        &[&query, &key, &value],
        &[("q_num_heads", Value::Int(heads)), ("kv_num_heads", Value::Int(heads))],
    );
    graph.affine(&format!("{at}/proj"), &attended, spec.hidden, spec.hidden)
}
