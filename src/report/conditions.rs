//! What went on while something was measured.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::escape::escape;
use crate::record::Run;

/// A table of the conditions that a run recorded, by workload: the metrics of a workload share their windows.
pub(super) fn conditions(html: &mut String, run: &Run) {
    let recorded: BTreeMap<&str, &BTreeMap<String, String>> = run
        .series
        .iter()
        .filter(|series| !series.conditions.is_empty())
        .map(|series| (series.workload.as_str(), &series.conditions))
        .collect();
    if recorded.is_empty() {
        return;
    }
    html.push_str("<h2>What went on meanwhile</h2>\n<div class=\"scroll\"><table>\n");
    for (workload, conditions) in recorded {
        let words: Vec<String> =
            conditions.iter().map(|(name, value)| format!("{}: {}", name.replace('_', " "), value)).collect();
        let (workload, words) = (escape(workload), escape(&words.join("; ")));
        let _ = writeln!(html, "<tr><th scope=\"row\">{workload}</th><td>{words}</td></tr>");
    }
    html.push_str("</table></div>\n");
}
