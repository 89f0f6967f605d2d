//! Two runs side by side, as text, JSON and Markdown.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escaping::{cell, code, prose};
use super::findings::{self, Sides};
use super::findings_json::finding_json;
use super::matches::shorten;
use crate::analysis::{Comparison, TokenRate};
use crate::gate::{Finding, Outcome, Scope, Verdict};
use crate::units::percent;

/// The verdict first, then every quantity by workload and metric.
pub fn compare_text(comparison: &Comparison) -> String {
    let mut text = format!("{}\n", headline(comparison));
    for group in groups(&comparison.findings) {
        let _ = writeln!(text, "\n{} {}", group[0].workload, group[0].metric);
        for finding in group {
            let _ = writeln!(text, "  {:12} {}", finding.outcome, words(finding));
        }
        for rate in rates(comparison, group) {
            let _ = writeln!(text, "  {:12} {}", "", rate_words(rate));
        }
    }
    for group in groups(&comparison.explaining) {
        let _ = writeln!(text, "\n{} {} (decides nothing)", group[0].workload, group[0].metric);
        for finding in group {
            let _ = writeln!(text, "  {}", words(finding));
        }
    }
    for words in identical(comparison).into_iter().chain(unmeasured(comparison)).chain(unknown_rates(comparison)) {
        let _ = writeln!(text, "\n{words}");
    }
    if !comparison.subject_changes.is_empty() {
        text.push_str("\nconfiguration differs:\n");
    }
    for change in &comparison.subject_changes {
        let _ = writeln!(text, "  {}", shorten(change));
    }
    text
}

/// A comment on GitHub has room for 65,536 characters.
const MAX_ROWS: usize = 120;

/// The verdict, a table of what is gated, and what differs.
pub fn compare_markdown(comparison: &Comparison) -> String {
    let mut text = format!(
        "## scalegate compare: {}\n\n{}\n\n| workload | metric | quantity | outcome | change |\n|---|---|---|---|---|\n",
        comparison.verdict,
        headline(comparison)
    );
    let told = most_telling(&comparison.findings);
    for group in groups(&told) {
        let (workload, metric) = (cell(&code(&group[0].workload)), cell(&prose(group[0].metric.name())));
        for finding in group {
            let (name, what) = (findings::quantity(finding.quantity), cell(&prose(&words(finding))));
            let _ = writeln!(text, "| {workload} | {metric} | {name} | {} | {what} |", finding.outcome);
        }
        for rate in rates(comparison, group) {
            let words = cell(&prose(&rate_words(rate)));
            let _ = writeln!(text, "| {workload} | {metric} | tokens per second | | {words} |");
        }
    }
    let left_out = comparison.findings.len() - told.len();
    if left_out > 0 {
        let _ =
            writeln!(text, "\n… and {left_out} more, with their tokens per second: `scalegate compare --format text`");
    }
    for words in identical(comparison).into_iter().chain(unmeasured(comparison)).chain(unknown_rates(comparison)) {
        let _ = writeln!(text, "\n{}", prose(&words));
    }
    if !comparison.subject_changes.is_empty() {
        text.push_str("\nConfiguration differs:\n\n");
    }
    for change in &comparison.subject_changes {
        let _ = writeln!(text, "- {}", prose(&shorten(change)));
    }
    text
}

/// As many findings as a table may have rows, in their order: what passes is left out first, what regressed last.
fn most_telling(findings: &[Finding]) -> Vec<Finding> {
    let mut by_weight: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
    by_weight.sort_by_key(|(_, finding)| match finding.outcome {
        Outcome::Regressed => 0,
        Outcome::Improved => 1,
        Outcome::Inconclusive => 2,
        Outcome::Pass => 3,
    });
    by_weight.truncate(MAX_ROWS);
    by_weight.sort_by_key(|(index, _)| *index);
    by_weight.into_iter().map(|(_, finding)| finding.clone()).collect()
}

/// The whole comparison for programs; the form is described in `docs/formats.md`.
pub fn compare_json(comparison: &Comparison) -> String {
    let mut value = value(comparison);
    value["schema"] = 1.into();
    format!("{value:#}\n")
}

/// Several comparisons with one run, by the names of the others.
pub fn comparisons_json(others: &[(String, Comparison)]) -> String {
    let named = |(name, comparison): &(String, Comparison)| {
        let mut value = value(comparison);
        value["run"] = name.as_str().into();
        value
    };
    let comparisons: Vec<Value> = others.iter().map(named).collect();
    format!("{:#}\n", json!({"schema": 1, "comparisons": comparisons}))
}

fn value(comparison: &Comparison) -> Value {
    let list = |findings: &[Finding]| findings.iter().map(|it| finding_json(it, Sides::Runs)).collect::<Vec<_>>();
    json!({
        "verdict": comparison.verdict,
        "findings": list(&comparison.findings),
        "explaining": list(&comparison.explaining),
        "tokens_per_second": comparison.tokens_per_second,
        "unknown_rates": comparison.unknown_rates,
        "unmeasured": comparison.unmeasured,
        "identical": comparison.identical.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "subject_changes": comparison.subject_changes,
    })
}

/// What happened to a quantity from the first run to the second.
pub(super) fn words(finding: &Finding) -> String {
    findings::words(finding, Sides::Runs)
}

pub(super) fn headline(comparison: &Comparison) -> String {
    let changed = |finding: &&Finding| matches!(finding.outcome, Outcome::Regressed | Outcome::Improved);
    let is_of_accuracy = comparison.findings.iter().filter(changed).all(|finding| finding.scope == Scope::Value);
    let words = match comparison.verdict {
        Verdict::Pass => "the second run costs the same within the tolerances",
        Verdict::Improved if is_of_accuracy => "the second run predicts better",
        Verdict::Improved => "the second run costs less",
        Verdict::Regressed if is_of_accuracy => "the second run predicts worse",
        Verdict::Regressed => "the second run costs more",
        Verdict::Mixed => "the second run is worse here and better there",
        Verdict::Inconclusive => "it is not shown what the second run costs beside the first",
    };
    let count = |outcome| comparison.findings.iter().filter(|finding| finding.outcome == outcome).count();
    let counts: Vec<String> = [Outcome::Regressed, Outcome::Improved, Outcome::Inconclusive, Outcome::Pass]
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {outcome}", count(outcome)))
        .chain(
            (!comparison.identical.is_empty()).then(|| format!("{} of the same samples", comparison.identical.len())),
        )
        .collect();
    format!("{}: {words} ({})", comparison.verdict.to_string().to_uppercase(), counts.join(", "))
}

/// What was not compared because it is the same.
fn identical(comparison: &Comparison) -> Option<String> {
    let names: Vec<String> = comparison.identical.iter().map(ToString::to_string).collect();
    (!names.is_empty())
        .then(|| format!("the samples are the same in both records, and so is what they cost: {}", names.join(", ")))
}

pub(super) fn unmeasured(comparison: &Comparison) -> Option<String> {
    let metrics: Vec<&str> = comparison.unmeasured.iter().map(|metric| metric.name()).collect();
    (!metrics.is_empty()).then(|| format!("available to neither run, and not compared: {}", metrics.join(", ")))
}

pub(super) fn unknown_rates(comparison: &Comparison) -> Option<String> {
    let workloads = comparison.unknown_rates.join(", ");
    let cause = "the records do not say, or not the same, how many tokens an inference reads and makes";
    (!workloads.is_empty()).then(|| format!("tokens per second unknown of {workloads}: {cause}"))
}

fn groups(findings: &[Finding]) -> impl Iterator<Item = &[Finding]> {
    findings.chunk_by(|a, b| a.key() == b.key())
}

fn rates<'a>(comparison: &'a Comparison, group: &[Finding]) -> impl Iterator<Item = &'a TokenRate> {
    let is_wall_time = group[0].metric == crate::metric::Metric::WallTime;
    let workload = group[0].workload.clone();
    comparison.tokens_per_second.iter().filter(move |rate| is_wall_time && rate.workload == workload)
}

pub(super) fn rate_words(rate: &TokenRate) -> String {
    format!(
        "tokens per second at {} tokens from {:.1} to {:.1} ({}, between {} and {})",
        rate.size,
        rate.before,
        rate.after,
        percent(rate.change.estimate),
        percent(rate.change.lower),
        percent(rate.change.upper)
    )
}
