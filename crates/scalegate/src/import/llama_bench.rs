//! The JSON of llama.cpp's `llama-bench -o json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::collect::{Collector, Imported, Measured, Order, place, read, text};
use crate::Axis;
use crate::metric::Metric;
use crate::record::Provenance;
use crate::{Error, Result};

const REMEDY: &str = "write the file with llama-bench -p 16,32,64,128,256,512 -n 16,32,64,128 -r 8 -o json, one model and \
                      one setting at a time";

/// Settings that change what a test costs, as far as the tool tells them; some are of one range of releases alone.
const SETTINGS: [&str; 25] = [
    "backends",
    "n_batch",
    "n_ubatch",
    "n_threads",
    "cpu_mask",
    "cpu_strict",
    "poll",
    "type_k",
    "type_v",
    "n_gpu_layers",
    "n_cpu_moe",
    "split_mode",
    "main_gpu",
    "no_kv_offload",
    "flash_attn",
    "devices",
    "tensor_split",
    "tensor_buft_overrides",
    "use_mmap",
    "load_mode",
    "lazy_mode",
    "embeddings",
    "no_op_offload",
    "no_host",
    "repack",
];

#[derive(Deserialize)]
struct Test {
    n_prompt: u64,
    n_gen: u64,
    /// Absent before tests could start at a depth.
    #[serde(default)]
    n_depth: u64,
    samples_ns: Vec<f64>,
    model_type: String,
    /// Everything else, of which some is protocol and some provenance.
    #[serde(flatten)]
    fields: BTreeMap<String, Value>,
}

/// Reads wall times. llama-bench repeats a test before it comes to the next one, so that each file is a round. A test of a prompt is `prefill` over its tokens, one of generation `generate`
/// over the tokens generated, one of both `prefill+generate` over the tokens of the prompt; each is named after its model.
///
/// # Errors
/// No JSON of llama-bench; a test without samples; or two tests of one name in settings that differ.
pub fn llama_bench(paths: &[PathBuf]) -> Result<Imported> {
    let mut collector = Collector::default();
    let (mut all, mut of_all) = (Vec::new(), Provenance::imported());
    for path in paths {
        let tests: Vec<Test> =
            serde_json::from_str(&read(path)?).map_err(|error| Error::new(place(path), error, REMEDY))?;
        collector.next_file();
        for (i, test) in tests.iter().enumerate() {
            add(&mut collector, test).map_err(|cause| Error::new(format!("{}: [{i}]", place(path)), cause, REMEDY))?;
        }
        all.extend(tests);
        of_all = provenance(&all).map_err(|cause| Error::new(place(path), cause, REMEDY))?;
    }
    collector.imported(paths, of_all, Order::Consecutive, REMEDY)
}

fn add(collector: &mut Collector, test: &Test) -> Result<(), String> {
    if test.samples_ns.is_empty() {
        return Err("it has no samples".to_owned());
    }
    let (kind, size) = match (test.n_prompt, test.n_gen) {
        (0, 0) => return Err("it has neither a prompt nor tokens to generate".to_owned()),
        (prompt, 0) => ("prefill".to_owned(), prompt),
        (0, generated) => ("generate".to_owned(), generated),
        (prompt, generated) => (format!("prefill+generate {generated}"), prompt),
    };
    let depth = if test.n_depth > 0 { format!(" at depth {}", test.n_depth) } else { String::new() };
    let workload = format!("{}/{kind}{depth}", test.model_type);
    for ns in &test.samples_ns {
        let measured = Measured {
            workload: &workload,
            axis: Axis::TOKENS,
            metric: Metric::WallTime,
            size,
            value: ns * 1e-9,
            tokens: Some(test.n_prompt + test.n_gen),
            protocol: settings(test),
        };
        collector.add(measured, Order::Consecutive)?;
    }
    Ok(())
}

fn settings(test: &Test) -> BTreeMap<String, String> {
    let told = |name: &&str| Some(((*name).to_owned(), text(test.fields.get(*name)?)));
    SETTINGS.iter().filter_map(told).collect()
}

/// Processors and build as the tests name them, which has to be one for all.
fn provenance(tests: &[Test]) -> Result<Provenance, String> {
    let mut provenance = Provenance::imported();
    let one = |name: &str| -> Result<Option<String>, String> {
        let mut values = tests.iter().map(|test| test.fields.get(name).map(text));
        let first = values.next().flatten();
        match values.find(|value| *value != first) {
            Some(other) => Err(format!("{name} is both {first:?} and {other:?}")),
            None => Ok(first),
        }
    };
    if let Some(cpu) = one("cpu_info")? {
        provenance.host.cpu = cpu;
    }
    if let Some(commit) = one("build_commit")? {
        provenance.build.source = format!("llama.cpp {commit}");
    }
    for test in tests {
        for field in ["model_size", "model_n_params"] {
            if let Some(value) = test.fields.get(field) {
                provenance.subject.insert(format!("{}.{field}", test.model_type), text(value));
            }
        }
    }
    Ok(provenance)
}
