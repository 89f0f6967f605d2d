//! Interim looks: a run is compared while its rounds are measured, and each look may spend a part of an error rate.
//!
//! Who looks at data again and again until they say something will hear it sooner or later. An error rate is therefore
//! *spent* over the looks (Lan and DeMets, *Discrete sequential boundaries for clinical trials*, Biometrika 70, 1983): a
//! function of the share of rounds taken says how much of it may be gone by then, and a look gets what has been added since
//! the look before. The same shares hold for the rate of false alarms and for that of misses.
//!
//! What a look gets is its nominal level. Since the levels of all looks add up to the rate, the chance that any of them errs
//! is at most the rate (Bonferroni's inequality), however the looks depend on each other and whatever made the run stop
//! or go on. The exact boundaries of Lan and DeMets are a little narrower, but hold for a Brownian motion, which the t
//! statistics of ten rounds are not.

use std::collections::BTreeMap;

use super::{Case, Finding, Outcome, Policy, Report, decide};
use crate::law::Observations;
use crate::record::SeriesKey;

/// Of the spending function `t^ρ` (Kim and DeMets, *Design and analysis of group sequential tests based on the type I error
/// spending rate function*, Biometrika 74, 1987). With 1 it is close to Pocock's boundaries, with 3 to those of O'Brien
/// and Fleming, which keep most of the rate for the last look. 2 leaves a useful part for the first look, at which most
/// shapes are decided, and more for the last than for any other quarter.
const RHO: i32 = 2;

/// No look comes earlier: the variance of fewer rounds is known too badly for a claim.
const FIRST: u32 = 5;

/// Looks come after every fourth part of the rounds. More of them would leave little for each.
const PARTS: u32 = 4;

/// The numbers of rounds after which a run of at most `rounds` is compared with its baseline, ascending; the last is `rounds`.
pub fn looks(rounds: u32) -> Vec<u32> {
    let mut looks: Vec<u32> = (1..PARTS).map(|part| (part * rounds).div_ceil(PARTS)).collect();
    looks.retain(|&look| look >= FIRST && look < rounds);
    looks.push(rounds);
    looks.dedup();
    looks
}

/// The share of an error rate that belongs to a look after `rounds` rounds; all of it without `looks`.
///
/// A look that was not planned, as at a record whose run was interrupted, gets what was added since the planned one before.
pub(super) fn share(looks: &[u32], rounds: u32) -> f64 {
    let Some(&last) = looks.last() else { return 1.0 };
    let spent = |rounds: u32| (f64::from(rounds.min(last)) / f64::from(last)).powi(RHO);
    let before = looks.iter().copied().filter(|&look| look < rounds.min(last)).max().unwrap_or(0);
    spent(rounds) - spent(before)
}

/// How a run with interim looks ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// What was decided at the last look.
    pub report: Report,
    /// The rounds that were measured.
    pub rounds: BTreeMap<SeriesKey, u32>,
}

/// Whether a series has findings, and none of them is undecided.
pub fn is_decided(findings: &[Finding], key: &SeriesKey) -> bool {
    // What a budget leaves open is how runs differ, and what expected units do is how a law is off; more rounds show neither.
    let counts = |finding: &&Finding| finding.key() == *key && !finding.quantity.is_limit();
    let mut own = findings.iter().filter(counts).peekable();
    own.peek().is_some() && own.all(|finding| finding.outcome != Outcome::Inconclusive)
}

/// Plays `scalegate run` through: all workloads take the rounds up to their first look, and one with an undecided quantity
/// goes on to the next look, until every quantity is decided or no rounds are left. The runs of `cases` hold all rounds;
/// cases without looks have been measured at once.
pub fn play(cases: &[Case], policy: &Policy) -> Stopped {
    let rounds_of = |case: &Case| case.run.as_ref().map_or(0, |run| run.n_rounds() as u32);
    let mut rounds: BTreeMap<SeriesKey, u32> =
        cases.iter().map(|case| (case.key(), case.looks.first().copied().unwrap_or_else(|| rounds_of(case)))).collect();
    loop {
        let taken: Vec<Case> = cases.iter().map(|case| first_rounds(case, rounds[&case.key()])).collect();
        let report = decide(&taken, policy);
        let mut goes_on = false;
        for case in cases {
            let (key, now) = (case.key(), rounds[&case.key()]);
            let next = case.looks.iter().copied().find(|&look| look > now && look <= rounds_of(case));
            if let (Some(next), false) = (next, is_decided(&report.findings, &key)) {
                goes_on = true;
                rounds.insert(key, next);
            }
        }
        if !goes_on {
            return Stopped { report, rounds };
        }
    }
}

fn first_rounds(case: &Case, rounds: u32) -> Case {
    let first = |side: &Option<Observations>| {
        let its = side.as_ref()?;
        let last = its.rounds().get((rounds as usize).saturating_sub(1)).copied().unwrap_or(u32::MAX);
        Observations::new(its.points().filter(|(_, round, _)| *round <= last)).ok()
    };
    let baseline = if case.paired { first(&case.baseline) } else { case.baseline.clone() };
    Case { baseline, run: first(&case.run), ..case.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_in_quarters_and_none_before_the_fifth_round() {
        assert_eq!(looks(20), [5, 10, 15, 20]);
        assert_eq!(looks(10), [5, 8, 10]);
        assert_eq!(looks(8), [6, 8]);
        assert_eq!(looks(5), [5]);
        assert_eq!(looks(2), [2]);
    }

    #[test]
    fn the_looks_together_spend_the_whole_rate_and_no_more() {
        for rounds in 2..=60 {
            let looks = looks(rounds);
            let sum: f64 = looks.iter().map(|&look| share(&looks, look)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{rounds} rounds: {sum}");
        }
        assert_eq!(share(&[], 7), 1.0);
    }

    #[test]
    fn a_look_in_between_takes_from_the_next_one() {
        let planned = [5, 8, 10];
        let with_interruption = [5, 6, 8, 10];
        let between = share(&planned, 6);
        assert!(between > 0.0);
        assert_eq!(between, share(&with_interruption, 6));
        assert!((between + share(&with_interruption, 8) - share(&planned, 8)).abs() < 1e-12);
    }
}
