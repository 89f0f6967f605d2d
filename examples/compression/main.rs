//! What compression saves and costs: one table over methods and budgets.
//!
//! ```text
//! cargo run --release --example compression -- MODEL_DIR HELDOUT CALIBRATION WORK_DIR [--all]
//! ```
//!
//! Compresses the model into new directories below WORK_DIR, and prints a row for each: parameters, bytes of the graph, accuracy
//! over HELDOUT, and the processor time of prefill and decode relative to the original. `ci/compression.sh` makes
//! `docs/compression.md` of it.
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod cost;

use std::error::Error;
use std::path::{Path, PathBuf};

use scalegate::accuracy::{self, Accuracy, LONGEST_PASSAGE, text_passages};
use scalegate::compress::{Budget, Method, Options, compress, context};
use scalegate::inference::language_model_file;

use cost::Cost;

// glibc's allocator makes whole processes faster or slower than others; see CONTRIBUTING.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const KEEP: [f64; 8] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];

/// A compressed model.
struct Variant {
    name: String,
    dir: PathBuf,
    parameters: usize,
}

fn main() -> Outcome<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.last().is_some_and(|last| last == "--all");
    arguments.truncate(arguments.len() - usize::from(all));
    let [model, heldout, calibration, work] = &arguments[..] else {
        return Err("usage: compression MODEL_DIR HELDOUT CALIBRATION WORK_DIR [--all]".into());
    };
    let (model, work) = (Path::new(model), Path::new(work));
    let heldout = std::fs::read_to_string(heldout)?;
    let length = context(model)?.min(LONGEST_PASSAGE);
    let calibration = text_passages(model, &std::fs::read_to_string(calibration)?, length)?;

    let mut variants = Vec::new();
    for (name, method, calibration) in
        [("svd", Method::Svd, &[][..]), ("svd, calibrated", Method::Svd, &calibration), ("mpo", Method::Mpo, &[])]
    {
        for keep in KEEP {
            let dir = work.join(format!("{}-{keep}", name.replace(", ", "-")));
            let options = Options { method, budget: Budget::Keep(keep), all, calibration: calibration.to_vec() };
            let summary = compress(model, &dir, &options, &mut |_, _, _| {})?;
            if variants.is_empty() {
                let dir = model.to_owned();
                variants.push(Variant { name: "original".into(), dir, parameters: summary.parameters_before });
            }
            let name = format!("{name} | {keep}");
            variants.push(Variant { name, dir, parameters: summary.parameters_after });
        }
    }
    let tokens = &text_passages(model, &heldout, length)?[0];
    let dirs: Vec<&Path> = variants.iter().map(|variant| &*variant.dir).collect();
    let costs = cost::measure(&dirs, tokens)?;
    println!(
        "| form | keep | parameters | graph, bytes | prefill, slope | prefill, {0} tokens | decode, {0} tokens | perplexity | change | KL, nats | top-1 |",
        tokens.len()
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (variant, cost) in variants.iter().zip(&costs) {
        let accuracy = accuracy::compare(model, &variant.dir, &heldout, &mut |_, _| {})?;
        println!("{}", row(variant, cost, &accuracy, std::fs::metadata(language_model_file(&variant.dir)?)?.len()));
    }
    Ok(())
}

fn row(variant: &Variant, cost: &Cost, accuracy: &Accuracy, bytes: u64) -> String {
    let name = if variant.name.contains('|') { variant.name.clone() } else { format!("{} | 1", variant.name) };
    let change = accuracy.perplexity_change;
    format!(
        "| {name} | {} | {bytes} | {:.2} | {:.2} | {:.2} | {:.2} | {:+.1} % ({:+.1} to {:+.1}) | {:.4} | {:.1} % |",
        variant.parameters,
        cost.prefill_slope,
        cost.prefill_largest,
        cost.decode_largest,
        accuracy.candidate_perplexity.estimate,
        100.0 * change.estimate,
        100.0 * change.lower,
        100.0 * change.upper,
        accuracy.divergence_nats.estimate,
        100.0 * accuracy.top1_agreement.estimate
    )
}
