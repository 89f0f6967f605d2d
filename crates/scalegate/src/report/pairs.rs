//! A head against its base, as text and as JSON.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::findings::{self, Sides, words};
use super::findings_json::finding_json;
use super::verdict::tally;
use super::why_json::why_value;
use crate::analysis::{self, Control, PairCheck};
use crate::gate::{Finding, Outcome, Quantity};
use crate::law::Interval;
use crate::metric::Metric;
use crate::record::{PairRecord, PairSeries};
use crate::why::Why;

/// The verdict, then a table per workload and metric: ratios by size, and the changes that are gated.
pub fn pairs_text(record: &PairRecord, check: &PairCheck, measured: Duration) -> String {
    let verdict = check.verdict.to_string().to_uppercase();
    let mut text = format!(
        "{verdict}: {}: {}; measured for {:.0} s\n",
        sides(record),
        tally(check.findings.iter().map(|finding| finding.outcome)),
        measured.as_secs_f64()
    );
    for group in check.findings.chunk_by(|a, b| a.key() == b.key()) {
        let Some(series) = record.series.iter().find(|series| series.workload == group[0].workload) else { continue };
        table(&mut text, series, group, &check.controls);
    }
    text
}

/// What is compared with what.
pub(super) fn sides(record: &PairRecord) -> String {
    let base = if record.head == record.base { "itself" } else { &*record.base.name };
    format!("{} against {base}", record.head.name)
}

/// The change of a quantity and what is tolerated of it; empty where there is none.
pub(super) fn spans(finding: &Finding) -> (String, String) {
    let change = finding.change.map(|change| if finding.relative { percents(change) } else { plain(change) });
    let tolerated = finding.tolerance.map_or_else(String::new, |tolerance| match finding.relative {
        true => format!("±{} %", crate::units::rounded(100.0 * tolerance)),
        false => format!("±{}", crate::units::rounded(tolerance)),
    });
    (change.unwrap_or_default(), tolerated)
}

/// The same in Markdown, as the summary of a job.
pub fn pairs_markdown(record: &PairRecord, check: &PairCheck, measured: Duration) -> String {
    // A block by indentation: no text within can end it.
    let tables: String = pairs_text(record, check, measured).lines().map(|line| format!("    {line}\n")).collect();
    format!("## scalegate: {}\n\n{tables}", check.verdict)
}

fn table(text: &mut String, series: &PairSeries, findings: &[Finding], controls: &[Control]) {
    let (workload, metric) = (&findings[0].workload, findings[0].metric);
    let _ = writeln!(text, "\n{workload} {metric}, {} pairs of rounds", series.pairs.len());
    for finding in findings {
        if finding.quantity == Quantity::All {
            let _ = writeln!(text, "  {}", words(finding, Sides::Revisions));
            continue;
        }
        let (change, tolerated) = spans(finding);
        let line = format!(
            "  {:<16} {change:<32} {tolerated:<8} {:<13} {}",
            findings::quantity(finding.quantity),
            finding.outcome,
            if finding.outcome == Outcome::Pass { String::new() } else { findings::headline(finding) }
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let known = analysis::PAIR_METRICS.into_iter().find(|its| *its == metric);
    for (size, change) in known.map(|metric| analysis::ratios(series, metric)).unwrap_or_default() {
        let size = crate::units::rounded_size(size as f64, &series.axis);
        let _ = writeln!(text, "  {:<16} {}", format!("at {size}"), percents(change));
    }
    let own = controls.iter().filter(|control| (&control.workload, control.metric) == (workload, metric));
    let widest = own.max_by(|a, b| half(a.change).total_cmp(&half(b.change)));
    if let Some(Control { quantity, change, .. }) = widest {
        let _ = writeln!(
            text,
            "  base against itself: {}, widest for {}",
            percents(*change),
            findings::quantity(*quantity)
        );
    }
}

fn half(change: Interval) -> f64 {
    0.5 * (change.upper - change.lower)
}

fn percents(Interval { estimate, lower, upper }: Interval) -> String {
    let [estimate, lower, upper] = [estimate, lower, upper].map(|share| 100.0 * share);
    // Bounds that far out say that the interval is open, and their digits say nothing.
    if upper >= OPEN {
        format!("{estimate:+.2} % [unknown]")
    } else {
        format!("{estimate:+.2} % [{lower:+.2}, {upper:+.2}]")
    }
}

/// Per cent from which on a bound of a change is no number to read: a thousand times the cost.
const OPEN: f64 = 1e5;

fn plain(Interval { estimate, lower, upper }: Interval) -> String {
    format!("{estimate:+.4} [{lower:+.4}, {upper:+.4}]")
}

/// The same for programs; the form is described in `docs/formats.md`.
pub fn pairs_json(record: &PairRecord, check: &PairCheck, why: Option<&Why>) -> String {
    let findings: Vec<Value> = check.findings.iter().map(|it| finding_json(it, Sides::Revisions)).collect();
    let ratios: Vec<Value> = record
        .series
        .iter()
        .map(|series| {
            let ratios = analysis::ratios(series, Metric::WallTime);
            json!({
                "workload": series.workload,
                "axis": series.axis,
                "pairs": series.pairs.len(),
                "wall_time": ratios.iter().map(|(size, change)| json!({"size": size, "change": change})).collect::<Vec<_>>(),
            })
        })
        .collect();
    let controls: Vec<Value> = check
        .controls
        .iter()
        .map(|it| {
            json!({
                "workload": it.workload,
                "metric": it.metric,
                "quantity": it.quantity,
                "change": it.change,
            })
        })
        .collect();
    let mut value = json!({
        "schema": 1,
        "verdict": check.verdict,
        "base": record.base,
        "head": record.head,
        "findings": findings,
        "ratios": ratios,
        "base_against_itself": controls,
    });
    if let Some(why) = why {
        value["why"] = why_value(why);
    }
    format!("{value:#}\n")
}
