//! Records of the main branch as the baselines of their hosts, and what two runs of one host differ by.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use scalegate::ci::{self, Records};
use scalegate::record::{self, Run};
use scalegate::time::Date;
use scalegate::{Error, Result};

use crate::mutants::checked;
use crate::process;
use crate::sources::Sources;

/// What is accepted if nobody says why.
const WEEKLY: &str = "weekly run of the main branch";

/// Make records of the main branch the baselines of their hosts, and keep what two runs of one host differ by
///
/// RECORDS has a directory for each host, as for `cargo xtask verdict`; again.json in it is a second run of the same code.
/// Changes baselines/ and noise/, and writes what changed to target/baseline.md.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory with a directory for each host
    records: PathBuf,
    /// Why the costs are right; kept with the baselines
    #[arg(long, env = "REASON", default_value = WEEKLY)]
    reason: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    let acceptance = Acceptance {
        // What the clock starts has an empty reason.
        reason: Some(arguments.reason.trim()).filter(|reason| !reason.is_empty()).unwrap_or(WEEKLY).to_owned(),
        today: Date::today(),
        sources,
    };
    acceptance.sources.build_scalegate()?;
    let runs = Records::new(process::absolute(&arguments.records)?).runs()?;
    if runs.is_empty() {
        let remedy = "see why the jobs before this one sent none";
        return Err(Error::new(arguments.records.display(), "there is no record in it", remedy));
    }
    let report = acceptance.sources.target().join("baseline.md");
    process::write(&report, acceptance.changes(&runs)?)?;
    for run in &runs {
        acceptance.accept(run)?;
    }
    Ok(())
}

struct Acceptance {
    sources: Sources,
    reason: String,
    today: Date,
}

impl Acceptance {
    /// What changed since the last baselines, for a reviewer.
    fn changes(&self, runs: &[PathBuf]) -> Result<String> {
        let output = process::output(self.sources.scalegate(["check"]).args(runs))?;
        // Any verdict is right here, and an error has no output.
        if output.stdout.is_empty() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Err(Error::new(
                "scalegate check",
                format!("it ended with {}", output.status),
                "fix what it printed above",
            ));
        }
        let mut text = format!("Reason: {}\n\nWhat changed since the last baselines:\n\n", self.reason);
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let _ = writeln!(text, "    {line}");
        }
        Ok(text)
    }

    /// Accepts a record, and keeps the noise of its host if it was measured twice.
    fn accept(&self, run: &Path) -> Result<()> {
        process::run(self.sources.scalegate(["accept", "--reason", &self.reason]).arg(run))?;
        let again = run.with_file_name("again.json");
        if !again.is_file() {
            return Ok(());
        }
        let work = process::temporary_directory()?;
        let mut first = self.sources.scalegate(["accept", "--reason", "the first of two runs"]);
        process::run_quietly(first.arg(run).arg("--baseline").arg(work.path()))?;
        let mut second = self.sources.scalegate(["check", "--format", "json"]);
        let check = checked(second.arg(&again).arg("--baseline").arg(work.path()))?;
        let record: Run = record::read_json(run)?;
        let path = self.sources.root().join("noise").join(format!("{}.csv", record.provenance.host.class));
        let earlier = if path.exists() { process::read(&path)? } else { String::new() };
        let rows = ci::noise_rows(&check, &self.today, earlier.is_empty())?;
        process::write(&path, earlier + &rows)
    }
}
