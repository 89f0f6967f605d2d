//! Whether what was measured matches its baselines, as a bench target says it at its end; and how findings are put together.

use std::fmt::Write;

use super::findings::{self, Sides, words};
use crate::analysis::{Check, Note};
use crate::gate::{Finding, Outcome, Quantity, Scope, Verdict};
use crate::record::SeriesKey;

/// One line per workload and metric that was measured: whether it still matches its baseline. Notes on other metrics, which
/// another bench target measures, are left out.
pub fn matches_text(check: &Check, measured: &[SeriesKey]) -> String {
    let is_mine = |finding: &&Finding| measured.contains(&finding.key());
    let mine: Vec<&Finding> = check.findings.iter().filter(is_mine).collect();
    // What is to be said, and of which workloads: many of them may lack a baseline for one reason.
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for group in mine.chunk_by(|a, b| a.key() == b.key()) {
        let verdict = Verdict::join(group.iter().map(|finding| finding.outcome));
        let summary = match verdict {
            Verdict::Pass => "matches its baseline",
            Verdict::Improved => "improved on its baseline",
            Verdict::Regressed => "regressed from its baseline",
            Verdict::Mixed => "partly regressed and partly improved",
            Verdict::Inconclusive => "not shown to match its baseline",
        };
        let mut news = format!("{}: {summary}\n", group[0].metric);
        for alike in alike(group.iter().copied().filter(|finding| finding.outcome != Outcome::Pass)) {
            let what = words_of(&alike, Sides::Baseline);
            let _ = writeln!(news, "  {}: {}: {what}", scopes(&alike), alike[0].outcome);
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
    let is_mine = |note: &&Note| note.metric.is_none_or(|its| measured.iter().any(|key| key.metric == its));
    append_context(&mut text, check, check.notes.iter().filter(is_mine));
    text
}

/// Findings that say the same of one metric on one host, together: of a metric that was not compared there is one for each
/// workload, and of a staircase one for each tread, the largest change first.
pub(super) fn alike<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            let first = group[0];
            let is_tread = |its: &Finding| its.quantity == Quantity::Tread;
            if is_tread(first) && is_tread(finding) {
                let key = |its: &Finding| (its.outcome, its.host.clone(), its.key(), its.scope, its.paired);
                return key(first) == key(finding);
            }
            (first.outcome, first.quantity, &first.host, &first.metric, &first.reason, first.paired)
                == (finding.outcome, Quantity::All, &finding.host, &finding.metric, &finding.reason, finding.paired)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    let size = |finding: &Finding| finding.change.map_or(0.0, |change| change.estimate.abs());
    for treads in groups.iter_mut().filter(|group| group[0].quantity == Quantity::Tread) {
        treads.sort_by(|a, b| size(b).total_cmp(&size(a)));
    }
    groups
}

/// What the findings of a group say.
pub(super) fn words_of(group: &[&Finding], sides: Sides) -> String {
    let what = words(group[0], sides);
    match group.len() - 1 {
        more if more > 0 && group[0].quantity == Quantity::Tread => {
            format!("{what}; likewise to {more} more {}", if more == 1 { "size" } else { "sizes" })
        }
        _ => what,
    }
}

/// Whether a finding has to say whose it is.
pub(super) fn has_several_hosts(check: &Check) -> bool {
    check.findings.windows(2).any(|pair| pair[0].host != pair[1].host)
}

/// What was compared of a group.
pub(super) fn scopes(group: &[&Finding]) -> String {
    let mut scopes: Vec<&str> = group.iter().map(|finding| scope(finding)).collect();
    scopes.sort_unstable_by(|a, b| b.cmp(a));
    scopes.dedup();
    scopes.join(" and ")
}

/// What was compared, in one word.
pub(super) fn scope(finding: &Finding) -> &'static str {
    match finding.scope {
        Scope::Absolute if finding.paired => "cost in pairs",
        Scope::Shape if finding.paired => "shape in pairs",
        Scope::Absolute => "cost",
        Scope::Shape => "shape",
        Scope::Value => "value",
    }
}

/// What else a reader has to know.
pub(super) fn append_context<'a>(text: &mut String, check: &Check, notes: impl IntoIterator<Item = &'a Note>) {
    if !check.subject_changes.is_empty() {
        text.push_str("\nconfiguration differs from the baseline:\n");
    }
    for change in &check.subject_changes {
        let _ = writeln!(text, "  {}", shorten(change));
    }
    let several = has_several_hosts(check);
    for note in notes {
        let host = if several { format!(" on {}", note.host) } else { String::new() };
        let _ = writeln!(text, "\nnote{host}: {}", findings::note(note));
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
