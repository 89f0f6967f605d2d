//! A run that is looked at while its rounds are taken, played through on rounds that are all there.

use std::collections::BTreeMap;

use super::{Case, Finding, Outcome, Policy, Report, decide};
use crate::law::Observations;

/// How a run ended that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// What was decided at the last look.
    pub report: Report,
    /// The rounds that were taken, by workload and metric.
    pub rounds: BTreeMap<(String, String), u32>,
}

/// Whether a workload and metric have findings, and none of them is undecided.
pub fn is_decided(findings: &[Finding], workload: &str, metric: &str) -> bool {
    let mut own = findings.iter().filter(|f| (&*f.workload, &*f.metric) == (workload, metric)).peekable();
    own.peek().is_some() && own.all(|finding| finding.outcome != Outcome::Inconclusive)
}

/// Plays `scalegate run` through: all workloads take the rounds up to their first look, and one with an undecided quantity
/// goes on to the next look, until every quantity is decided or no rounds are left. The runs of `cases` hold all rounds;
/// cases without looks have been measured at once.
pub fn play(cases: &[Case], policy: &Policy) -> Stopped {
    let key = |case: &Case| (case.workload.clone(), case.metric.clone());
    let rounds_of = |case: &Case| case.run.as_ref().map_or(0, |run| run.n_rounds() as u32);
    let mut rounds: BTreeMap<(String, String), u32> =
        cases.iter().map(|case| (key(case), case.looks.first().copied().unwrap_or_else(|| rounds_of(case)))).collect();
    loop {
        let taken: Vec<Case> = cases.iter().map(|case| first_rounds(case, rounds[&key(case)])).collect();
        let report = decide(&taken, policy);
        let mut goes_on = false;
        for case in cases {
            let (name, now) = (key(case), rounds[&key(case)]);
            let next = case.looks.iter().copied().find(|&look| look > now && look <= rounds_of(case));
            if let (Some(next), false) = (next, is_decided(&report.findings, &name.0, &name.1)) {
                goes_on = true;
                rounds.insert(name, next);
            }
        }
        if !goes_on {
            return Stopped { report, rounds };
        }
    }
}

fn first_rounds(case: &Case, rounds: u32) -> Case {
    let run = case.run.as_ref().and_then(|run| {
        let last = *run.rounds().get((rounds as usize).saturating_sub(1))?;
        Observations::new(run.points().filter(|(_, round, _)| *round <= last)).ok()
    });
    Case { run: run.or_else(|| case.run.clone()), ..case.clone() }
}
