//! Counts of a change and of its base, taken in one environment.
//!
//! Base and change are counted by the same job, so that there is always something to compare with, whatever compiler and Valgrind
//! the machine has.

use std::path::{Path, PathBuf};

use clap::Args;
use scalegate::Result;
use scalegate::record::{self, Run};

use crate::process;
use crate::sources::{Checkout, Sources, Version};

/// What does not depend on what else the machine does.
const METRICS: [&str; 3] = ["instructions", "heap_bytes", "perplexity"];

/// Count a change and its base, and take the perplexity of both
///
/// OUT gets run.json, and base-counts/ with the counts of the base as baselines.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory to write to
    out: PathBuf,
    /// Commit that the change is compared with
    base: String,
    /// Commit of the change
    #[arg(default_value = "HEAD")]
    change: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    let (base, change) = (sources.commit(&arguments.base)?, sources.commit(&arguments.change)?);
    take(&sources, &base, &change, &arguments.out, None).map(drop)
}

/// Counts both versions into `out`, as a host of `class` if one is named; the change then lies at the place for building.
pub(crate) fn take(
    sources: &Sources,
    base: &Version,
    change: &Version,
    out: &Path,
    class: Option<&str>,
) -> Result<Checkout> {
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    process::make_directory(out)?;
    let out = process::absolute(out)?;
    let (record, accepted) = (out.join("base.json"), out.join("base-counts"));
    eprintln!("counting the base");
    let checkout = count(sources, base, &record, class)?;
    process::remove(&accepted)?;
    let mut accept = checkout.scalegate(["accept", "--reason", "counts of the base"]);
    accept.arg(&record).arg("--baseline").arg(&accepted);
    process::run_quietly(accept.args(METRICS.iter().flat_map(|metric| ["--metric", metric])))?;
    name_sources(&record, base)?;
    eprintln!("counting the change");
    let record = out.join("run.json");
    let checkout = count(sources, change, &record, class)?;
    name_sources(&record, change)?;
    Ok(checkout)
}

/// Writes into a record which sources were measured: the place for building is no clone, and the record cannot know.
fn name_sources(record: &Path, version: &Version) -> Result<()> {
    let mut run: Run = record::read_json(record)?;
    if let Some(program) = &mut run.provenance.program {
        (program.revision, program.dirty) = (Some(version.tree.clone()), Some(false));
    }
    record::write_json(record, &run)
}

fn count(sources: &Sources, version: &Version, record: &Path, class: Option<&str>) -> Result<Checkout> {
    let mut checkout = sources.check_out(version)?;
    if let Some(class) = class {
        checkout = checkout.on_host_class(class);
    }
    checkout.build()?;
    checkout.run(METRICS.iter().flat_map(|metric| ["--metric", metric]), record)?;
    Ok(checkout)
}
