//! What an accepted run changes, and what it could not show of itself, as text.

use std::fmt::Write;

use super::findings::{Sides, words};
use super::matches::{alike, scopes};
use super::verdict::workloads;
use crate::analysis::Check;
use crate::gate::{Finding, Outcome, Reason};

/// What regressed from or improved on the baselines before, and what can't be compared with them; nothing of a first run.
pub(crate) fn accepted_changes(check: &Check) -> String {
    let mut text = lines(check, "changes", |its| matches!(its.outcome, Outcome::Regressed | Outcome::Improved));
    text += &lines(check, "can't be compared with the baseline before", |its| {
        matches!(its.reason, Some(Reason::Differs(_)))
    });
    text
}

/// What stays undecided in a check of a run against the baselines that were made of it: every check of unchanged code would end so.
pub(crate) fn against_itself(check: &Check) -> String {
    lines(check, "warning: not even this run passes against it", |its| its.outcome != Outcome::Pass)
}

fn lines(check: &Check, what: &str, is_meant: impl Fn(&Finding) -> bool) -> String {
    let mut text = String::new();
    for group in alike(check.findings.iter().filter(|its| is_meant(its))) {
        let first = group[0];
        let words = words(first, Sides::Baseline);
        let _ = writeln!(text, "{what}: {} {} ({}): {words}", workloads(&group), first.metric, scopes(&group));
    }
    text
}
