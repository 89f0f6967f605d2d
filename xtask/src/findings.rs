//! What a check says of one series, for tables.

use scalegate::ci::{CheckFile, CheckedFinding};
use scalegate::gate::{Quantity, Scope, Verdict};
use scalegate::metric::Metric;

/// The findings of a metric, of one workload or of all, on what was compared.
pub(crate) fn of_metric<'a>(
    check: &'a CheckFile,
    metric: Metric,
    workload: Option<&'a str>,
) -> impl Iterator<Item = &'a CheckedFinding> + Clone {
    check.findings.iter().filter(move |finding| {
        finding.metric == metric
            && finding.quantity != Quantity::All
            && workload.is_none_or(|workload| finding.workload == workload)
    })
}

/// The joined outcome of a scope, or that nothing of it was compared.
pub(crate) fn joined<'a>(findings: impl Iterator<Item = &'a CheckedFinding>, scope: Scope) -> String {
    let outcomes: Vec<_> = findings.filter(|finding| finding.scope == scope).map(|finding| finding.outcome).collect();
    if outcomes.is_empty() { "not compared".to_owned() } else { Verdict::join(outcomes).to_string() }
}
