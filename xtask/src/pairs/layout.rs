//! Builds of one source whose functions lie at other places.

use std::collections::BTreeMap;

use clap::Args;
use scalegate::Result;

use super::package::{Package, WORKLOADS};

/// Link one source several times with its functions in another order, and see what that does to wall time
///
/// With and without the alignment of functions that `scalegate ab` asks of the linker. Needs LLD, which shuffles.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many orders
    #[arg(long, default_value_t = 10)]
    builds: u32,
    /// How long each is measured against the first, in seconds for a function
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let package = Package::new()?;
    let arms = [("aligned", ""), ("as linked", UNALIGNED)];
    for (arm, extra) in arms {
        for build in 0..=arguments.builds {
            package.branch(&branch(arm, build), "build.rs", &script(build, extra))?;
        }
    }
    println!(
        "| function | size | functions | standard deviation | widest | half width of an interval |\n|---|---|---|---|---|---|"
    );
    for workload in WORKLOADS {
        for (arm, _) in arms {
            let mut changes: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
            for build in 1..=arguments.builds {
                let answer = package.ab(&branch(arm, 0), &branch(arm, build), workload, arguments.seconds)?;
                for (size, change) in answer.ratios() {
                    changes.entry(size).or_default().push((change.estimate, 0.5 * (change.upper - change.lower)));
                }
            }
            for (size, changes) in changes {
                let n = changes.len() as f64;
                let mean = changes.iter().map(|(change, _)| change).sum::<f64>() / n;
                let variance = changes.iter().map(|(change, _)| (change - mean).powi(2)).sum::<f64>() / (n - 1.0);
                let widest = changes.iter().map(|(change, _)| *change).max_by(|a, b| a.abs().total_cmp(&b.abs()));
                let half = changes.iter().map(|(_, half)| half).sum::<f64>() / n;
                println!(
                    "| {workload} | {size} | {arm} | {:.2} % | {:+.2} % | ±{:.2} % |",
                    100.0 * variance.sqrt(),
                    100.0 * widest.unwrap_or_default(),
                    100.0 * half
                );
            }
        }
    }
    Ok(())
}

fn branch(arm: &str, build: u32) -> String {
    format!("{}-{build}", arm.replace(' ', "-"))
}

/// A linker script that comes before that of `scalegate ab`, so that functions lie as they would without it.
const UNALIGNED: &str = r#"
    let script = std::path::Path::new(&std::env::var_os("OUT_DIR").unwrap()).join("unaligned.ld");
    std::fs::write(&script, "SECTIONS { .text : SUBALIGN(16) { *(.text .text.*) } } INSERT AFTER .rodata;").unwrap();
    println!("cargo:rustc-link-arg-benches=-T{}", script.display());
"#;

fn script(build: u32, extra: &str) -> String {
    format!(
        "fn main() {{{extra}    println!(\"cargo:rustc-link-arg-benches=-Wl,--shuffle-sections=.text*={}\");\n    \
         println!(\"cargo:rerun-if-changed=build.rs\");\n}}\n",
        7_919 * (build + 1)
    )
}
