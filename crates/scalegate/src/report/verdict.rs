//! A verdict as text and JSON, and the commands that show it again.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::findings::{self, Sides};
use super::findings_json::finding_json;
use super::matches::{alike, append_context, has_several_hosts, scopes, words_of};
use crate::analysis::Check;
use crate::gate::{EVERY_WORKLOAD, Finding, Outcome, Reason};
use crate::workload::WorkloadName;

/// The verdict first, then what is not a pass, then what passes in one line per workload.
pub fn check_text(check: &Check) -> String {
    let mut text = format!("{}: {}\n", check.verdict.to_string().to_uppercase(), summary(check));
    let several = has_several_hosts(check);
    for group in alike(open(check)) {
        let what = words_of(&group, Sides::Baseline);
        let _ = writeln!(text, "\n{}{}\n  {what}", title(&group), host(&group, several));
    }
    let passed: Vec<&Finding> = check.findings.iter().filter(|f| f.outcome == Outcome::Pass).collect();
    if !passed.is_empty() {
        text.push('\n');
    }
    for group in passed.chunk_by(|a, b| (&a.host, a.key(), a.paired) == (&b.host, b.key(), b.paired)) {
        let mut quantities: Vec<&str> = group.iter().map(|finding| findings::quantity(finding.quantity)).collect();
        quantities.dedup();
        let (first, host) = (group[0], host(group, several));
        let in_pairs = if first.paired { " in pairs" } else { "" };
        let _ = writeln!(text, "pass  {} {}{in_pairs}{host}: {}", first.workload, first.metric, quantities.join(", "));
    }
    append_context(&mut text, check, &check.notes);
    text
}

/// The whole check for programs; the form is described in `docs/formats.md`.
pub fn check_json(check: &Check) -> String {
    let findings: Vec<Value> = check.findings.iter().map(|it| finding_json(it, Sides::Baseline)).collect();
    let notes: Vec<Value> =
        check.notes.iter().map(|note| json!({"host": note.host, "words": findings::note(note)})).collect();
    let value = json!({
        "schema": 1,
        "verdict": check.verdict,
        "findings": findings,
        "subject_changes": check.subject_changes,
        "notes": notes,
    });
    format!("{value:#}\n")
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
    if parts.is_empty() {
        "nothing was compared".to_owned()
    } else {
        format!("of {} quantities, {}", outcomes.len(), parts.join(", "))
    }
}

/// What is not a pass, the worst first.
pub(super) fn open(check: &Check) -> impl Iterator<Item = &Finding> {
    [Outcome::Regressed, Outcome::Improved, Outcome::Inconclusive]
        .into_iter()
        .flat_map(|outcome| check.findings.iter().filter(move |finding| finding.outcome == outcome))
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

/// The host of a group, which is the same for all of it.
fn host(group: &[&Finding], several: bool) -> String {
    if several { format!(" on {}", group[0].host) } else { String::new() }
}

/// More workloads than this are the whole suite.
const MAX_WORKLOADS: usize = 4;
/// For what was measured elsewhere.
const IMPORT: &str =
    "# measure the imported workloads again with their tool, and import what it writes\nscalegate import --help\n";

/// Shell commands, one on a line: what measures the workloads that did not pass, and the check. `here` are the workloads that
/// scalegate measured itself, and what it did not measure can be measured by it too; all others were imported, and only the tool that
/// measured them can do it again.
pub(super) fn reproduce(check: &Check, here: &[WorkloadName]) -> String {
    let open = |outcome, paired| {
        let findings = check.findings.iter().filter(move |its| its.outcome == outcome && its.paired == paired);
        findings.map(|finding| (&*finding.workload, finding.metric.name())).collect::<BTreeSet<_>>()
    };
    let regressed = [true, false].map(|paired| open(Outcome::Regressed, paired));
    let [in_pairs, keys] = if regressed.iter().all(BTreeSet::is_empty) {
        [true, false].map(|paired| open(Outcome::Inconclusive, paired))
    } else {
        regressed
    };
    let mut pairs = String::new();
    if !in_pairs.is_empty() {
        let workloads = in_pairs.iter().map(|(workload, _)| format!(" --workload {}", quoted(workload)));
        let _ = writeln!(pairs, "scalegate ab{}", workloads.collect::<String>());
        if keys.is_empty() {
            return pairs;
        }
    }
    let (whole, some): (Vec<_>, Vec<_>) = keys.iter().partition(|(workload, _)| *workload == EVERY_WORKLOAD);
    // A record of scalegate's own has none of what was left out of it.
    let is_left_out = |its: &Finding| !here.is_empty() && its.reason == Some(Reason::NotMeasured);
    let is_here = |workload: &str| {
        let left_out = check.findings.iter().any(|its| *its.workload == *workload && is_left_out(its));
        left_out || here.iter().any(|name| *name == *workload)
    };
    let (here, imported): (Vec<_>, Vec<_>) = some.into_iter().partition(|(workload, _)| is_here(workload));
    let workloads: BTreeSet<&str> = here.iter().map(|(workload, _)| *workload).collect();
    let metrics: BTreeSet<&str> = here.iter().map(|(_, metric)| *metric).collect();
    let again = if imported.is_empty() { "" } else { IMPORT };
    if workloads.is_empty() && whole.is_empty() && !imported.is_empty() {
        return format!("{pairs}{again}scalegate check\n");
    }
    if !whole.is_empty() || workloads.is_empty() || workloads.len() > MAX_WORKLOADS {
        return format!("{pairs}cargo bench\n{again}scalegate check\n");
    }
    let mut command = "scalegate run".to_owned();
    for workload in workloads {
        let _ = write!(command, " --workload {}", quoted(workload));
    }
    for metric in metrics {
        let _ = write!(command, " --metric {}", quoted(metric));
    }
    format!("{pairs}{command}\n{again}scalegate check\n")
}

/// A word for the shell, on one line.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let printable: String = word.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("'{}'", printable.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Fact, Note};
    use crate::gate::Verdict;
    use crate::metric::Metric;
    use crate::record::SeriesKey;
    use crate::report::matches_text;

    #[test]
    fn a_bench_target_says_nothing_of_metrics_that_another_one_measures() {
        let ungated = || Fact::Ungated { workloads: vec!["llm/decode".into()], reason: Reason::NoPortableBaseline };
        let note = |metric, fact| Note { host: "here".to_owned(), metric, fact };
        let notes = vec![
            note(Some(Metric::WallTime), ungated()),
            note(Some(Metric::CpuAuc), ungated()),
            note(None, Fact::NoHostBaselines),
        ];
        let check = Check { verdict: Verdict::Pass, findings: Vec::new(), subject_changes: Vec::new(), notes };
        let text = matches_text(&check, &[SeriesKey::new("llm/decode", Metric::WallTime)]);
        insta::assert_snapshot!(text.trim(), @r"
        note: wall_time of llm/decode does not gate: there is no portable baseline; accept a run with `scalegate accept`

        note: host class here has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
        ");
        assert!(check_text(&check).contains("note: cpu_auc of llm/decode"));
    }

    #[test]
    fn a_name_is_one_word_of_the_shell() {
        assert_eq!(quoted("llm/prefill"), "llm/prefill");
        assert_eq!(quoted("a b; rm -rf 'x'\n"), "'a b; rm -rf '\\''x'\\''?'");
        assert_eq!(quoted(""), "''");
    }
}
