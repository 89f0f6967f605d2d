//! A run and its series of samples.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Document, ExpectedUnits, Provenance, SeriesKey, Window};
use crate::metric::Metric;
use crate::workload::WorkloadName;
use crate::{Axis, Resolution};

/// Everything that one run measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Version of this document's schema.
    pub schema: u32,
    /// Who measured what.
    pub provenance: Provenance,
    /// One entry per workload and metric.
    pub series: Vec<Series>,
}

/// The samples of one workload and metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// For instance `llm/prefill`.
    pub workload: WorkloadName,
    /// What the sizes count.
    pub axis: Axis,
    /// What the values are.
    pub metric: Metric,
    /// Unit of the values.
    pub unit: String,
    /// When the series was complete, RFC 3339 in UTC; absent if the source does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// What defines the measurement beside the sizes (lengths of prompts, warm-up, allocator, and so on): series with other
    /// settings are not comparable.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protocol: BTreeMap<String, String>,
    /// What went on while it was measured, as temperatures and the load of other processes; decides nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, String>,
    /// The numbers of rounds after which the series was or will be compared with its baseline while it is measured, ascending;
    /// the last is the most that it takes. Empty if all rounds were taken at once. With fewer samples than that, the run
    /// was stopped when all was decided, or interrupted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<u32>,
    /// Tokens that one inference reads and makes, by size; empty if it has none, or if nothing says how many.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<u64, u64>,
    /// What the configuration of the model's image processor says that an image of each size becomes; absent if nothing says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_units: Option<ExpectedUnits>,
    /// Values per size and round; empty exactly if the metric was unavailable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Of energy: when its cases were measured, for the log of a meter that is read later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Why nothing could be measured, and what would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// The values of one size in one round, in the order they were taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Position on the axis.
    pub size: u64,
    /// Round, from 0.
    pub round: u32,
    /// Cost per inference, finite and not negative.
    pub values: Vec<f64>,
}

impl Run {
    /// An empty run.
    pub fn new(provenance: Provenance) -> Self {
        Self { schema: Self::SCHEMA, provenance, series: Vec::new() }
    }

    /// The series of a workload and metric.
    pub fn series(&self, workload: &str, metric: Metric) -> Option<&Series> {
        self.series.iter().find(|series| series.workload == *workload && series.metric == metric)
    }
}

impl Series {
    /// A series without samples, settings or conditions.
    pub fn new(workload: impl Into<WorkloadName>, axis: Axis, metric: Metric) -> Self {
        Self {
            workload: workload.into(),
            axis,
            metric,
            unit: metric.unit().to_owned(),
            measured: None,
            protocol: BTreeMap::new(),
            conditions: BTreeMap::new(),
            looks: Vec::new(),
            tokens: BTreeMap::new(),
            expected_units: None,
            samples: Vec::new(),
            windows: Vec::new(),
            unavailable: None,
        }
    }

    /// Workload and metric, which together name a series within a run.
    pub fn key(&self) -> SeriesKey {
        SeriesKey::new(self.workload.clone(), self.metric)
    }

    /// Puts the series of a run in the order of their keys, each of which is there once.
    pub(crate) fn sort(series: &mut [Self]) {
        series.sort_unstable_by_key(Series::key);
    }

    /// Distinct sizes, ascending.
    pub fn sizes(&self) -> BTreeSet<u64> {
        self.samples.iter().map(|sample| sample.size).collect()
    }

    /// Settings in which an earlier series differs, with its value and that of this one.
    pub fn protocol_changes(&self, earlier: &Self) -> Vec<(String, String, String)> {
        let keys: BTreeSet<&String> = earlier.protocol.keys().chain(self.protocol.keys()).collect();
        let of = |series: &Self, key: &String| series.protocol.get(key).cloned().unwrap_or_else(|| "absent".to_owned());
        let change = |key: &String| (key.clone(), of(earlier, key), of(self, key));
        keys.into_iter().map(change).filter(|(_, before, after)| before != after).collect()
    }

    /// The images of a series along pixels by size, as its protocol lists them; none of any other.
    pub fn images(&self) -> BTreeMap<u64, Resolution> {
        let list = self.protocol.get("resolutions").map(String::as_str).unwrap_or_default();
        list.split_whitespace().filter_map(|it| it.parse::<Resolution>().ok()).map(|it| (it.pixels(), it)).collect()
    }

    /// The number of rounds that have a sample.
    pub fn n_rounds(&self) -> u32 {
        let mut rounds: Vec<u64> = self.samples.iter().map(|sample| u64::from(sample.round)).collect();
        rounds.sort_unstable();
        rounds.dedup();
        rounds.len() as u32
    }

    /// The most rounds that it takes.
    pub fn max_rounds(&self) -> u32 {
        self.looks.last().copied().unwrap_or_else(|| self.n_rounds())
    }

    /// One cost per size and round, the mean of its values: `(size, round, cost)`. It repeats better between runs than their
    /// median does; `docs/evidence/rounds.md` has the measurement. Cells that stand out are winsorized by the fit.
    pub fn costs(&self) -> impl Iterator<Item = (f64, u32, f64)> + '_ {
        self.samples.iter().map(|sample| (sample.size as f64, sample.round, mean(&sample.values)))
    }

    /// What the types cannot say about a series, as [`Document::check`] of a run.
    pub(crate) fn check(&self) -> Result<(), String> {
        let name = self.key();
        if self.workload.trim().is_empty() {
            return Err("a series without a workload".to_owned());
        }
        if self.workload.chars().any(char::is_control) {
            return Err(format!("a control character in the workload {:?}", self.workload));
        }
        if self.unit != self.metric.unit() {
            return Err(format!("{name}: unit `{}`, but {} is in `{}`", self.unit, self.metric, self.metric.unit()));
        }
        match &self.unavailable {
            Some(_) if !self.samples.is_empty() => return Err(format!("{name}: unavailable, yet it has samples")),
            None if self.samples.is_empty() => return Err(format!("{name}: no samples, and no reason given")),
            _ => {}
        }
        if !self.looks.is_sorted_by(|a, b| a < b) || self.looks.first() == Some(&0) {
            return Err(format!("{name}: looks that don't ascend from 1"));
        }
        if self.n_rounds() > self.max_rounds() {
            return Err(format!("{name}: {} rounds, but at most {}", self.n_rounds(), self.max_rounds()));
        }
        if let Some(window) = self.windows.iter().find(|window| !window.is_sound()) {
            return Err(format!(
                "{name}, size {}, round {}: windows that are no spans of time",
                window.size, window.round
            ));
        }
        if let Some(map) = self.expected_units.as_ref().and_then(|units| units.map.as_ref()) {
            map.check().map_err(|fault| format!("{name}: {fault}"))?;
        }
        let mut seen = BTreeSet::new();
        for Sample { size, round, values } in &self.samples {
            let place = format!("{name}, size {size}, round {round}");
            if *size == 0 {
                return Err(format!("{place}: a size of zero"));
            }
            if !seen.insert((size, round)) {
                return Err(format!("{place}: listed twice"));
            }
            if values.is_empty() {
                return Err(format!("{place}: no values"));
            }
            if let Some(value) = values.iter().find(|value| !value.is_finite() || **value < 0.0) {
                return Err(format!("{place}: a cost of {value}; costs are finite and not negative"));
            }
        }
        Ok(())
    }
}

impl Document for Run {
    /// Schema 4 names the program that was measured, and any axis; schema 5 the tokens of an inference; schema 6 the windows of energy.
    const SCHEMA: u32 = 6;
    /// Schema 2 has no `looks`.
    const OLDEST: u32 = 2;
    const NOUN: &'static str = "run record";

    fn check(&self) -> Result<(), String> {
        if self.series.is_empty() {
            return Err("the run is empty".to_owned());
        }
        let class = &self.provenance.host.class;
        // The class names a directory of baselines, and a record may come from anybody.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !class.chars().all(is_plain) || class.chars().all(|c| c == '.') {
            return Err(format!("the host class {class:?}; it is made of letters, digits, `.`, `_` and `-`"));
        }
        let mut keys = BTreeSet::new();
        for series in &self.series {
            series.check()?;
            if !keys.insert(series.key()) {
                return Err(format!("{}: two series", series.key()));
            }
        }
        Ok(())
    }
}

/// The mean of `values`, which are not empty; step by step, since a sum of the largest ones would be infinite.
fn mean(values: &[f64]) -> f64 {
    values.iter().zip(1..).fold(0.0, |mean, (value, count)| mean + (value - mean) / f64::from(count))
}
