//! What the inference core costs over the bare tract plan, and what each form of the plan costs.
//!
//! `cargo run --release --example overhead` prints, for every size, the median time of the core and its ratio to others:
//! first to itself, which is what noise alone does; then to the same plan run by hand on the same tokens or pixels; then
//! to the plan that takes and gives the KV cache as inputs and outputs. Sides alternate A B B A, so that a slow second
//! hits both; a ratio is the median over the rounds.

use std::any::Any;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use scalegate_suite::inference::preprocess::{Layout, PixelValues};
use scalegate_suite::inference::{Llm, Vlm};
use scalegate_suite::models::{materialise_llm, materialise_vlm};
use scalegate_suite::suite::{LlmSpec, PATCH_VALUES, VlmSpec};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::TypedSimpleState;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_core::transform::get_transform;
use tract_onnx::tract_hir::internal::*;

// glibc's allocator makes whole processes faster or slower than others; see CONTRIBUTING.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;
/// What is timed. It gives back what it made and used, so that freeing that is not.
type Run<'a> = Box<dyn FnOnce() -> Outcome<Box<dyn Any>> + 'a>;
/// Prepares one run.
type Side<'a> = Box<dyn Fn() -> Outcome<Run<'a>> + 'a>;

const ROUNDS: usize = 11;

fn main() -> Outcome<()> {
    let root = scalegate::paths::models();
    llm(&materialise_llm(&LlmSpec::default(), 1, &root)?.path)?;
    vlm(&materialise_vlm(&VlmSpec::default(), 1, &root)?.path)
}

fn llm(dir: &Path) -> Outcome<()> {
    let start = Instant::now();
    let llm = Llm::load(dir)?;
    report("llm/load", 0, start.elapsed().as_secs_f64(), &[]);
    let file = dir.join("onnx/model.onnx");
    let (bare, explicit) = (bare(&file, true)?, bare(&file, false)?);
    for n in [16, 32, 64, 128, 256, 512, 1024] {
        let ids: Vec<i64> = (0..n as i64).map(|id| id * 37 % 2048).collect();
        let core: Side<'_> = Box::new(|| {
            let mut session = llm.session(true);
            let ids = ids.clone();
            Ok(Box::new(move || Ok(Box::new((session.prefill(&ids)?, session)))))
        });
        let [bare, explicit] = [&bare, &explicit].map(|plan| prefill_by_hand(plan, n));
        compare("llm/prefill", n, &core, &[&core, &bare, &explicit])?;
    }
    for n in [16, 64, 256, 1024] {
        let ids: Vec<i64> = (0..n as i64).map(|id| id * 37 % 2048).collect();
        let mut session = llm.session(true);
        session.resume(&ids)?;
        let core: Side<'_> = Box::new(|| {
            let mut session = session.clone();
            Ok(Box::new(move || Ok(Box::new((session.decode(1)?, session)))))
        });
        let (bare, explicit) = (decode_by_hand(&bare, n)?, decode_by_hand(&explicit, n)?);
        compare("llm/decode", n, &core, &[&core, &bare, &explicit])?;
    }
    Ok(())
}

fn vlm(dir: &Path) -> Outcome<()> {
    let start = Instant::now();
    let vlm = Vlm::load(dir)?;
    report("vlm/load", 0, start.elapsed().as_secs_f64(), &[]);
    let plan = bare(&dir.join("onnx/vision_encoder.onnx"), false)?;
    for (rows, cols) in [(4, 4), (8, 8), (14, 18), (28, 36)] {
        let pixels =
            PixelValues { rows, cols, layout: Layout::qwen2_vl(1), values: vec![0.5; rows * cols * PATCH_VALUES] };
        let core: Side<'_> = Box::new(|| Ok(Box::new(|| Ok(Box::new(vlm.encode(&pixels)?)))));
        let by_hand: Side<'_> = Box::new(|| Ok(Box::new(|| encode_by_hand(&plan, &pixels))));
        compare("vlm/encode", rows * cols, &core, &[&core, &by_hand])?;
        let prompt: Side<'_> = Box::new(|| Ok(Box::new(|| Ok(Box::new(vlm.prompt(&pixels, &[1; 16])?)))));
        compare("vlm/prompt", rows * cols, &prompt, &[&prompt])?;
    }
    Ok(())
}

/// Times the core against the other sides and prints the medians.
fn compare(name: &str, size: usize, core: &Side<'_>, others: &[&Side<'_>]) -> Outcome<()> {
    let mut times = Vec::new();
    let mut ratios = vec![Vec::new(); others.len()];
    for round in 0..ROUNDS {
        let mut own = once(core)?;
        for (other, ratios) in others.iter().zip(&mut ratios) {
            let theirs = once(other)? + once(other)?;
            let again = once(core)?;
            ratios.push((own + again) / theirs);
            own = again;
        }
        if round > 0 {
            times.push(own);
        }
    }
    let ratios: Vec<f64> = ratios.into_iter().map(median).collect();
    report(name, size, median(times), &ratios);
    Ok(())
}

fn once(side: &Side<'_>) -> Outcome<f64> {
    // The other side's weights have just been through the caches; a run of one's own comes first.
    side()?()?;
    let run = side()?;
    let start = Instant::now();
    let made = run()?;
    let elapsed = start.elapsed().as_secs_f64();
    drop(made);
    Ok(elapsed)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn report(name: &str, size: usize, seconds: f64, ratios: &[f64]) {
    let ratios: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.3}")).collect();
    println!("{name:12} {size:5}  {:9.3} ms  {}", seconds * 1e3, ratios.join("  "));
}

/// The plan that tract makes when it is used directly, with the KV cache in its state or in inputs and outputs.
fn bare(path: &Path, stateful: bool) -> TractResult<Arc<TypedRunnableModel>> {
    let mut model = tract_onnx::onnx().model_for_path(path)?;
    let batch = model.symbols.sym("batch_size");
    let patches = model.symbols.sym("num_patches");
    let blocks = model.symbols.sym("num_image_tokens").to_dim() * 4;
    for index in 0..model.inputs.len() {
        let fact = model.input_fact(index)?.clone();
        let dims = fact.shape.concretize().context("an input without a shape")?;
        let dims: TVec<TDim> = dims
            .iter()
            .map(|dim| dim.substitute(&batch, &1.to_dim())?.substitute(&patches, &blocks))
            .collect::<TractResult<_>>()?;
        let kind = fact.datum_type.concretize().context("an input without a type")?;
        model.set_input_fact(index, InferenceFact::dt_shape(kind, dims))?;
    }
    for output in model.outputs.clone() {
        model.set_outlet_fact(output, InferenceFact::default())?;
    }
    let mut model = model.into_typed()?.into_decluttered()?;
    let logits = model.outputs[0];
    if model.outlet_fact(logits)?.rank() == 3 {
        let length = model.outlet_fact(logits)?.shape[1].clone();
        model.outputs[0] = model.wire_node("last", Slice::new(1, length.clone() - 1, length), &[logits])?[0];
        model = model.into_decluttered()?;
    }
    if stateful {
        get_transform("transformers_detect_all")?.context("no such transform")?.transform(&mut model)?;
    }
    model.into_optimized()?.into_runnable()
}

fn prefill_by_hand(plan: &Arc<TypedRunnableModel>, n: usize) -> Side<'_> {
    Box::new(move || {
        Ok(Box::new(move || {
            let inputs = inputs(plan, 0, n, &mut empty_past(plan)?)?;
            let mut state = plan.spawn()?;
            Ok(Box::new((state.run(inputs)?, state)))
        }))
    })
}

fn decode_by_hand(plan: &Arc<TypedRunnableModel>, n: usize) -> Outcome<Side<'_>> {
    let mut state = plan.spawn()?;
    let mut past: TVec<TValue> = turn(&mut state, inputs(plan, 0, n - 1, &mut empty_past(plan)?)?)?;
    past = turn(&mut state, inputs(plan, n - 1, 1, &mut past)?)?;
    Ok(Box::new(move || {
        let (mut state, mut past) = (state.clone(), past.clone());
        Ok(Box::new(move || Ok(Box::new((state.run(inputs(plan, n, 1, &mut past)?)?, state)))))
    }))
}

fn encode_by_hand(plan: &Arc<TypedRunnableModel>, pixels: &PixelValues) -> Outcome<Box<dyn Any>> {
    let patches = pixels.rows * pixels.cols;
    let values = Tensor::from_shape(&[patches, PATCH_VALUES], &pixels.values)?;
    // Sines of larger angles take longer: the positions have to be an image's.
    let positions = (0..patches).flat_map(|i| [(i / pixels.cols) as i64, (i % pixels.cols) as i64]);
    let positions = Tensor::from_shape(&[patches, 2], &positions.collect::<Vec<_>>())?;
    let mut state = plan.spawn()?;
    Ok(Box::new((state.run(tvec![values.into_tvalue(), positions.into_tvalue()])?, state)))
}

fn turn(state: &mut TypedSimpleState, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
    Ok(state.run(inputs)?.into_iter().skip(1).collect())
}

fn empty_past(plan: &TypedRunnableModel) -> TractResult<TVec<TValue>> {
    let mut past = tvec![];
    for index in 0..plan.model().inputs.len() {
        let fact = plan.model().input_fact(index)?;
        if let [_, heads, _, width] = &*fact.shape {
            past.push(Tensor::zero::<f32>(&[1, heads.to_usize()?, 0, width.to_usize()?])?.into_tvalue());
        }
    }
    Ok(past)
}

fn inputs(plan: &TypedRunnableModel, start: usize, n: usize, past: &mut TVec<TValue>) -> TractResult<TVec<TValue>> {
    let row = |values: Vec<i64>| Ok(Tensor::from_shape(&[1, values.len()], &values)?.into_tvalue());
    let model = plan.model();
    let one = |input: &OutletId| match &*model.node(input.node).name {
        "input_ids" => row((0..n as i64).map(|id| id * 37 % 2048).collect()),
        "attention_mask" => row(vec![1; start + n]),
        "position_ids" => row((start as i64..(start + n) as i64).collect()),
        _ => Ok(past.remove(0)),
    };
    model.inputs.iter().map(one).collect()
}
