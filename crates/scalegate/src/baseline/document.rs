//! One accepted series.

use serde::{Deserialize, Serialize};

use crate::record::{Document, Run, Series, SeriesKey};

/// The accepted samples of one workload and metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this document's schema.
    pub schema: u32,
    /// Why these costs are right, in the words of who accepted them.
    pub reason: String,
    /// When they were accepted, RFC 3339 in UTC.
    pub accepted: String,
    /// The accepted run with this one series.
    pub run: Run,
}

impl Baseline {
    /// The accepted series.
    pub fn series(&self) -> &Series {
        // `check` refuses a document without exactly one series, and `Store` makes none.
        &self.run.series[0]
    }

    /// File name below the directory of the host class, or below `portable`.
    pub fn file_name(key: &SeriesKey) -> String {
        format!("{}.{}.json", key.workload.replace('/', "-"), key.metric)
    }
}

impl Document for Baseline {
    /// That of the run in it.
    const SCHEMA: u32 = 5;
    /// Schema 2 has no `looks`.
    const OLDEST: u32 = 2;
    const NOUN: &'static str = "baseline";

    fn check(&self) -> Result<(), String> {
        self.run.check()?;
        match self.run.series.as_slice() {
            [series] if series.unavailable.is_none() => Ok(()),
            [_] => Err("the accepted series has no samples".to_owned()),
            list => Err(format!("{} series where a baseline holds one", list.len())),
        }
    }
}
