//! A run against its baselines.

use std::collections::BTreeSet;

use serde::Serialize;

use super::observations;
use crate::Result;
use crate::baseline::{Baseline, Store};
use crate::gate::{self, Case, Finding, Policy, Scope, Verdict};
use crate::law::Observations;
use crate::metric::Metric;
use crate::record::{Difference, Run, Series};
use crate::suite::{GateSettings, Tolerances};

/// A verdict with everything that a reader needs to believe it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The joined outcome.
    pub verdict: Verdict,
    /// By workload and metric, shapes before costs.
    pub findings: Vec<Finding>,
    /// What was changed on purpose or not: settings and hashes of what is under test, against the portable baseline.
    pub subject_changes: Vec<Difference>,
    /// What does not gate, and why.
    pub notes: Vec<Note>,
}

/// Something to know that decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The host class that it is about.
    pub host: String,
    /// What to know, and what to do about it.
    pub words: String,
}

/// Checks runs of one or more hosts. `required` names workloads that have to be in every run, beside those that have a
/// baseline: what was not measured is inconclusive, never a pass.
///
/// # Errors
/// A baseline that cannot be read.
pub fn check(runs: &[Run], store: &Store, gate_settings: &GateSettings, required: &[String]) -> Result<Check> {
    let portable = store.portable()?;
    let mut cases = Vec::new();
    let mut notes = Vec::new();
    let mut subject_changes = Vec::new();
    for run in runs {
        let own = store.host(&run.provenance.host.class)?;
        let side = Side { run, portable: &portable, own: &own, settings: gate_settings };
        for (workload, metric) in side.keys(required) {
            cases.push(side.shape_case(&workload, metric));
            cases.extend(side.absolute_case(&workload, metric));
        }
        notes.extend(side.notes());
        for baseline in portable
            .iter()
            .filter(|baseline| run.series(&baseline.series().workload, baseline.series().metric).is_some())
        {
            for change in baseline.run.provenance.subject_changes(&run.provenance) {
                if !subject_changes.contains(&change) {
                    subject_changes.push(change);
                }
            }
        }
    }
    let policy = Policy { alpha: gate_settings.alpha, miss: gate_settings.miss, ..Policy::default() };
    let gate::Report { verdict, findings } = gate::decide(&cases, &policy);
    Ok(Check { verdict, findings, subject_changes, notes })
}

/// One run and what it is compared with.
struct Side<'a> {
    run: &'a Run,
    portable: &'a [Baseline],
    own: &'a [Baseline],
    settings: &'a GateSettings,
}

impl Side<'_> {
    /// Everything that was measured, that is required, or that has a baseline.
    fn keys(&self, required: &[String]) -> BTreeSet<(String, Metric)> {
        let measured = self.run.series.iter();
        let accepted = self.portable.iter().chain(self.own).map(Baseline::series);
        measured
            .chain(accepted)
            .map(|series| (series.workload.clone(), series.metric))
            .chain(required.iter().map(|workload| (workload.clone(), Metric::WallTime)))
            .collect()
    }

    fn shape_case(&self, workload: &str, metric: Metric) -> Case {
        let baseline = find(self.portable, workload, metric);
        let withheld = match (baseline, self.run.series(workload, metric)) {
            (None, Some(_)) => Some("there is no portable baseline; accept a run with `scalegate accept`".to_owned()),
            (Some(baseline), Some(series)) => incomparable(baseline.series(), series, &[]),
            (_, None) => Some("it was not measured; run `cargo bench`, which measures the whole suite".to_owned()),
        };
        self.case(Scope::Shape, workload, metric, baseline, withheld)
    }

    /// The costs, if this host class has baselines at all.
    fn absolute_case(&self, workload: &str, metric: Metric) -> Option<Case> {
        let series = self.run.series(workload, metric)?;
        if self.own.is_empty() {
            return None;
        }
        let baseline = find(self.own, workload, metric);
        let withheld = match baseline {
            None => Some(format!(
                "host class {} has no baseline of it; accept a run with `scalegate accept`",
                self.run.provenance.host.class
            )),
            Some(baseline) => {
                incomparable(baseline.series(), series, &baseline.run.provenance.incomparable(&self.run.provenance))
            }
        };
        Some(self.case(Scope::Absolute, workload, metric, baseline, withheld))
    }

    fn case(
        &self,
        scope: Scope,
        workload: &str,
        metric: Metric,
        baseline: Option<&Baseline>,
        withheld: Option<String>,
    ) -> Case {
        let series = self.run.series(workload, metric);
        let (before, before_fault) = side(baseline.map(Baseline::series), "baseline");
        let (after, after_fault) = side(series, "run");
        let axis = series.or(baseline.map(Baseline::series)).map_or("size", |series| series.axis.name());
        Case {
            workload: workload.to_owned(),
            metric: metric.name().to_owned(),
            axis: axis.to_owned(),
            unit: metric.unit().to_owned(),
            scope,
            tolerances: self.tolerances(metric),
            noise: None,
            baseline: before,
            run: after,
            withheld: withheld.or(before_fault).or(after_fault),
        }
    }

    fn tolerances(&self, metric: Metric) -> Tolerances {
        self.settings.tolerance.get(&metric).copied().unwrap_or_default()
    }

    fn notes(&self) -> Option<Note> {
        let host = &self.run.provenance.host.class;
        self.own.is_empty().then(|| Note {
            host: host.clone(),
            words: format!(
                "host class {host} has no baseline of its own: shapes gate, absolute costs don't; \
                 record one with `scalegate accept`"
            ),
        })
    }
}

fn find<'a>(baselines: &'a [Baseline], workload: &str, metric: Metric) -> Option<&'a Baseline> {
    baselines.iter().find(|baseline| baseline.series().key() == (workload, metric))
}

/// The observations of one side, or why there are none.
fn side(series: Option<&Series>, name: &str) -> (Option<Observations>, Option<String>) {
    match series.map(observations) {
        None => (None, None),
        Some(Ok(observations)) => (Some(observations), None),
        Some(Err(unfitted)) => (None, Some(format!("{name}: {}", unfitted.reason))),
    }
}

/// Why a series and its baseline are not comparable: the fields that differ.
fn incomparable(baseline: &Series, run: &Series, fingerprint: &[Difference]) -> Option<String> {
    let mut fields: Vec<String> = fingerprint.iter().map(ToString::to_string).collect();
    if baseline.axis != run.axis {
        fields.push(format!("axis: {} → {}", baseline.axis.name(), run.axis.name()));
    }
    let sizes = |series: &Series| series.sizes().iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    if baseline.sizes() != run.sizes() && run.unavailable.is_none() {
        fields.push(format!("sizes: {} → {}", sizes(baseline), sizes(run)));
    }
    let keys: BTreeSet<&String> = baseline.protocol.keys().chain(run.protocol.keys()).collect();
    let absent = "absent".to_owned();
    for key in keys {
        let (before, after) = (baseline.protocol.get(key).unwrap_or(&absent), run.protocol.get(key).unwrap_or(&absent));
        if before != after {
            fields.push(format!("{key}: {before} → {after}"));
        }
    }
    (!fields.is_empty()).then(|| {
        format!("not comparable with its baseline ({}); restore these, or accept a new baseline", fields.join("; "))
    })
}
