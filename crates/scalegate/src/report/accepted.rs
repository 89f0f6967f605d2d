//! What an accepted run changes, and what it could not show of itself, as text.

use std::fmt::Write;

use super::findings::Sides;
use super::matches::{alike, scopes, words_of};
use super::verdict::workloads;
use crate::analysis::Check;
use crate::gate::{Finding, Outcome, Reason};
use crate::record::Run;

/// What regressed from or improved on the baselines before, and what can't be compared with them; nothing of a first run.
pub(crate) fn accepted_changes(check: &Check) -> String {
    let mut text = lines(check, "changes", |its| matches!(its.outcome, Outcome::Regressed | Outcome::Improved));
    text += &lines(check, "can't be compared with the baseline before", |its| {
        matches!(its.reason, Some(Reason::Differs(_)))
    });
    text
}

/// What stays undecided in a check of `run` against the baselines that were made of it: every check of unchanged code would end so. What
/// it did not measure was not accepted either.
pub(crate) fn against_itself(check: &Check, run: &Run) -> String {
    lines(check, "warning: not even this run passes against it", |its| {
        let series = run.series(&its.workload, its.metric);
        its.outcome != Outcome::Pass && series.is_some_and(|series| series.unavailable.is_none())
    })
}

fn lines(check: &Check, what: &str, is_meant: impl Fn(&Finding) -> bool) -> String {
    let mut text = String::new();
    for group in alike(check.findings.iter().filter(|its| is_meant(its))) {
        let first = group[0];
        let words = words_of(&group, Sides::Baseline);
        let _ = writeln!(text, "{what}: {} {} ({}): {words}", workloads(&group), first.metric, scopes(&group));
    }
    text
}
