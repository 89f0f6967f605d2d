//! One phase of a model, timed: our side of `measure.py`, which runs ONNX Runtime on the same file.
//!
//! `cargo run --release --example against_onnxruntime -- MODEL PHASE SIZE THREADS CHUNK REPETITIONS` prints one line of
//! JSON: `{"seconds": […], "peak_rss_bytes": …, "rewrites": "attention 8, …"}`. `PHASE` is `prefill` or `decode`, of so many tokens, or `encode`, of a
//! square image of that side; `CHUNK` is `prompt_chunk`, 0 for none.

#![expect(clippy::print_stdout, reason = "the measurement is the output")]

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use scalegate_suite::inference::preprocess::Preprocessor;
use scalegate_suite::inference::{Llm, Tower};
use scalegate_suite::workload::photo;

// That of the bench targets.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, phase, size, threads, chunk, repetitions] = arguments.as_slice() else {
        return Err("usage: MODEL PHASE SIZE THREADS CHUNK REPETITIONS".into());
    };
    let (model, threads): (_, NonZeroUsize) = (Path::new(model), threads.parse()?);
    let (chunk, repetitions): (usize, usize) = (chunk.parse()?, repetitions.parse()?);
    let (seconds, rewrites) = if phase == "encode" {
        encode(model, size.parse()?, threads, repetitions)?
    } else {
        read(model, phase == "decode", size.parse()?, threads, NonZeroUsize::new(chunk), repetitions)?
    };
    let peak = peak_rss_bytes()?;
    println!("{{\"seconds\": {seconds:?}, \"peak_rss_bytes\": {peak}, \"rewrites\": \"{rewrites}\"}}");
    Ok(())
}

/// A prompt of so many tokens, or one token behind them.
fn read(
    model: &Path,
    is_decode: bool,
    tokens: i64,
    threads: NonZeroUsize,
    chunk: Option<NonZeroUsize>,
    repetitions: usize,
) -> Result<(Vec<f64>, String), Box<dyn Error>> {
    let llm = Llm::load_on(model, threads)?;
    let prompt: &Vec<i64> = &(0..tokens).map(|token| (token * 37 + 11) % 128).collect();
    let mut session = llm.session(true).with_prompt_chunk(chunk);
    if is_decode {
        session.resume(prompt)?;
    }
    let seconds = timed(repetitions, || {
        let mut session = session.clone();
        Ok(move || -> scalegate::Result<()> {
            let logits = if is_decode { session.decode(5)? } else { session.prefill(prompt)? };
            black_box((logits, &session));
            Ok(())
        })
    })?;
    Ok((seconds, llm.applied().to_string()))
}

/// A square image of that side to its features.
fn encode(
    model: &Path,
    side: u32,
    threads: NonZeroUsize,
    repetitions: usize,
) -> Result<(Vec<f64>, String), Box<dyn Error>> {
    let directory = model.parent().ok_or("a model lies in a directory")?;
    let encoded = photo::encode(&photo::photo(side, side, 1), photo::Format::Png)?;
    let pixels = Preprocessor::from_config(&directory.join("preprocessor_config.json"))?.run("the image", &encoded)?;
    let tower = Tower::load(model, pixels.geometry(), threads)?;
    let (tower, pixels) = (&tower, &pixels);
    let seconds = timed(repetitions, || {
        Ok(move || -> scalegate::Result<()> {
            black_box(tower.encode(pixels)?);
            Ok(())
        })
    })?;
    Ok((seconds, tower.applied().to_string()))
}

/// The seconds of what `prepare` gives, each time anew; the first repetition warms up, and is left out.
fn timed<R: FnMut() -> scalegate::Result<()>>(
    repetitions: usize,
    prepare: impl Fn() -> scalegate::Result<R>,
) -> scalegate::Result<Vec<f64>> {
    let mut seconds = Vec::new();
    for repetition in 0..=repetitions {
        let mut run = prepare()?;
        let start = Instant::now();
        run()?;
        let elapsed = start.elapsed().as_secs_f64();
        if repetition > 0 {
            seconds.push(elapsed);
        }
    }
    Ok(seconds)
}

/// As Linux tells it.
fn peak_rss_bytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.split_whitespace().next().ok_or("VmHWM without a value")?.parse()?;
    Ok(kib * 1024)
}
