//! Counts of a change and of its base, taken in one environment.
//!
//! Base and change are counted by the same job, so that there is always something to compare with, whatever compiler and Valgrind
//! the machine has.

use std::path::{Path, PathBuf};

use clap::Args;
use scalegate::{Error, Result};

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
    std::fs::create_dir_all(out).map_err(|error| Error::new(out.display(), error, "name a directory to write to"))?;
    let out = process::absolute(out)?;
    let (record, accepted) = (out.join("base.json"), out.join("base-counts"));
    eprintln!("counting the base");
    let checkout = count(sources, base, &record, class)?;
    process::remove(&accepted)?;
    let mut accept = checkout.scalegate(["accept", "--reason", "counts of the base"]);
    accept.arg(&record).arg("--baseline").arg(&accepted);
    process::run_quietly(accept.args(METRICS.iter().flat_map(|metric| ["--metric", metric])))?;
    eprintln!("counting the change");
    count(sources, change, &out.join("run.json"), class)
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
