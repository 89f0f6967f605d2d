//! Findings as JSON.

use serde_json::{Value, json};

use super::findings::{Sides, words};
use crate::gate::{Finding, Quantity};

/// A finding for programs; the form is described in `docs/formats.md`.
pub(super) fn finding_json(finding: &Finding, sides: Sides) -> Value {
    json!({
        "host": finding.host,
        "workload": finding.workload,
        "metric": finding.metric,
        "scope": finding.scope,
        "quantity": finding.quantity,
        "unit": unit(finding),
        "baseline": finding.baseline,
        "run": finding.run,
        "change": finding.change,
        "relative": finding.relative,
        "confidence": finding.confidence,
        "tolerance": finding.tolerance,
        "outcome": finding.outcome,
        "words": words(finding, sides),
    })
}

/// The unit of a finding's values; empty for a pure number.
fn unit(finding: &Finding) -> String {
    match finding.quantity {
        Quantity::Breakpoint => finding.axis.name().to_owned(),
        Quantity::Slope => format!("{}/{}", finding.cost_unit, finding.axis.singular()),
        Quantity::ExpectedUnits => finding.units.map_or_else(String::new, |its| its.unit.plural().to_owned()),
        quantity if quantity.has_cost_unit() => finding.cost_unit.clone(),
        _ => String::new(),
    }
}
