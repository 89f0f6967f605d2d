//! A verdict as text and JSON.

use std::fmt::Write;

use crate::analysis::{Check, Note};
use crate::gate::{Finding, Outcome, Quantity, Scope, Verdict};
use crate::metric::Metric;
use crate::{Error, Result};

/// The verdict first, then what is not a pass, then what passes in one line per workload.
pub fn check_text(check: &Check) -> String {
    let mut text = format!("{}: {}\n", check.verdict.to_string().to_uppercase(), summary(check));
    let several = has_several_hosts(check);
    for group in alike(open(check)) {
        let _ = writeln!(text, "\n{}{}\n  {}", title(&group), host(&group, several), group[0].words);
    }
    let passed: Vec<&Finding> = check.findings.iter().filter(|f| f.outcome == Outcome::Pass).collect();
    if !passed.is_empty() {
        text.push('\n');
    }
    for group in passed.chunk_by(|a, b| (&a.host, &a.workload, &a.metric) == (&b.host, &b.workload, &b.metric)) {
        let quantities: Vec<&str> = group.iter().map(|finding| finding.quantity.name()).collect();
        let (first, host) = (group[0], host(group, several));
        let _ = writeln!(text, "pass  {} {}{host}: {}", first.workload, first.metric, quantities.join(", "));
    }
    append_context(&mut text, check, &check.notes);
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

/// One line per workload and metric that was measured: whether it still matches its baseline. Notes on other metrics, which
/// another bench target measures, are left out.
pub fn matches_text(check: &Check, measured: &[(String, Metric)]) -> String {
    let is_mine = |finding: &&Finding| {
        measured.iter().any(|(workload, metric)| (&**workload, metric.name()) == (&*finding.workload, &*finding.metric))
    };
    let mine: Vec<&Finding> = check.findings.iter().filter(is_mine).collect();
    // What is to be said, and of which workloads: many of them may lack a baseline for one reason.
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for group in mine.chunk_by(|a, b| (&a.workload, &a.metric) == (&b.workload, &b.metric)) {
        let verdict = Verdict::join(group.iter().map(|finding| finding.outcome));
        let words = match verdict {
            Verdict::Pass => "matches its baseline",
            Verdict::Improved => "improved on its baseline",
            Verdict::Regressed => "regressed from its baseline",
            Verdict::Mixed => "partly regressed and partly improved",
            Verdict::Inconclusive => "not shown to match its baseline",
        };
        let mut news = format!("{}: {words}\n", group[0].metric);
        for alike in alike(group.iter().copied().filter(|finding| finding.outcome != Outcome::Pass)) {
            let _ = writeln!(news, "  {}: {}: {}", scopes(&alike), alike[0].outcome, alike[0].words);
        }
        match said.iter_mut().find(|(earlier, _)| *earlier == news && verdict != Verdict::Pass) {
            Some((_, workloads)) => workloads.push(&group[0].workload),
            None => said.push((news, vec![&group[0].workload])),
        }
    }
    let mut text = String::new();
    for (news, workloads) in said {
        let _ = write!(text, "{} {news}", workloads.join(", "));
    }
    let is_mine = |note: &&Note| note.metric.is_none_or(|its| measured.iter().any(|(_, metric)| *metric == its));
    append_context(&mut text, check, check.notes.iter().filter(is_mine));
    text
}

/// How many quantities of a check came out how.
pub(super) fn summary(check: &Check) -> String {
    tally(check.findings.iter().map(|finding| finding.outcome))
}

/// How many quantities came out how.
pub(crate) fn tally(outcomes: impl IntoIterator<Item = Outcome>) -> String {
    let outcomes: Vec<Outcome> = outcomes.into_iter().collect();
    let count = |outcome| outcomes.iter().filter(|its| **its == outcome).count();
    let parts: Vec<String> = Outcome::WORST_FIRST
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| match outcome {
            Outcome::Pass => format!("{} within tolerance", count(outcome)),
            _ => format!("{} {outcome}", count(outcome)),
        })
        .collect();
    format!("of {} quantities, {}", outcomes.len(), parts.join(", "))
}

/// What is not a pass, the worst first.
pub(super) fn open(check: &Check) -> impl Iterator<Item = &Finding> {
    [Outcome::Regressed, Outcome::Improved, Outcome::Inconclusive]
        .into_iter()
        .flat_map(|outcome| check.findings.iter().filter(move |finding| finding.outcome == outcome))
}

/// Findings that say the same of one metric on one host, together: of a metric that was not compared there is one for each
/// workload.
pub(super) fn alike<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            let first = group[0];
            (first.outcome, first.quantity, &first.host, &first.metric, &first.words)
                == (finding.outcome, Quantity::All, &finding.host, &finding.metric, &finding.words)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn title(group: &[&Finding]) -> String {
    format!("{}  {} {} ({})", group[0].outcome, workloads(group), group[0].metric, scopes(group))
}

/// The workloads of a group.
pub(super) fn workloads(group: &[&Finding]) -> String {
    let mut names: Vec<&str> = group.iter().map(|finding| &*finding.workload).collect();
    names.dedup();
    names.join(", ")
}

/// Whether a finding has to say whose it is.
fn has_several_hosts(check: &Check) -> bool {
    check.findings.windows(2).any(|pair| pair[0].host != pair[1].host)
}

/// The host of a group, which is the same for all of it.
fn host(group: &[&Finding], several: bool) -> String {
    if several { format!(" on {}", group[0].host) } else { String::new() }
}

pub(super) fn scopes(group: &[&Finding]) -> String {
    let mut scopes: Vec<&str> = group.iter().map(|finding| scope(finding)).collect();
    scopes.sort_unstable_by(|a, b| b.cmp(a));
    scopes.dedup();
    scopes.join(" and ")
}

/// What was compared, in one word.
pub(super) fn scope(finding: &Finding) -> &'static str {
    match finding.scope {
        Scope::Absolute => "cost",
        Scope::Shape => "shape",
        Scope::Value => "value",
    }
}

fn append_context<'a>(text: &mut String, check: &Check, notes: impl IntoIterator<Item = &'a Note>) {
    if !check.subject_changes.is_empty() {
        text.push_str("\nunder test is something else than in the baseline:\n");
    }
    for change in &check.subject_changes {
        let _ = writeln!(text, "  {}", shorten(change));
    }
    let several = has_several_hosts(check);
    for note in notes {
        let host = if several { format!(" on {}", note.host) } else { String::new() };
        let _ = writeln!(text, "\nnote{host}: {}", note.words);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_target_says_nothing_of_metrics_that_another_one_measures() {
        let note = |metric, words: &str| Note { host: "here".to_owned(), metric, words: words.to_owned() };
        let notes = vec![
            note(Some(Metric::WallTime), "of this target"),
            note(Some(Metric::CpuAuc), "of another one"),
            note(None, "of the host"),
        ];
        let check = Check { verdict: Verdict::Pass, findings: Vec::new(), subject_changes: Vec::new(), notes };
        let text = matches_text(&check, &[("llm/decode".to_owned(), Metric::WallTime)]);
        assert_eq!(text, "\nnote: of this target\n\nnote: of the host\n");
        assert!(check_text(&check).contains("of another one"));
    }
}
