//! A verdict as text, JSON and Markdown.

use std::fmt::Write;

use crate::analysis::Check;
use crate::gate::{Finding, Outcome, Scope, Verdict};
use crate::metric::Metric;
use crate::{Error, Result};

/// The verdict first, then what is not a pass, then what passes in one line per workload.
pub fn check_text(check: &Check) -> String {
    let mut text = format!("{}: {}\n", check.verdict.to_string().to_uppercase(), summary(check));
    for finding in open(check) {
        let _ = writeln!(text, "\n{}\n  {}", title(finding), finding.words);
    }
    let passed: Vec<&Finding> = check.findings.iter().filter(|f| f.outcome == Outcome::Pass).collect();
    if !passed.is_empty() {
        text.push('\n');
    }
    for group in passed.chunk_by(|a, b| (&a.workload, &a.metric) == (&b.workload, &b.metric)) {
        let quantities: Vec<String> = group.iter().map(|finding| quantity(finding)).collect();
        let _ = writeln!(text, "pass  {} {}: {}", group[0].workload, group[0].metric, quantities.join(", "));
    }
    append_context(&mut text, check, "");
    text
}

/// The verdict as a job summary or a comment: only what changed, and how to see it again.
pub fn check_markdown(check: &Check) -> String {
    let mut text = format!("## scalegate: {}\n\n{}\n", check.verdict, summary(check));
    let open: Vec<&Finding> = open(check).collect();
    if !open.is_empty() {
        text.push_str("\n| workload | metric | outcome | what changed |\n|---|---|---|---|\n");
    }
    for finding in open {
        let cell = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ");
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            cell(&finding.workload),
            cell(&finding.metric),
            finding.outcome,
            cell(&finding.words)
        );
    }
    append_context(&mut text, check, "- ");
    text.push_str("\nSee it again with `cargo bench` and `scalegate check`.\n");
    text
}

/// The whole check for programs; the form is described in `docs/formats.md`.
///
/// # Errors
/// A number that JSON cannot hold, which would be a fault of scalegate.
pub fn check_json(check: &Check) -> Result<String> {
    let mut value = serde_json::to_value(check)
        .map_err(|error| Error::new("the verdict", error, "report this as a fault of scalegate"))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("schema".to_owned(), 1.into());
    }
    Ok(format!("{value:#}\n"))
}

/// One line per workload and metric that was measured: whether it still matches its baseline.
pub fn matches_text(check: &Check, measured: &[(String, Metric)]) -> String {
    let is_mine = |finding: &&Finding| {
        measured.iter().any(|(workload, metric)| (&**workload, metric.name()) == (&*finding.workload, &*finding.metric))
    };
    let mine: Vec<&Finding> = check.findings.iter().filter(is_mine).collect();
    let mut text = String::new();
    for group in mine.chunk_by(|a, b| (&a.workload, &a.metric) == (&b.workload, &b.metric)) {
        let verdict = Verdict::join(group.iter().map(|finding| finding.outcome));
        let words = match verdict {
            Verdict::Pass => "matches its baseline",
            Verdict::Improved => "improved on its baseline",
            Verdict::Regressed => "regressed from its baseline",
            Verdict::Mixed => "partly regressed and partly improved",
            Verdict::Inconclusive => "not shown to match its baseline",
        };
        let _ = writeln!(text, "{} {}: {words}", group[0].workload, group[0].metric);
        for finding in group.iter().filter(|finding| finding.outcome != Outcome::Pass) {
            let _ = writeln!(text, "  {}: {}: {}", scope(finding), finding.outcome, finding.words);
        }
    }
    append_context(&mut text, check, "");
    text
}

/// How many quantities came out how.
pub(super) fn summary(check: &Check) -> String {
    let count = |outcome| check.findings.iter().filter(|finding| finding.outcome == outcome).count();
    let parts: Vec<String> = [Outcome::Regressed, Outcome::Improved, Outcome::Inconclusive, Outcome::Pass]
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| match outcome {
            Outcome::Pass => format!("{} within tolerance", count(outcome)),
            _ => format!("{} {outcome}", count(outcome)),
        })
        .collect();
    format!("of {} quantities, {}", check.findings.len(), parts.join(", "))
}

/// What is not a pass, the worst first.
pub(super) fn open(check: &Check) -> impl Iterator<Item = &Finding> {
    [Outcome::Regressed, Outcome::Improved, Outcome::Inconclusive]
        .into_iter()
        .flat_map(|outcome| check.findings.iter().filter(move |finding| finding.outcome == outcome))
}

fn title(finding: &Finding) -> String {
    format!("{}  {} {} ({})", finding.outcome, finding.workload, finding.metric, scope(finding))
}

/// What was compared, in one word.
pub(super) fn scope(finding: &Finding) -> &'static str {
    match finding.scope {
        Scope::Absolute => "cost",
        Scope::Shape => "shape",
    }
}

fn quantity(finding: &Finding) -> String {
    let name = serde_json::to_value(finding.quantity).ok();
    name.as_ref().and_then(|value| value.as_str()).unwrap_or("quantity").replace('_', " ")
}

fn append_context(text: &mut String, check: &Check, bullet: &str) {
    if !check.subject_changes.is_empty() {
        text.push_str("\nunder test is something else than in the baseline:\n");
    }
    for change in &check.subject_changes {
        let _ = writeln!(text, "{}{}", if bullet.is_empty() { "  " } else { bullet }, shorten(change));
    }
    for note in &check.notes {
        let _ = writeln!(text, "\nnote: {}", note.words);
    }
}

/// Hashes are told apart by their first digits.
pub(super) fn shorten(change: &crate::record::Difference) -> String {
    let short = |value: &str| match value.len() {
        64 => value.chars().take(12).collect(),
        _ => value.to_owned(),
    };
    format!("{}: {} → {}", change.field, short(&change.before), short(&change.after))
}
