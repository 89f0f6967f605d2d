//! Times and resources of a machine that is kept for measuring.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use clap::Args;
use scalegate::Result;

use crate::process::{self, command};
use crate::sources::{Sources, cargo};
use crate::verdict::exit_code;

/// What takes wall time and resources.
const TARGETS: [&str; 6] = ["--bench", "llm", "--bench", "vlm", "--bench", "resources"];

/// Measure times and resources on a machine that is kept for it
///
/// OUT gets run.json and doctor.txt. What `scalegate doctor` finds unusable is not measured; and if it finds that afterwards,
/// what was measured is not kept.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory to write to
    out: PathBuf,
    /// Measure the same code twice; again.json is the second record
    #[arg(long)]
    again: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = Sources::here()?;
    let [first, second, findings] = ["run.json", "again.json", "doctor.txt"].map(|name| arguments.out.join(name));
    for path in [&first, &second, &findings] {
        process::remove(path)?;
    }
    sources.build_all()?;
    let before = examine(&sources, &findings)?;
    if !before.success() {
        return Ok(exit_code(before));
    }
    let records = if arguments.again { vec![&first, &second] } else { vec![&first] };
    let written = sources.root().join("target/scalegate/run.json");
    for record in &records {
        process::remove(&written)?;
        process::run(command(cargo(), ["bench", "--locked"]).args(TARGETS).current_dir(sources.root()))?;
        process::write(record, process::read(&written)?)?;
    }
    let after = examine(&sources, &findings)?;
    if !after.success() {
        for record in records {
            process::remove(record)?;
        }
    }
    Ok(exit_code(after))
}

/// What `scalegate doctor` says of this machine now, shown and kept.
fn examine(sources: &Sources, findings: &Path) -> Result<ExitStatus> {
    let output = process::output(&mut sources.scalegate(["doctor"]))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let earlier = if findings.exists() { process::read(findings)? } else { String::new() };
    process::write(findings, earlier + &text)?;
    Ok(output.status)
}
