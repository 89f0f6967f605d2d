//! What `scalegate check --format json` printed, read back.

use std::path::Path;

use serde::Deserialize;

use crate::gate::{Outcome, Quantity, Scope, Verdict};
use crate::law::Interval;
use crate::metric::Metric;
use crate::record::Difference;
use crate::workload::WorkloadName;
use crate::{Error, Result, bounded};

/// The schema of a check's JSON.
const SCHEMA: u32 = 1;

const REMEDY: &str = "give what `scalegate check --format json` of this version prints";

/// A verdict with its findings; `docs/formats.md` describes the form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    schema: u32,
    /// The joined outcome.
    pub verdict: Verdict,
    /// By workload and metric, shapes before costs.
    pub findings: Vec<CheckedFinding>,
    /// Settings and hashes of what was measured that differ from the baseline.
    pub subject_changes: Vec<Difference>,
    /// What does not gate, and why.
    pub notes: Vec<CheckedNote>,
}

/// What `scalegate ab --format json` printed, but for ratios and what shows the noise.
#[derive(Deserialize)]
struct PairsFile {
    schema: u32,
    verdict: Verdict,
    findings: Vec<CheckedFinding>,
}

/// The outcome of one quantity; the fields are those of [`Finding`](crate::gate::Finding).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented where the gate makes them")]
pub struct CheckedFinding {
    pub host: String,
    pub workload: WorkloadName,
    pub metric: Metric,
    pub scope: Scope,
    pub quantity: Quantity,
    pub unit: String,
    pub baseline: Option<f64>,
    pub run: Option<f64>,
    pub change: Option<Interval>,
    pub relative: bool,
    pub confidence: Option<f64>,
    pub tolerance: Option<f64>,
    pub outcome: Outcome,
    pub words: String,
}

/// Something to know that decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedNote {
    /// The host class that it is about.
    pub host: String,
    /// What to know, and what to do about it.
    pub words: String,
}

impl CheckFile {
    /// Reads the JSON of a check.
    ///
    /// # Errors
    /// The file cannot be read, or is not the JSON of a check of this version.
    pub fn read(path: &Path) -> Result<Self> {
        let text = bounded::text_of_pipe(path, bounded::MAX_RECORD)
            .map_err(|error| Error::new(path.display(), error, REMEDY))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The same of a text; `place` is for messages.
    ///
    /// # Errors
    /// As [`CheckFile::read`].
    pub fn parse(place: &str, text: &str) -> Result<Self> {
        let file: Self = serde_json::from_str(text)
            .map_err(|error| Error::new(place, format!("not the JSON of a check: {error}"), REMEDY))?;
        if file.schema != SCHEMA {
            let cause = format!("a check of schema {}, but this scalegate reads schema {SCHEMA}", file.schema);
            return Err(Error::new(place, cause, REMEDY));
        }
        Ok(file)
    }

    /// The verdict in what `scalegate ab --format json` printed, with `notes` on what could not be compared.
    ///
    /// # Errors
    /// As [`CheckFile::read`].
    pub fn of_pairs(place: &str, text: &str, notes: Vec<CheckedNote>) -> Result<Self> {
        let PairsFile { schema, verdict, findings } = serde_json::from_str(text)
            .map_err(|error| Error::new(place, format!("not the JSON of pairs: {error}"), REMEDY))?;
        Ok(Self { schema, verdict, findings, subject_changes: Vec::new(), notes })
    }

    /// What is no pass, the worst first.
    pub fn open(&self) -> impl Iterator<Item = &CheckedFinding> {
        Outcome::WORST_FIRST
            .into_iter()
            .filter(|outcome| *outcome != Outcome::Pass)
            .flat_map(|outcome| self.findings.iter().filter(move |finding| finding.outcome == outcome))
    }
}
