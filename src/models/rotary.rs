//! Rotary positions, computed in the graph, so that no table limits the context or the image.

use tract_onnx::pb::tensor_proto::DataType;

use super::onnx::{GraphBuilder, Value};

/// Llama's and Qwen2-VL's base of the rotary frequencies.
const BASE: f64 = 10_000.0;

/// The cosine and sine caches that `RotaryEmbedding` takes, each `[batch, sequence, half a head]`.
pub(super) struct Rotary {
    cos: String,
    sin: String,
}

impl Rotary {
    /// `positions` is `[batch, sequence, axes]` of integers; each axis turns its own `half / axes` pairs of a head.
    pub(super) fn of(graph: &mut GraphBuilder, positions: &str, axes: usize, half: usize) -> Self {
        let own = half / axes;
        // A block-diagonal matrix: one product spreads every position over the pairs of its axis.
        let mut frequencies = vec![0f32; axes * half];
        for axis in 0..axes {
            for pair in 0..own {
                let exponent = -(pair as f64) / own as f64;
                frequencies[axis * half + axis * own + pair] = libm::pow(BASE, exponent) as f32;
            }
        }
        let frequencies = graph.floats("rotary.inv_freq", &[axes, half], &frequencies);
        let to_float = ("to", Value::Int(DataType::Float as i64));
        let positions = graph.node("Cast", "/rotary/Cast", &[positions], &[to_float]);
        let angles = graph.node("MatMul", "/rotary/MatMul", &[&positions, &frequencies], &[]);
        Self {
            cos: graph.node("Cos", "/rotary/Cos", &[&angles], &[]),
            sin: graph.node("Sin", "/rotary/Sin", &[&angles], &[]),
        }
    }

    /// Turns `input`, `[batch, sequence, heads × width]`, by the positions.
    pub(super) fn turn(&self, graph: &mut GraphBuilder, name: &str, input: &str, heads: usize) -> String {
        let heads = ("num_heads", Value::Int(heads as i64));
        graph.node("RotaryEmbedding", name, &[input, &self.cos, &self.sin], &[heads])
    }
}
