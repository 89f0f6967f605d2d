//! One phase of a language model, timed: our side of `measure.py`, which runs ONNX Runtime on the same file.
//!
//! `cargo run --release --example against_onnxruntime -- MODEL PHASE TOKENS THREADS CHUNK REPETITIONS` prints one line of
//! JSON: `{"seconds": […], "peak_rss_bytes": …, "rewrites": "attention 8, …"}`. `PHASE` is `prefill` or `decode`; `CHUNK` is `prompt_chunk`, 0 for none.

#![expect(clippy::print_stdout, reason = "the measurement is the output")]

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use scalegate_suite::inference::Llm;

// That of the bench targets.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, phase, tokens, threads, chunk, repetitions] = arguments.as_slice() else {
        return Err("usage: MODEL PHASE TOKENS THREADS CHUNK REPETITIONS".into());
    };
    let (tokens, chunk, repetitions): (i64, usize, usize) = (tokens.parse()?, chunk.parse()?, repetitions.parse()?);
    let threads: NonZeroUsize = threads.parse()?;
    let llm = Llm::load_on(&PathBuf::from(model), threads)?;
    let prompt: Vec<i64> = (0..tokens).map(|token| (token * 37 + 11) % 128).collect();
    let mut seconds = Vec::new();
    let mut session = llm.session(true).with_prompt_chunk(NonZeroUsize::new(chunk));
    if phase == "decode" {
        session.resume(&prompt)?;
    }
    // The first repetition warms up.
    for repetition in 0..=repetitions {
        let mut session = session.clone();
        let start = Instant::now();
        if phase == "decode" {
            black_box(session.decode(5)?);
        } else {
            black_box(session.prefill(&prompt)?);
        }
        let elapsed = start.elapsed().as_secs_f64();
        if repetition > 0 {
            seconds.push(elapsed);
        }
    }
    let (peak, rewrites) = (peak_rss_bytes()?, llm.applied());
    println!("{{\"seconds\": {seconds:?}, \"peak_rss_bytes\": {peak}, \"rewrites\": \"{rewrites}\"}}");
    Ok(())
}

/// As Linux tells it.
fn peak_rss_bytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.split_whitespace().next().ok_or("VmHWM without a value")?.parse()?;
    Ok(kib * 1024)
}
