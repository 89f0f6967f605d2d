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
    /// The same series of further runs of the same program on the same host, from which it is known what changes between runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Series>,
}

impl Baseline {
    /// The accepted series.
    pub fn series(&self) -> &Series {
        // `check` refuses a document without exactly one series, and `Store` makes none.
        &self.run.series[0]
    }

    /// How many runs were accepted.
    pub fn n_runs(&self) -> usize {
        1 + self.further.len()
    }

    /// What further runs have to have in common with the first.
    fn check_further(&self, first: &Series) -> Result<(), String> {
        for series in &self.further {
            series.check()?;
            if series.unavailable.is_some() {
                return Err("a further run has no samples".to_owned());
            }
            if series.key() != first.key() || series.axis != first.axis || series.sizes() != first.sizes() {
                return Err(format!("a further run of {} is one of {} at other sizes", first.key(), series.key()));
            }
        }
        Ok(())
    }

    /// File name below the directory of the host class, or below `portable`.
    pub fn file_name(key: &SeriesKey) -> String {
        format!("{}.{}.json", key.workload.replace('/', "-"), key.metric)
    }
}

impl Document for Baseline {
    /// Schemas up to 5 are those of the run in it; schema 6 has further runs.
    const SCHEMA: u32 = 6;
    /// Schema 2 has no `looks`.
    const OLDEST: u32 = 2;
    const NOUN: &'static str = "baseline";

    fn check(&self) -> Result<(), String> {
        self.run.check()?;
        match self.run.series.as_slice() {
            [series] if series.unavailable.is_none() => self.check_further(series),
            [_] => Err("the accepted series has no samples".to_owned()),
            list => Err(format!("{} series where a baseline holds one", list.len())),
        }
    }
}
