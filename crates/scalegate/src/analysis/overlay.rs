//! The laws of one workload in several runs, or of several models, over one another.

use std::collections::BTreeMap;

use super::accepted::along;
use super::laws::SeriesFit;
use crate::Axis;
use crate::metric::Metric;

/// Laws of one workload and metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// The workload without the name of the model, as `llm/prefill`.
    pub workload: String,
    /// What the costs are.
    pub metric: Metric,
    /// Whether these are user models, and not those of the suite.
    pub of_models: bool,
    /// What the sizes count.
    pub axis: Axis,
    /// Two or more, in the order of the runs.
    pub lines: Vec<Line>,
}

/// A law with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The model and the run.
    pub name: String,
    /// The series, which has a law.
    pub series: SeriesFit,
    /// Sizes along the law, with its cost there.
    pub curve: Vec<(f64, f64)>,
}

/// The laws that two or more of the runs, or models in them, have for one workload and gated metric. `series` are those of all runs,
/// each with the name of its run; an empty one is left out of the names of lines.
pub fn overlays<'a>(series: impl IntoIterator<Item = (&'a str, &'a SeriesFit)>) -> Vec<Overlay> {
    // Models of the user's own are drawn over one another, and those of the suite.
    let mut overlays: BTreeMap<(&str, bool, Metric, &str), Vec<Line>> = BTreeMap::new();
    for (label, series) in series.into_iter().filter(|(_, series)| series.metric.is_gated()) {
        let (owner, workload) = (series.workload.model(), series.workload.without_model());
        let Ok(fit) = &series.outcome else { continue };
        let sizes = along(fit);
        let line = Line {
            name: name(owner, label),
            curve: sizes.into_iter().map(|size| (size, fit.predict(size))).collect(),
            series: series.clone(),
        };
        let key = (workload, owner.is_some(), series.metric, series.axis.name());
        overlays.entry(key).or_default().push(line);
    }
    let overlay = |((workload, of_models, metric, _), lines): ((&str, bool, Metric, &str), Vec<Line>)| {
        let axis = lines.first().filter(|_| lines.len() > 1)?.series.axis.clone();
        Some(Overlay { workload: workload.to_owned(), metric, of_models, axis, lines })
    };
    overlays.into_iter().filter_map(overlay).collect()
}

fn name(owner: Option<&str>, label: &str) -> String {
    match owner {
        None => label.to_owned(),
        Some(owner) if label.is_empty() => owner.to_owned(),
        Some(owner) => format!("{owner} ({label})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_by_its_model_and_its_run() {
        assert_eq!([name(None, "a"), name(Some("m"), ""), name(Some("m"), "a")], ["a", "m", "m (a)"]);
    }
}
