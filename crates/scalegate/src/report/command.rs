//! The commands that show a verdict again.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::analysis::Check;
use crate::gate::Outcome;

/// More workloads than this are the whole suite.
const MOST_WORKLOADS: usize = 4;
/// For what was measured elsewhere.
const IMPORT: &str =
    "# measure the imported workloads again with their tool, and import what it writes\nscalegate import --help\n";

/// Shell commands, one on a line: what measures the workloads that did not pass, and the check. `here` are the workloads that
/// scalegate measures itself; the others were imported, and only the tool that measured them can do it again.
pub(super) fn reproduce(check: &Check, here: &[String]) -> String {
    let open = |outcome| {
        let findings = check.findings.iter().filter(move |finding| finding.outcome == outcome);
        findings.map(|finding| (&*finding.workload, &*finding.metric)).collect::<BTreeSet<_>>()
    };
    let regressed = open(Outcome::Regressed);
    let keys = if regressed.is_empty() { open(Outcome::Inconclusive) } else { regressed };
    let is_here = |workload: &str| here.iter().any(|name| name == workload);
    let (here, imported): (Vec<_>, Vec<_>) = keys.iter().partition(|(workload, _)| is_here(workload));
    let workloads: BTreeSet<&str> = here.iter().map(|(workload, _)| *workload).collect();
    let metrics: BTreeSet<&str> = here.iter().map(|(_, metric)| *metric).collect();
    let again = if imported.is_empty() { "" } else { IMPORT };
    if workloads.is_empty() && !imported.is_empty() {
        return format!("{again}scalegate check\n");
    }
    if workloads.is_empty() || workloads.len() > MOST_WORKLOADS {
        return format!("cargo bench\n{again}scalegate check\n");
    }
    let mut command = "scalegate run".to_owned();
    for workload in workloads {
        let _ = write!(command, " --workload {}", quoted(workload));
    }
    for metric in metrics {
        let _ = write!(command, " --metric {}", quoted(metric));
    }
    format!("{command}\n{again}scalegate check\n")
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

    #[test]
    fn a_name_is_one_word_of_the_shell() {
        assert_eq!(quoted("llm/prefill"), "llm/prefill");
        assert_eq!(quoted("a b; rm -rf 'x'\n"), "'a b; rm -rf '\\''x'\\''?'");
        assert_eq!(quoted(""), "''");
    }
}
