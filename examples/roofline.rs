//! How near a language model comes to what the machine could do: decoding to the rate at which one thread reads memory, prefilling to
//! that of tract's products of matrices.
//!
//! ```text
//! cargo run --release --example roofline -- MODEL TOKENS
//! ```
//!
//! `MODEL` is an ONNX file of a decoder with 32-bit floats and a KV cache, whose weights are what its `MatMul` nodes have as constants.
//! A decode step behind `TOKENS` tokens reads all of them and the cache once; a read of as many bytes is timed beside it. A prefill of
//! `TOKENS` tokens multiplies with all of them; the same products alone, by tract, are timed beside it. Sides alternate A B B A, on one
//! thread, and a share is the median over the rounds.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use scalegate_suite::inference::{Llm, read_onnx};
use tract_onnx::pb::{GraphProto, tensor_shape_proto::dimension::Value, type_proto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;

// That of the bench targets.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 11;

/// The weights of a model: how many there are of each shape, in products with every token, and those of the logits.
struct Weights {
    of_tokens: BTreeMap<[usize; 2], usize>,
    of_logits: [usize; 2],
    /// Values of the cache for a token.
    cached: usize,
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, tokens] = &arguments[..] else { return Err("usage: MODEL TOKENS".into()) };
    let (path, tokens) = (PathBuf::from(path), tokens.parse::<usize>()?);
    let weights = Weights::read(&path)?;
    let llm = Llm::load(&path)?;
    let prompt: Vec<i64> = (0..tokens as i64).map(|token| (token * 37 + 11) % 128).collect();

    let mut resumed = llm.session(true);
    resumed.resume(&prompt)?;
    let floats = weights.values() + weights.cached * tokens;
    let memory = vec![1.0_f32; floats];
    let decode = || -> Outcome<f64> {
        let mut session = resumed.clone();
        timed(|| Ok(session.decode(5)?))
    };
    let (step_s, share) = compared(&decode, &|| timed(|| Ok(read(&memory))))?;
    let bytes = 4.0 * floats as f64;
    println!(
        "decode behind {tokens} tokens: {:.2} ms, {:.0} MiB of weights and cache, {:.1} GB/s: {:.0} % of what a read of as many bytes reaches",
        1e3 * step_s,
        bytes / f64::from(1 << 20),
        1e-9 * bytes / step_s,
        100.0 * share
    );

    let products = weights.products(tokens)?;
    let prefill = || -> Outcome<f64> {
        let mut session = llm.session(true);
        timed(|| Ok(session.prefill(&prompt)?))
    };
    let multiply = || products.iter().map(Product::seconds).sum::<Outcome<f64>>();
    let (prefill_s, share) = compared(&prefill, &multiply)?;
    let operations = 2.0 * weights.multiplications(tokens) as f64;
    println!(
        "prefill of {tokens} tokens: {:.1} ms, {:.1} GFLOP with weights, {:.1} GFLOP/s: {:.0} % of what these products alone reach in tract",
        1e3 * prefill_s,
        1e-9 * operations,
        1e-9 * operations / prefill_s,
        100.0 * share
    );
    Ok(())
}

/// The median time of one side, and the median of the other's as a share of it.
fn compared(side: &dyn Fn() -> Outcome<f64>, bound: &dyn Fn() -> Outcome<f64>) -> Outcome<(f64, f64)> {
    let (mut times, mut shares) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let [a, b, c, d] = [side()?, bound()?, bound()?, side()?];
        // The first warms up.
        if round > 0 {
            times.push(0.5 * (a + d));
            shares.push((b + c) / (a + d));
        }
    }
    Ok((median(times), median(shares)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The seconds of `run`, without those of dropping what it makes.
fn timed<T>(run: impl FnOnce() -> Outcome<T>) -> Outcome<f64> {
    let start = Instant::now();
    let made = black_box(run()?);
    let seconds = start.elapsed().as_secs_f64();
    drop(made);
    Ok(seconds)
}

/// Reads all of `memory`, in as many sums as keep the processor's units busy.
fn read(memory: &[f32]) -> [f32; 64] {
    let mut sums = [0.0_f32; 64];
    for chunk in memory.chunks_exact(64) {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sums
}

impl Weights {
    fn read(path: &Path) -> Outcome<Self> {
        let graph = read_onnx(path)?.graph.ok_or("the file has no graph")?;
        let shapes: BTreeMap<&str, [usize; 2]> = graph
            .initializer
            .iter()
            .filter_map(|tensor| Some((&*tensor.name, [*tensor.dims.first()? as usize, *tensor.dims.get(1)? as usize])))
            .collect();
        let (mut of_tokens, mut of_logits) = (BTreeMap::new(), None);
        for node in graph.node.iter().filter(|node| node.op_type == "MatMul") {
            let Some(shape) = shapes.get(&*node.input[1]) else { continue };
            if node.output[0] == "logits" {
                of_logits = Some(*shape);
            } else {
                *of_tokens.entry(*shape).or_insert(0) += 1;
            }
        }
        let of_logits = of_logits.ok_or("no MatMul with a constant makes `logits`")?;
        Ok(Self { of_tokens, of_logits, cached: cached(&graph) })
    }

    fn values(&self) -> usize {
        self.multiplications(1)
    }

    /// Of so many tokens; logits are those of the last.
    fn multiplications(&self, tokens: usize) -> usize {
        let of_tokens: usize = self.of_tokens.iter().map(|([k, n], count)| k * n * count).sum();
        tokens * of_tokens + self.of_logits[0] * self.of_logits[1]
    }

    fn products(&self, tokens: usize) -> TractResult<Vec<Product>> {
        let of_tokens = self.of_tokens.iter().map(|(shape, count)| Product::new(tokens, *shape, *count));
        of_tokens.chain([Product::new(1, self.of_logits, 1)]).collect()
    }
}

/// Values of all past keys and values for a token: heads × width.
fn cached(graph: &GraphProto) -> usize {
    let past = graph.input.iter().filter(|input| input.name.starts_with("past_key_values."));
    past.filter_map(|input| {
        let type_proto::Value::TensorType(tensor) = input.r#type.as_ref()?.value.as_ref()?;
        let dims = tensor.shape.as_ref()?.dim.iter().filter_map(|dim| match dim.value {
            Some(Value::DimValue(value)) => Some(value as usize),
            _ => None,
        });
        Some(dims.product::<usize>())
    })
    .sum()
}

/// Products of some rows with weights of one shape, each with weights of its own, so that none is in a cache for the next.
struct Product {
    plans: Vec<Arc<TypedRunnableModel>>,
    rows: TValue,
}

impl Product {
    fn new(rows: usize, [k, n]: [usize; 2], count: usize) -> TractResult<Self> {
        let one = || -> TractResult<Arc<TypedRunnableModel>> {
            let mut model = TypedModel::default();
            let rows = model.add_source("rows", f32::fact([rows, k]))?;
            let weights = model.add_const("weights", Tensor::zero::<f32>(&[k, n])?)?;
            let op = EinSum::new("mk,kn->mn".parse()?, f32::datum_type());
            let outputs = model.wire_node("product", op, &[rows, weights])?;
            model.select_output_outlets(&outputs)?;
            model.into_optimized()?.into_runnable()
        };
        let plans = (0..count).map(|_| one()).collect::<TractResult<_>>()?;
        Ok(Self { plans, rows: Tensor::zero::<f32>(&[rows, k])?.into_tvalue() })
    }

    fn seconds(&self) -> Outcome<f64> {
        let start = Instant::now();
        for plan in &self.plans {
            black_box(plan.run(tvec![self.rows.clone()])?);
        }
        Ok(start.elapsed().as_secs_f64())
    }
}
