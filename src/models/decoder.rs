//! The Llama-style decoder, as an LLM of its own and as the text half of a VLM.

use tract_onnx::pb::tensor_proto::DataType;

use super::onnx::Dim::{Known, Symbol};
use super::onnx::{Dim, GraphBuilder, Value};
use super::rotary::Rotary;
use crate::suite::LlmSpec;

/// Llama's.
const EPSILON: f32 = 1e-5;
const BATCH: Dim = Symbol("batch_size");
const SEQUENCE: Dim = Symbol("sequence_length");
const PAST: Dim = Symbol("past_sequence_length");
const TOTAL: Dim = Symbol("past_sequence_length + sequence_length");

/// `onnx/model.onnx`: token ids `[batch, sequence]` to logits `[batch, sequence, vocabulary]`.
///
/// Logits come for every position, as in the exports of Hugging Face; [`crate::inference`] asks for the last one.
pub(super) fn llm(spec: &LlmSpec, seed: u64) -> Vec<u8> {
    let mut graph = GraphBuilder::new("llm", seed);
    let ids = graph.input("input_ids", DataType::Int64, &[BATCH, SEQUENCE]);
    let embeds = embedding(&mut graph, spec, &ids);
    decoder(&mut graph, spec, embeds);
    graph.into_bytes()
}

/// `onnx/embed_tokens.onnx`: token ids `[batch, sequence]` to `inputs_embeds` `[batch, sequence, hidden]`.
pub(super) fn embed_tokens(spec: &LlmSpec, seed: u64) -> Vec<u8> {
    let mut graph = GraphBuilder::new("embed_tokens", seed);
    let ids = graph.input("input_ids", DataType::Int64, &[BATCH, SEQUENCE]);
    let embeds = embedding(&mut graph, spec, &ids);
    graph.node("Identity", "inputs_embeds", &[&embeds], &[]);
    graph.output("inputs_embeds", DataType::Float, &[BATCH, SEQUENCE, Known(spec.hidden)]);
    graph.into_bytes()
}

/// `onnx/decoder_model_merged.onnx`: `inputs_embeds` `[batch, sequence, hidden]` to logits.
pub(super) fn decoder_from_embeds(spec: &LlmSpec, seed: u64) -> Vec<u8> {
    let mut graph = GraphBuilder::new("decoder", seed);
    let embeds = graph.input("inputs_embeds", DataType::Float, &[BATCH, SEQUENCE, Known(spec.hidden)]);
    decoder(&mut graph, spec, embeds);
    graph.into_bytes()
}

fn embedding(graph: &mut GraphBuilder, spec: &LlmSpec, ids: &str) -> String {
    let table = graph.weight("model.embed_tokens.weight", &[spec.vocabulary, spec.hidden], 1.0);
    graph.node("Gather", "/model/embed_tokens/Gather", &[&table, ids], &[])
}

/// What every block needs to know of the positions.
struct Positions {
    rotary: Rotary,
    /// Added to the attention's scores: 0 where a token may look, the lowest float where it may not.
    bias: String,
}

fn decoder(graph: &mut GraphBuilder, spec: &LlmSpec, embeds: String) {
    let mask = graph.input("attention_mask", DataType::Int64, &[BATCH, TOTAL]);
    let ids = graph.input("position_ids", DataType::Int64, &[BATCH, SEQUENCE]);
    let column = graph.node_with_ints("Unsqueeze", "/model/positions/Unsqueeze", &ids, &[2]);
    let positions = Positions {
        rotary: Rotary::of(graph, &column, 1, spec.head_width() / 2),
        bias: causal_bias(graph, &mask, &column),
    };
    let mut stream = embeds;
    for layer in 0..spec.layers {
        stream = block(graph, spec, layer, &stream, &positions);
    }
    let normal = rms_norm(graph, "/model/norm", &stream, spec.hidden);
    let logits = graph.linear("/lm_head", &normal, spec.hidden, spec.vocabulary);
    graph.node("Identity", "logits", &[&logits], &[]);
    graph.output("logits", DataType::Float, &[BATCH, SEQUENCE, Known(spec.vocabulary)]);
    for layer in 0..spec.layers {
        for half in ["key", "value"] {
            let dims = [BATCH, Known(spec.kv_heads), TOTAL, Known(spec.head_width())];
            graph.output(&format!("present.{layer}.{half}"), DataType::Float, &dims);
        }
    }
}

/// `[batch, 1, sequence, past + sequence]`: a token may look at itself and what is before it, unless that is padding.
///
/// Not the operator's own `is_causal`, whose meaning with a cache is not the same in every runtime.
fn causal_bias(graph: &mut GraphBuilder, mask: &str, positions: &str) -> String {
    let shape = graph.node("Shape", "/model/mask/Shape", &[mask], &[("start", Value::Int(1)), ("end", Value::Int(2))]);
    let total = graph.node_with_ints("Squeeze", "/model/mask/Squeeze", &shape, &[0]);
    let zero = graph.ints("mask.zero", &[], &[0]);
    let one = graph.ints("mask.one", &[], &[1]);
    let keys = graph.node("Range", "/model/mask/Range", &[&zero, &total, &one], &[]);
    let before = graph.node("LessOrEqual", "/model/mask/LessOrEqual", &[&keys, positions], &[]);
    let to_bool = ("to", Value::Int(DataType::Bool as i64));
    let real = graph.node("Cast", "/model/mask/Cast", &[mask], &[to_bool]);
    let real = graph.node_with_ints("Unsqueeze", "/model/mask/Unsqueeze", &real, &[1]);
    let seen = graph.node("And", "/model/mask/And", &[&before, &real], &[]);
    let seen = graph.node_with_ints("Unsqueeze", "/model/mask/Unsqueeze_1", &seen, &[1]);
    let open = graph.floats("mask.open", &[], &[0.0]);
    let shut = graph.floats("mask.shut", &[], &[f32::MIN]);
    graph.node("Where", "/model/mask/Where", &[&seen, &open, &shut], &[])
}

fn block(graph: &mut GraphBuilder, spec: &LlmSpec, layer: usize, stream: &str, positions: &Positions) -> String {
    let at = format!("/model/layers.{layer}");
    let normal = rms_norm(graph, &format!("{at}/input_layernorm"), stream, spec.hidden);
    let attended = attention(graph, spec, layer, &normal, positions);
    let stream = graph.node("Add", &format!("{at}/Add"), &[stream, &attended], &[]);
    let normal = rms_norm(graph, &format!("{at}/post_attention_layernorm"), &stream, spec.hidden);
    let fed = swiglu(graph, &format!("{at}/mlp"), &normal, spec);
    graph.node("Add", &format!("{at}/Add_1"), &[&stream, &fed], &[])
}

fn rms_norm(graph: &mut GraphBuilder, name: &str, input: &str, width: usize) -> String {
    let scale = graph.floats(&format!("{name}.weight"), &[width], &vec![1.0; width]);
    graph.node("RMSNormalization", name, &[input, &scale], &[("epsilon", Value::Float(EPSILON))])
}

fn swiglu(graph: &mut GraphBuilder, at: &str, input: &str, spec: &LlmSpec) -> String {
    let gate = graph.linear(&format!("{at}/gate_proj"), input, spec.hidden, spec.intermediate);
    let open = graph.node("Sigmoid", &format!("{at}/act_fn/Sigmoid"), &[&gate], &[]);
    let gate = graph.node("Mul", &format!("{at}/act_fn/Mul"), &[&gate, &open], &[]);
    let up = graph.linear(&format!("{at}/up_proj"), input, spec.hidden, spec.intermediate);
    let product = graph.node("Mul", &format!("{at}/Mul"), &[&gate, &up], &[]);
    graph.linear(&format!("{at}/down_proj"), &product, spec.intermediate, spec.hidden)
}

/// Grouped-query attention over the cache and the new tokens; what it saw is the next call's past.
fn attention(graph: &mut GraphBuilder, spec: &LlmSpec, layer: usize, input: &str, positions: &Positions) -> String {
    let at = format!("/model/layers.{layer}/self_attn");
    let inner = spec.kv_heads * spec.head_width();
    let query = graph.linear(&format!("{at}/q_proj"), input, spec.hidden, spec.hidden);
    let key = graph.linear(&format!("{at}/k_proj"), input, spec.hidden, inner);
    let value = graph.linear(&format!("{at}/v_proj"), input, spec.hidden, inner);
    let query = positions.rotary.turn(graph, &format!("{at}/q_rotary"), &query, spec.heads);
    let key = positions.rotary.turn(graph, &format!("{at}/k_rotary"), &key, spec.kv_heads);

    let past = [BATCH, Known(spec.kv_heads), PAST, Known(spec.head_width())];
    let past_key = graph.input(&format!("past_key_values.{layer}.key"), DataType::Float, &past);
    let past_value = graph.input(&format!("past_key_values.{layer}.value"), DataType::Float, &past);
    let attended = graph.node_with_outputs(
        "Attention",
        &[&query, &key, &value, &positions.bias, &past_key, &past_value],
        &[&format!("{at}/Attention"), &format!("present.{layer}.key"), &format!("present.{layer}.value")],
        &[("q_num_heads", Value::Int(spec.heads as i64)), ("kv_num_heads", Value::Int(spec.kv_heads as i64))],
    );
    graph.linear(&format!("{at}/o_proj"), &attended, spec.hidden, spec.hidden)
}
