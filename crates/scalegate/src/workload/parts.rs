//! The parts that an inference consists of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an inference consisted of, in the order in which it ran.
///
/// ```
/// use std::collections::BTreeMap;
/// use scalegate::workload::{PartTime, Parts};
///
/// let part = |name: &str, seconds| PartTime {
///     name: name.to_owned(),
///     operator: "pass".to_owned(),
///     form: String::new(),
///     runs: 1,
///     seconds,
/// };
/// let parts = Parts { list: vec![part("parse", 1e-3), part("sort", 4e-3)], facts: BTreeMap::new() };
/// assert_eq!(parts.list.iter().map(|it| it.seconds).sum::<f64>(), 5e-3);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Each part once.
    pub list: Vec<PartTime>,
    /// What else decides what runs, by name: as the rewrites that applied when a model was loaded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// A part of an inference, as a node of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartTime {
    /// Its name, which no other part has.
    pub name: String,
    /// What it does: parts of one operator are added up.
    pub operator: String,
    /// What it yields, as `1×512×64 F32`; empty if that is not known.
    pub form: String,
    /// How often it ran.
    pub runs: u64,
    /// How long all of its runs took.
    pub seconds: f64,
}
