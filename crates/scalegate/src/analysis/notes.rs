//! What a reader of a verdict should know, and what decides nothing.

use std::collections::BTreeMap;

use crate::gate::{Finding, Reason};
use crate::metric::Metric;
use crate::record::{Difference, Run, Series};
use crate::workload::WorkloadName;

/// Something to know that decides nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The host class that it is about.
    pub host: String,
    /// The metric that it is about, if it is about one.
    pub metric: Option<Metric>,
    /// What to know.
    pub fact: Fact,
}

/// What a note says.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The class of hosts has no baseline of its own, so that absolute costs don't gate.
    NoHostBaselines,
    /// The machine is not as it was when its baselines were accepted, so that absolute costs don't gate.
    OtherMachine {
        /// In what it differs.
        changes: Vec<Difference>,
    },
    /// The configuration says that these metrics don't gate.
    Informational {
        /// The metrics.
        metrics: Vec<Metric>,
    },
    /// The metric of these workloads does not gate.
    Ungated {
        /// The workloads.
        workloads: Vec<WorkloadName>,
        /// Why.
        reason: Reason,
    },
    /// Absolute costs that the baseline of the host cannot decide, of one metric and with one number of accepted runs. They are left
    /// to shapes, counts and pairs.
    Undecided {
        /// The costs, by workload.
        findings: Vec<Finding>,
        /// How many runs were accepted.
        accepted_runs: usize,
    },
    /// What the rounds cannot decide, of one metric that is not required.
    UndecidedOptional {
        /// The quantities, by workload.
        findings: Vec<Finding>,
    },
    /// What pairs cannot decide, of one metric. It is left to what else is compared.
    UndecidedPairs {
        /// The quantities, by workload.
        findings: Vec<Finding>,
    },
    /// The run has interim looks while its rounds are measured, and this is one of them, and not the last.
    InterimLook {
        /// What is measured in these rounds.
        metrics: Vec<Metric>,
        /// The workloads whose rounds these are.
        workloads: Vec<WorkloadName>,
        /// The rounds so far.
        taken: u32,
        /// The most rounds that it takes.
        max: u32,
        /// Which look this is, counted from 1.
        look: usize,
        /// How many there are.
        looks: usize,
    },
}

/// A note for each host, metric, whether it is of pairs, and number of accepted runs, which only absolute costs of stored runs have.
pub(super) fn undecided(findings: Vec<Finding>) -> Vec<Note> {
    let mut groups: BTreeMap<(String, Metric, bool, Option<usize>), Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let accepted_runs = finding.accepted_runs.filter(|_| !finding.paired);
        groups.entry((finding.host.clone(), finding.metric, finding.paired, accepted_runs)).or_default().push(finding);
    }
    let note = |((host, metric, paired, accepted_runs), findings)| Note {
        host,
        metric: Some(metric),
        fact: match accepted_runs {
            Some(accepted_runs) => Fact::Undecided { findings, accepted_runs },
            None if paired => Fact::UndecidedPairs { findings },
            None => Fact::UndecidedOptional { findings },
        },
    };
    groups.into_iter().map(note).collect()
}

/// How many of its rounds each series of a run has that did not take all of them. What is sampled in the same rounds has one note.
pub(super) fn interim_looks(run: &Run) -> Vec<Note> {
    let mut groups: BTreeMap<_, (Vec<Metric>, Vec<WorkloadName>)> = BTreeMap::new();
    let has_further_looks = |series: &&Series| {
        let is_part = !series.looks.is_empty() && series.n_rounds() < series.max_rounds();
        series.unavailable.is_none() && series.metric.is_gated() && is_part
    };
    for series in run.series.iter().filter(has_further_looks) {
        let taken = series.n_rounds();
        // A look at a number of rounds that was not planned for is one more.
        let earlier = series.looks.iter().filter(|&&look| look < taken).count();
        let planned = series.looks.len() + usize::from(!series.looks.contains(&taken));
        let is_timed = series.metric == Metric::WallTime;
        let (metrics, workloads) =
            groups.entry((is_timed, taken, series.max_rounds(), earlier + 1, planned)).or_default();
        metrics.push(series.metric);
        workloads.push(series.workload.clone());
    }
    let note = |((_, taken, max, look, looks), (mut metrics, mut workloads)): (_, (Vec<Metric>, Vec<WorkloadName>))| {
        metrics.sort_unstable();
        metrics.dedup();
        workloads.sort_unstable();
        workloads.dedup();
        let host = run.provenance.host.class.clone();
        Note { host, metric: None, fact: Fact::InterimLook { metrics, workloads, taken, max, look, looks } }
    };
    groups.into_iter().map(note).collect()
}
