//! A run against its baselines.

use std::collections::{BTreeMap, BTreeSet};

use super::budgets;
use super::expected_units;
use super::notes::{Fact, Note, interim_looks, undecided};
use super::observations;
use crate::baseline::{Baseline, Store, count_key};
use crate::config::GateSettings;
use crate::gate::{self, Budget, Case, Demand, EVERY_WORKLOAD, Finding, Policy, Reason, Scope, Side, Verdict};
use crate::law::Observations;
use crate::metric::{Kind, Metric};
use crate::record::{Difference, Run, Series, SeriesKey};
use crate::session::{Description, Instrument};
use crate::workload::WorkloadName;
use crate::{Axis, Result};

/// A verdict with everything that a reader needs to believe it.
#[derive(Debug, Clone, PartialEq)]
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

/// What has to be there: what was not measured of it is inconclusive, never a pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// Workloads that costs are measured of.
    pub workloads: Vec<WorkloadName>,
    /// Workloads that are counted.
    pub counted: Vec<WorkloadName>,
    /// Texts that models read.
    pub texts: Vec<WorkloadName>,
    /// Classes of hosts that a record has to come from.
    pub hosts: Vec<String>,
    /// Whether the lists have all that the package measures, so that baselines of other workloads are of no concern.
    pub is_complete: bool,
}

impl Expected {
    /// Everything that bench targets say they measure.
    pub fn of<'a>(targets: impl IntoIterator<Item = &'a Description>) -> Self {
        let mut expected = Self { is_complete: true, ..Self::default() };
        for workload in targets.into_iter().flat_map(|target| &target.workloads) {
            let list = match workload.instrument {
                Instrument::Own(_) => &mut expected.texts,
                Instrument::Callgrind | Instrument::Heap | Instrument::Processor => &mut expected.counted,
                Instrument::Clock | Instrument::Sampler => &mut expected.workloads,
            };
            if !list.contains(&workload.name) {
                list.push(workload.name.clone());
            }
        }
        expected
    }

    /// The names of everything that is measured here, and need not be imported.
    pub fn names(&self) -> Vec<WorkloadName> {
        [&self.workloads, &self.counted, &self.texts].into_iter().flatten().cloned().collect()
    }

    fn of_kind(&self, kind: Kind) -> &[WorkloadName] {
        match kind {
            Kind::Count => &self.counted,
            Kind::Accuracy => &self.texts,
            Kind::Cost | Kind::Informative => &self.workloads,
        }
    }
}

/// Checks runs of one or more hosts. What `expected` names has to be in every run, for each metric that the settings require
/// on its host class.
///
/// # Errors
/// A baseline that cannot be read.
pub fn check(runs: &[Run], store: &Store, gate_settings: &GateSettings, expected: &Expected) -> Result<Check> {
    check_beside(Vec::new(), Vec::new(), runs, store, gate_settings, expected)
}

/// The same, of `others` too, which share the error rate with what the runs are compared by.
pub(super) fn check_beside(
    others: Vec<Case>,
    of_others: Vec<Budget>,
    runs: &[Run],
    store: &Store,
    gate_settings: &GateSettings,
    expected: &Expected,
) -> Result<Check> {
    let portable = store.portable()?;
    let (mut cases, mut budgets, mut units) = (others, of_others, Vec::new());
    let mut notes = Vec::new();
    let mut subject_changes = Vec::new();
    for run in runs {
        let checked = Checked {
            run,
            portable: &portable,
            own: &store.host(&run.provenance.host.class)?,
            counts: &counts_under_keys_of(run, store)?,
            other_keys: &store.count_keys()?,
            settings: gate_settings,
        };
        let mut ungated: BTreeMap<Metric, Vec<(Reason, Vec<WorkloadName>)>> = BTreeMap::new();
        let keys = checked.keys(expected);
        cases.extend(checked.missing(&keys));
        budgets.extend(budgets::of_run(run, checked.own, gate_settings));
        units.extend(expected_units::of_run(run, gate_settings));
        for key in keys {
            match checked.cases(&key) {
                Ok(list) => cases.extend(list),
                Err(reason) => {
                    let reasons = ungated.entry(key.metric).or_default();
                    match reasons.iter_mut().find(|(earlier, _)| *earlier == reason) {
                        Some((_, workloads)) => workloads.push(key.workload),
                        None => reasons.push((reason, vec![key.workload])),
                    }
                }
            }
        }
        let host = &run.provenance.host.class;
        let note = |metric, fact| Note { host: host.clone(), metric, fact };
        let informational: BTreeSet<Metric> = run.series.iter().map(|series| series.metric).collect();
        let informational: Vec<Metric> =
            informational.into_iter().filter(|metric| metric.is_gated() && !gate_settings.gates(*metric)).collect();
        if !informational.is_empty() {
            notes.push(note(None, Fact::Informational { metrics: informational }));
        }
        if checked.own.is_empty() {
            notes.push(note(None, Fact::NoHostBaselines));
        }
        let mut changes: Vec<Difference> =
            checked.own.iter().flat_map(|baseline| checked.machine_changes(baseline)).collect();
        changes.sort();
        changes.dedup();
        if !changes.is_empty() {
            notes.push(note(None, Fact::OtherMachine { changes }));
        }
        notes.extend(interim_looks(run));
        for (metric, reasons) in ungated {
            // What is missing first, then what does not compare.
            let (missing, others): (Vec<_>, Vec<_>) =
                reasons.into_iter().partition(|(reason, _)| *reason == Reason::NotMeasured);
            for (reason, workloads) in missing.into_iter().chain(others) {
                notes.push(note(Some(metric), Fact::Ungated { workloads, reason }));
            }
        }
        for baseline in checked.portable.iter().chain(checked.counts) {
            if run.series(&baseline.series().workload, baseline.series().metric).is_none() {
                continue;
            }
            for change in baseline.run.provenance.subject_changes(&run.provenance) {
                if concerns(&change, &baseline.series().workload) && !subject_changes.contains(&change) {
                    subject_changes.push(change);
                }
            }
        }
    }
    let came = |class: &&String| runs.iter().any(|run| run.provenance.host.class == **class);
    cases.extend(expected.hosts.iter().filter(|class| !came(class)).map(|class| {
        let metric = gate_settings.required(class).first().copied().unwrap_or(Metric::WallTime);
        every_workload(class, metric, Reason::NoRecord { class: class.clone() }, gate_settings)
    }));
    let policy = Policy { alpha: gate_settings.alpha, miss: gate_settings.miss, ..Policy::default() };
    let report = gate::decide_with(&cases, &budgets, &units, &policy);
    notes.extend(undecided(report.undecided));
    let (verdict, findings) = (report.verdict, report.findings);
    Ok(Check { verdict, findings, subject_changes, notes })
}

/// Whether a change of what is under test can be one of this workload: a user model has workloads of its own.
fn concerns(change: &Difference, workload: &WorkloadName) -> bool {
    let Some(model) = change.field.strip_prefix("model.") else { return true };
    let Some(owner) = workload.model().or(workload.family()) else { return true };
    model == owner || model.strip_prefix(owner).is_some_and(|rest| rest.starts_with('.'))
}

fn counts_under_keys_of(run: &Run, store: &Store) -> Result<Vec<Baseline>> {
    let counts = run.series.iter().filter(|series| series.metric.kind() == Kind::Count && series.unavailable.is_none());
    let keys: BTreeSet<String> = counts.map(count_key).collect();
    let mut all = Vec::new();
    for key in keys {
        all.extend(store.counts(&key)?);
    }
    Ok(all)
}

/// One run and what it is compared with.
struct Checked<'a> {
    run: &'a Run,
    portable: &'a [Baseline],
    own: &'a [Baseline],
    counts: &'a [Baseline],
    /// Keys that have baselines, for a message about one that has none.
    other_keys: &'a [String],
    settings: &'a GateSettings,
}

impl Checked<'_> {
    /// Everything gated that was measured, that is required, or that has a baseline.
    fn keys(&self, expected: &Expected) -> BTreeSet<SeriesKey> {
        let measured = self.run.series.iter();
        let is_known = |series: &&Series| {
            let is_listed = expected.of_kind(series.metric.kind()).contains(&series.workload);
            is_listed || !expected.is_complete || self.run.provenance.is_imported()
        };
        let accepted = self.portable.iter().chain(self.own).chain(self.counts).map(Baseline::series).filter(is_known);
        let required = self.demanded().iter().flat_map(|metric| {
            expected.of_kind(metric.kind()).iter().map(|workload| SeriesKey::new(workload.clone(), *metric))
        });
        measured
            .chain(accepted)
            .map(Series::key)
            .filter(|key| self.settings.gates(key.metric))
            .chain(required)
            .collect()
    }

    fn required(&self) -> &[Metric] {
        self.settings.required(&self.run.provenance.host.class)
    }

    /// What has to be in the record: what another tool measured need not be this suite, unless the settings say what its class
    /// has to measure.
    fn demanded(&self) -> &[Metric] {
        let is_suite = !self.run.provenance.is_imported() || self.settings.names_host(&self.run.provenance.host.class);
        if is_suite { self.required() } else { &[] }
    }

    /// Required metrics that none of `keys` has. Which workloads lack them, a record without its package does not say.
    fn missing(&self, keys: &BTreeSet<SeriesKey>) -> Vec<Case> {
        let class = &self.run.provenance.host.class;
        let is_missing = |metric: &&Metric| !keys.iter().any(|key| key.metric == **metric);
        let missing = self.demanded().iter().filter(is_missing);
        missing
            .map(|&metric| every_workload(class, metric, Reason::NowhereMeasured { metric }, self.settings))
            .collect()
    }

    /// The comparisons of one workload and metric; or, if the metric is not required here, why there are none.
    fn cases(&self, key: &SeriesKey) -> Result<Vec<Case>, Reason> {
        let cases = match key.metric.kind() {
            Kind::Count => {
                let baseline = find(self.counts, key);
                let withheld = self.no_count(baseline, key);
                [Scope::Shape, Scope::Absolute].map(|scope| self.case(scope, key, baseline, withheld.clone())).into()
            }
            Kind::Accuracy => vec![self.portable_case(Scope::Value, key)],
            Kind::Cost | Kind::Informative => {
                let mut cases = vec![self.portable_case(Scope::Shape, key)];
                cases.extend(self.absolute_case(key));
                cases
            }
        };
        let withheld = cases.iter().find_map(|case| case.withheld.clone());
        match withheld {
            Some(reason) if !self.required().contains(&key.metric) || self.is_of_new_machine(&reason) => Err(reason),
            _ => Ok(cases),
        }
    }

    /// What a pass asks of a comparison here.
    fn demand(&self, scope: Scope, metric: Metric) -> Demand {
        let is_required = self.required().contains(&metric);
        let varies = scope == Scope::Absolute && metric.error_bound().is_none();
        match (varies, self.settings.required_costs.contains(&metric)) {
            // Stored runs seldom decide what changes between runs.
            (true, false) if is_required => Demand::Comparable,
            (true, is_decided) => Demand::decided_if(is_decided),
            (false, _) => Demand::decided_if(is_required),
        }
    }

    /// Whether a count is not compared because nobody has counted on a machine like this one. On a class of hosts that the settings name, or
    /// that has baselines, that is a gap in the gate; elsewhere nothing was ever promised, and what else is compared decides.
    fn is_of_new_machine(&self, reason: &Reason) -> bool {
        let is_new = self.own.is_empty() && !self.settings.names_host(&self.run.provenance.host.class);
        is_new && matches!(reason, Reason::NoCounts { .. })
    }

    /// What is the same on every host.
    fn portable_case(&self, scope: Scope, key: &SeriesKey) -> Case {
        let baseline = find(self.portable, key);
        let withheld = match (baseline, self.run.series(&key.workload, key.metric)) {
            (_, None) => Some(Reason::NotMeasured),
            (_, Some(series)) if series.unavailable.is_some() => series.unavailable.clone().map(Reason::Unavailable),
            (None, Some(_)) => Some(Reason::NoPortableBaseline),
            (Some(baseline), Some(series)) => incomparable(baseline.series(), series, &[]),
        };
        self.case(scope, key, baseline, withheld)
    }

    /// The costs, if this host class has baselines at all.
    fn absolute_case(&self, key: &SeriesKey) -> Option<Case> {
        let series = self.run.series(&key.workload, key.metric)?;
        if self.own.is_empty() {
            return None;
        }
        let baseline = find(self.own, key);
        let withheld = match baseline {
            None => Some(Reason::NoHostBaseline { class: self.run.provenance.host.class.clone() }),
            Some(baseline) => {
                if !self.machine_changes(baseline).is_empty() && !self.settings.required_costs.contains(&key.metric) {
                    return None;
                }
                incomparable(baseline.series(), series, &baseline.run.provenance.incomparable(&self.run.provenance))
            }
        };
        Some(self.case(Scope::Absolute, key, baseline, withheld))
    }

    /// In what the machine of the run differs from that of a baseline of its class, as after an update of its kernel. Nothing in the
    /// repository can restore it, so that it is as a class without a baseline of its own.
    fn machine_changes(&self, baseline: &Baseline) -> Vec<Difference> {
        baseline.run.provenance.host.differences(&self.run.provenance.host)
    }

    /// Why a count is not compared.
    fn no_count(&self, baseline: Option<&Baseline>, key: &SeriesKey) -> Option<Reason> {
        let Some(series) = self.run.series(&key.workload, key.metric) else { return Some(Reason::NotMeasured) };
        if let Some(reason) = &series.unavailable {
            return Some(Reason::Unavailable(reason.clone()));
        }
        if let Some(baseline) = baseline {
            return incomparable(baseline.series(), series, &[]);
        }
        let (metric, key) = (key.metric, count_key(series));
        Some(Reason::NoCounts { metric, key, others: self.other_keys.to_vec() })
    }

    fn case(&self, scope: Scope, key: &SeriesKey, baseline: Option<&Baseline>, withheld: Option<Reason>) -> Case {
        let metric = key.metric;
        let series = self.run.series(&key.workload, key.metric);
        let accepted = baseline.map(Baseline::series);
        let (before, before_fault) = costs_of(accepted, Side::Baseline);
        let (after, after_fault) = costs_of(series, Side::Run);
        Case {
            host: self.run.provenance.host.class.clone(),
            workload: key.workload.clone(),
            metric,
            axis: series.or(accepted).map_or_else(unknown_axis, |series| series.axis.clone()),
            unit: metric.unit().to_owned(),
            scope,
            tolerances: self.settings.tolerances(metric),
            noise: metric.error_bound(),
            paired: false,
            looks: series.map(|series| series.looks.clone()).unwrap_or_default(),
            baseline: before,
            further: baseline.iter().flat_map(|it| &it.further).filter_map(|it| observations(it).ok()).collect(),
            demand: self.demand(scope, metric),
            run: after,
            withheld: withheld.or(before_fault).or(after_fault),
        }
    }
}

/// Stands for all workloads of a class of hosts that a metric is missing of.
fn every_workload(class: &str, metric: Metric, reason: Reason, settings: &GateSettings) -> Case {
    Case {
        host: class.to_owned(),
        workload: EVERY_WORKLOAD.into(),
        metric,
        axis: unknown_axis(),
        unit: metric.unit().to_owned(),
        scope: if metric.has_law() { Scope::Shape } else { Scope::Value },
        tolerances: settings.tolerances(metric),
        noise: metric.error_bound(),
        paired: false,
        looks: Vec::new(),
        baseline: None,
        further: Vec::new(),
        demand: Demand::Decided,
        run: None,
        withheld: Some(reason),
    }
}

/// Of what neither side has measured.
pub(super) fn unknown_axis() -> Axis {
    Axis::new("size")
}

fn find<'a>(baselines: &'a [Baseline], key: &SeriesKey) -> Option<&'a Baseline> {
    baselines.iter().find(|baseline| baseline.series().key() == *key)
}

/// The observations of one side, or why there are none.
pub(super) fn costs_of(series: Option<&Series>, side: Side) -> (Option<Observations>, Option<Reason>) {
    match series.map(observations) {
        None => (None, None),
        Some(Ok(observations)) => (Some(observations), None),
        Some(Err(fault)) => (None, Some(Reason::Unusable(side, fault))),
    }
}

/// Why a series and its baseline, or another series, are not comparable: the fields that differ, except what is under test;
/// `fingerprint` holds those of their hosts and builds.
pub(super) fn incomparable(baseline: &Series, run: &Series, fingerprint: &[Difference]) -> Option<Reason> {
    let fields = differing(baseline, run, fingerprint);
    (!fields.is_empty()).then_some(Reason::Differs(fields))
}

/// The fields in which two series and, by `fingerprint`, their hosts and builds differ that have to be the same.
pub(super) fn differing(baseline: &Series, run: &Series, fingerprint: &[Difference]) -> Vec<Difference> {
    let field = |field: &str, before, after| Difference { field: field.to_owned(), before, after };
    let mut fields = fingerprint.to_vec();
    if baseline.axis != run.axis {
        fields.push(field("axis", baseline.axis.name().to_owned(), run.axis.name().to_owned()));
    }
    let sizes = |series: &Series| series.sizes().iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    if baseline.sizes() != run.sizes() && run.unavailable.is_none() {
        fields.push(field("sizes", sizes(baseline), sizes(run)));
    }
    fields.extend(run.protocol_changes(baseline).into_iter().map(|(key, before, after)| field(&key, before, after)));
    fields
}
