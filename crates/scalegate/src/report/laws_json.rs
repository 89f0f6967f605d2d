//! Laws as JSON.

use serde_json::{Value, json};

use super::expected_units;
use crate::analysis::{SeriesFit, Unfitted};
use crate::law::{Fit, Interval};

/// The machine-readable laws; the form is described in `docs/formats.md`.
pub fn fits_json(fits: &[SeriesFit]) -> Value {
    let fitted: Vec<Value> =
        fits.iter().filter_map(|series| series.outcome.as_ref().ok().map(|fit| fit_json(series, fit))).collect();
    let unfitted: Vec<Value> = fits
        .iter()
        .filter_map(|series| {
            let Err(Unfitted::Fault(reason)) = &series.outcome else { return None };
            Some(json!({"workload": series.workload, "metric": series.metric, "reason": reason}))
        })
        .collect();
    let values: Vec<Value> = fits
        .iter()
        .filter_map(|series| {
            let Err(Unfitted::Value(value)) = &series.outcome else { return None };
            Some(json!({"workload": series.workload, "metric": series.metric, "value": value}))
        })
        .collect();
    json!({"schema": 1, "fits": fitted, "unfitted": unfitted, "values": values})
}

fn fit_json(series: &SeriesFit, fit: &Fit) -> Value {
    let parameters: serde_json::Map<String, Value> = fit
        .parameters
        .iter()
        .map(|parameter| {
            let Interval { estimate, lower, upper } = parameter.interval;
            (parameter.name.to_owned(), json!({"estimate": estimate, "lower": lower, "upper": upper}))
        })
        .collect();
    let mut law = json!({
        "workload": series.workload,
        "metric": series.metric,
        "axis": series.axis,
        "unit": series.unit,
        "law": fit.class,
        "expected_knee": series.expected_knee,
        "n_sizes": fit.n_sizes(),
        "n_rounds": fit.n_rounds,
        "parameters": parameters,
        "r_squared": fit.r_squared,
        "residuals": fit.residuals,
        "sizes": fit.sizes,
        "costs": fit.costs,
        "confidence": fit.confidence,
        "seed": fit.seed,
    });
    if let Some(units) = &series.units {
        law["expected_units"] = expected_units::json(units);
    }
    if !fit.steps.is_empty() {
        law["steps"] = json!(fit.steps);
    }
    law
}
