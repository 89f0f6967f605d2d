//! The summary files that Gungraun leaves.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::metric::Metric;
use crate::{Error, Result};

/// The version of Gungraun's summary that is read here, `summary.v7.schema.json` of Gungraun 0.20.
const VERSION: &str = "7";

/// What was counted of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCounts {
    /// Position of the case in the list that the harness was given.
    pub index: usize,
    /// [`Metric::Instructions`], [`Metric::D1Misses`], [`Metric::LlMisses`] and [`Metric::Branches`].
    pub counts: BTreeMap<Metric, u64>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Summary {
    id: String,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    tool: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    metrics: BTreeMap<String, Values>,
}

#[derive(Deserialize)]
struct Values {
    values: Value,
}

/// `new` alone, since nothing old lies in a fresh directory. Rates are fractions.
#[derive(Deserialize)]
struct Value {
    new: serde_json::Number,
}

/// Reads every `summary.json` below `directory`, in no order.
///
/// # Errors
/// A file that cannot be read, is of another version, or lacks a count.
pub fn read_summaries(directory: &Path) -> Result<Vec<CaseCounts>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(folder) = open.pop() {
        let fail = |error: std::io::Error| Error::new(folder.display(), error, "measure again with `cargo bench`");
        for entry in std::fs::read_dir(&folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name == "summary.json") {
                let fail = |cause: String| Error::new(path.display(), cause, "measure again with `cargo bench`");
                let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
                found.push(parse(&text).map_err(fail)?);
            }
        }
    }
    Ok(found)
}

fn parse(text: &str) -> std::result::Result<CaseCounts, String> {
    // The version comes first: a summary of another one fails on its fields, and that message would mislead.
    let Version { version } = serde_json::from_str(text).map_err(|error| format!("not a summary: {error}"))?;
    if version != VERSION {
        return Err(format!("a summary of version {version}, but this scalegate reads version {VERSION}"));
    }
    let summary: Summary = serde_json::from_str(text).map_err(|error| format!("not a valid summary: {error}"))?;
    let index = summary.id.rsplit('_').next().and_then(|index| index.parse().ok());
    let index = index.ok_or_else(|| format!("the case `{}` has no number", summary.id))?;
    let callgrind = summary.profiles.iter().find(|profile| profile.tool == "Callgrind");
    let metrics = &callgrind.ok_or("callgrind has not run")?.data.total.metrics;
    let sum = |events: &[&str]| -> std::result::Result<u64, String> {
        events.iter().map(|event| count(metrics, event)).sum()
    };
    let counts = BTreeMap::from([
        (Metric::Instructions, sum(&["Ir"])?),
        (Metric::D1Misses, sum(&["D1mr", "D1mw"])?),
        (Metric::LlMisses, sum(&["ILmr", "DLmr", "DLmw"])?),
        (Metric::Branches, sum(&["Bc", "Bi"])?),
    ]);
    Ok(CaseCounts { index, counts })
}

fn count(metrics: &BTreeMap<String, Values>, event: &str) -> std::result::Result<u64, String> {
    let values = metrics.get(event).ok_or_else(|| format!("there is no count of {event}"))?;
    values.values.new.as_u64().ok_or_else(|| format!("{event} is {}, which is no count", values.values.new))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by Gungraun 0.20.0 with Valgrind 3.19.0; paths and rates are left out.
    const RECORDED: &str = include_str!("../../../tests/fixtures/gungraun/summary.json");

    #[test]
    fn a_recorded_summary_is_read_to_the_last_instruction() {
        let case = parse(RECORDED).unwrap();
        assert_eq!(case.index, 6);
        let counts: Vec<u64> = case.counts.values().copied().collect();
        assert_eq!(counts, [573_676, 11_063, 10, 77_235], "Ir, D1mr + D1mw, ILmr + DLmr + DLmw, Bc + Bi");
    }

    #[test]
    fn a_summary_of_another_version_is_refused() {
        let error = parse(&RECORDED.replace(r#""version": "7""#, r#""version": "8""#)).unwrap_err();
        assert_eq!(error, "a summary of version 8, but this scalegate reads version 7");
    }

    #[test]
    fn a_missing_or_broken_count_is_an_error_and_not_a_zero() {
        assert_eq!(parse(&RECORDED.replace("\"Ir\"", "\"Ix\"")).unwrap_err(), "there is no count of Ir");
        assert!(parse(&RECORDED.replace("573676", "573676.5")).unwrap_err().contains("which is no count"));
        assert_eq!(parse(&RECORDED.replace("Callgrind", "Memcheck")).unwrap_err(), "callgrind has not run");
        assert!(parse("").is_err());
    }
}
