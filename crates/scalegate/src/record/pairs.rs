//! The record of a paired measurement: every slice with its time, so that another estimator needs no new run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Document, Host};
use crate::Axis;
use crate::workload::WorkloadName;

/// Two builds of one program, measured in the same minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PairRecord {
    /// Version of this document's schema.
    pub schema: u32,
    /// The machine.
    pub host: Host,
    /// When it began, RFC 3339 in UTC.
    pub measured: String,
    /// Seed of all orders.
    pub seed: u64,
    /// What is compared with.
    pub base: Arm,
    /// What is compared.
    pub head: Arm,
    /// The multiple of bytes that functions of both sides begin at, where the linker could do it.
    pub function_alignment: Option<u32>,
    /// Whether functions and data of each process lie in an order that was drawn for it.
    #[serde(default)]
    pub random_layout: bool,
    /// One entry per workload.
    pub series: Vec<PairSeries>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// As the user named it, or `working tree`.
    pub name: String,
    /// The hash of git's tree of the sources.
    pub tree: String,
    /// SHA-256 of each bench target, by the name of the target.
    pub executables: BTreeMap<String, String>,
}

/// The pairs of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PairSeries {
    /// For instance `llm/prefill`.
    pub workload: WorkloadName,
    /// What the sizes count.
    pub axis: Axis,
    /// Settings that define the work beside its size.
    pub protocol: BTreeMap<String, String>,
    /// Logical processors that both sides were held to; empty where the system lets nobody choose.
    pub cores: Vec<usize>,
    /// The numbers of rounds after which the sides are compared, ascending; the last is the most that it takes.
    pub looks: Vec<u32>,
    /// Rounds of base and head.
    pub pairs: Vec<PairRound>,
    /// Rounds of base and base, each in processes of its own as those of the pairs are: what the machine shows of a change where
    /// there is none.
    pub controls: Vec<PairRound>,
    /// Why the sides can't be compared, if they can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

/// A process of each side, alternating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PairRound {
    /// From 0; pairs and controls are numbered apart.
    pub round: u32,
    /// In the order in which they were taken.
    pub blocks: Vec<Block>,
}

/// Four slices of one size: first, second, second, first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Position on the axis.
    pub size: u64,
    /// Whether the head has the two slices in the middle.
    pub base_first: bool,
    /// Inferences in each slice.
    pub inferences: u64,
    /// In the order in which they were taken.
    pub slices: [Slice; 4],
}

/// Some inferences without a break.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// When it began, in seconds since the measurement did.
    pub start_s: f64,
    /// Elapsed time of the inferences, in seconds.
    pub wall_s: f64,
    /// CPU time of all threads, in seconds.
    pub cpu_s: f64,
    /// The part of `wall_s` in which the thread was ready to run and another one had its core, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<f64>,
}

impl Block {
    /// The slices of the base and those of the head.
    pub fn sides(&self) -> ([Slice; 2], [Slice; 2]) {
        let [a, b, c, d] = self.slices;
        if self.base_first { ([a, d], [b, c]) } else { ([b, c], [a, d]) }
    }
}

impl Slice {
    fn is_sound(&self) -> bool {
        let all = [self.start_s, self.wall_s, self.cpu_s, self.wait_s.unwrap_or(0.0)];
        all.iter().all(|value| value.is_finite() && *value >= 0.0)
    }
}

impl Document for PairRecord {
    const SCHEMA: u32 = 2;
    const OLDEST: u32 = 1;
    const NOUN: &'static str = "record of pairs";

    fn check(&self) -> Result<(), String> {
        for series in &self.series {
            let name = &series.workload;
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                return Err(format!("the workload {name:?}"));
            }
            if !series.looks.is_sorted_by(|a, b| a < b) {
                return Err(format!("{name}: looks that don't ascend"));
            }
            for rounds in [&series.pairs, &series.controls] {
                if !rounds.is_sorted_by(|a, b| a.round < b.round) {
                    return Err(format!("{name}: rounds that don't ascend"));
                }
                for block in rounds.iter().flat_map(|round| &round.blocks) {
                    if block.size == 0 || block.inferences == 0 || !block.slices.iter().all(Slice::is_sound) {
                        return Err(format!("{name}, size {}: a slice that is none", block.size));
                    }
                }
            }
        }
        Ok(())
    }
}
