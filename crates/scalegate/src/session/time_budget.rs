//! A limit on the time of a session: how much of it a size may have, how many rounds it holds, and what would take longer.
//!
//! How many rounds there are at most, and so at which of them the run is compared, is known before the first of them: by the time of a
//! *pilot* round, which no record has. And time ends at one of these looks and nowhere else. Together they keep to the rates of
//! [`gate::looks`](crate::gate::looks) as those of any other run do, whatever made it stop or go on.

use std::time::Duration;

use crate::config::MeasureSettings;
use crate::gate::{Finding, Outcome};

/// The most that Criterion's samples of a size may take in a round, unless it aims at more. Rounds are the replicates, and what more
/// samples tell of one round buys less than another round would: `docs/evidence/rounds.md` has what that costs and saves.
const MAX_SIZE: Duration = Duration::from_millis(500);

/// Fewer rounds decide nothing, however long one takes.
const MIN_ROUNDS: u32 = 5;

/// How many times the rounds of the configuration a noisy workload may have.
const MAX_FACTOR: u32 = 2;

/// More rounds than so many times those that were taken are no remedy.
const MAX_MORE: f64 = 10.0;

/// What a size may take in a round, if the fewest rounds are to fit into what is `left` for `sizes` of them.
pub(super) fn size_limit(left: Duration, sizes: usize, settings: &MeasureSettings) -> Duration {
    let share = left / (MIN_ROUNDS * (sizes as u32).max(1));
    share.clamp(aimed_at(settings), longest(settings))
}

/// What Criterion aims at for a size.
pub(super) fn aimed_at(settings: &MeasureSettings) -> Duration {
    Duration::from_millis(settings.measurement_ms)
}

/// The most that a size may take in a round.
pub(super) fn longest(settings: &MeasureSettings) -> Duration {
    MAX_SIZE.max(aimed_at(settings))
}

/// How many rounds at most are planned within what is `left`, where a round takes as long as the pilot up to the first look, and that
/// share of it afterwards (see [`share_after_first_look`]).
///
/// Where more than that is still undecided, the time ends at an earlier look.
pub(super) fn rounds_within(left: Duration, pilot: Duration, share_after: f64, configured: u32) -> u32 {
    let (first, most) = (MIN_ROUNDS.min(configured), MAX_FACTOR * configured);
    let after_first = left.saturating_sub(pilot * first).as_secs_f64();
    let further = after_first / (pilot.as_secs_f64() * share_after).max(f64::MIN_POSITIVE);
    (f64::from(first) + further).min(f64::from(most)) as u32
}

/// The share of a round that those workloads take which the first look leaves undecided. Where there are baselines that is taken to be
/// half of them, which is cautious: in `docs/evidence/rounds.md` the first look decides most shapes. Where there are none, all go on.
pub(super) fn share_after_first_look(workloads: usize, has_baselines: bool) -> f64 {
    if has_baselines { workloads.div_ceil(2) as f64 / workloads as f64 } else { 1.0 }
}

/// Whether the rounds from a look to the next have time, but for half a round.
pub(super) fn has_time(left: Duration, round: Duration, taken: u32, looks: &[u32]) -> bool {
    let next = looks.iter().copied().find(|look| *look > taken);
    next.is_some_and(|next| round * (next - taken) <= left + round / 2)
}

/// A workload that a spent budget left undecided.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Open<'a> {
    pub(super) workload: &'a str,
    /// The rounds that it has.
    pub(super) taken: u32,
    /// What is undecided of it.
    pub(super) findings: Vec<&'a Finding>,
}

impl Open<'_> {
    /// How many rounds would decide all of it at the noise that was seen; `None` where that is not known.
    fn rounds_needed(&self) -> Option<f64> {
        self.findings.iter().filter_map(|finding| rounds_needed(finding, self.taken)).reduce(f64::max)
    }
}

/// Whether rounds of wall time could decide it.
pub(super) fn is_open(finding: &Finding) -> bool {
    finding.outcome == Outcome::Inconclusive && !finding.quantity.is_limit() && finding.change.is_some()
}

/// An interval is as wide as the noise over the square root of the rounds, and has to lie on one side of the tolerance.
fn rounds_needed(finding: &Finding, taken: u32) -> Option<f64> {
    let (change, tolerance) = (finding.change?, finding.tolerance?);
    let half_width = 0.5 * (change.upper - change.lower);
    let room = (tolerance - change.estimate.abs()).abs();
    let rounds = f64::from(taken) * (half_width / room).powi(2);
    (half_width.is_finite() && !rounds.is_nan()).then_some(rounds.max(f64::from(taken + 1)))
}

/// What was left undecided, with the rounds that would probably decide it, or what would instead. `round` is what a round of one
/// workload takes.
pub(super) fn words(open: &[Open<'_>], budget: Duration, round: Duration) -> Vec<String> {
    let (mut lines, mut most, mut more_s) = (Vec::new(), 0.0_f64, 0.0);
    for its in open {
        let mut quantities: Vec<&str> = its.findings.iter().map(|its| crate::report::quantity(its.quantity)).collect();
        quantities.dedup();
        let remedy = match its.rounds_needed() {
            Some(rounds) if rounds <= MAX_MORE * f64::from(its.taken) => {
                most = most.max(rounds.ceil());
                more_s += (rounds - f64::from(its.taken)).ceil() * round.as_secs_f64();
                format!("about {} rounds would decide it, and it has {}", rounds.ceil(), its.taken)
            }
            _ => {
                "it is too close to what is tolerated, or too noisy, for rounds to tell: `scalegate ab` has less noise"
                    .to_owned()
            }
        };
        lines.push(format!("undecided: {} ({}): {remedy}", its.workload, quantities.join(", ")));
    }
    if more_s > 0.0 {
        let minutes = ((budget.as_secs_f64() + more_s) / 60.0).ceil();
        lines.push(format!("`scalegate run --rounds {most}` would probably do, in about {minutes} min"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Quantity, Scope, looks};
    use crate::law::Interval;
    use crate::metric::Metric;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn five_rounds_fit_by_fewer_samples_of_a_size_if_it_has_to_be() {
        let settings = MeasureSettings::default();
        assert_eq!(size_limit(s(30), 24, &settings), Duration::from_millis(250));
        assert_eq!(size_limit(s(3_600), 24, &settings), MAX_SIZE);
        assert_eq!(size_limit(s(1), 24, &settings), Duration::from_millis(100), "what Criterion aims at");
        let long = MeasureSettings { measurement_ms: 5_000, ..settings };
        assert_eq!(size_limit(s(1), 24, &long), s(5));
    }

    #[test]
    fn rounds_fill_the_time_that_the_first_look_leaves_and_have_a_bound() {
        let of_four = share_after_first_look(4, true);
        assert_eq!((of_four, share_after_first_look(1, true), share_after_first_look(4, false)), (0.5, 1.0, 1.0));
        // Five rounds of all take 50 s, and each later one of a half 5 s.
        assert_eq!(rounds_within(s(90), s(10), of_four, 10), 13);
        assert_eq!(rounds_within(s(90), s(10), 1.0, 10), 9);
        assert_eq!(rounds_within(s(3_600), s(10), of_four, 10), 20, "twice as many as are configured");
        assert_eq!(rounds_within(s(20), s(10), of_four, 10), 5, "fewer decide nothing");
        assert_eq!(rounds_within(s(20), s(10), of_four, 3), 3);
        assert_eq!(rounds_within(s(20), s(0), of_four, 10), 20);
    }

    /// Four workloads of which each takes a second for a round, played with a clock that only rounds move: the rounds that each takes,
    /// if it is decided at the look that `decided_at` says.
    fn played(budget: u64, decided_at: [Option<usize>; 4]) -> [u32; 4] {
        let (mut now, pilot) = (4, s(4));
        let most = rounds_within(s(budget - now), pilot, share_after_first_look(4, true), 10);
        let looks = looks(most);
        let ends = decided_at.map(|look| look.map_or(most, |look| looks[look.min(looks.len() - 1)]));
        let mut taken = [0; 4];
        for round in 0..most {
            let due: Vec<usize> = (0..4).filter(|index| round < ends[*index]).collect();
            let (left, its) = (s(budget).saturating_sub(s(now)), s(due.len() as u64));
            if due.is_empty() || looks.contains(&round) && !has_time(left, its, round, &looks) {
                break;
            }
            now += due.len() as u64;
            for index in due {
                taken[index] += 1;
            }
        }
        assert!(now <= budget + 2, "{now} s of {budget}: half a round more at most");
        taken
    }

    #[test]
    fn time_that_decided_workloads_leave_goes_to_those_that_are_not() {
        assert_eq!(played(60, [Some(0), Some(0), None, None]), [5, 5, 20, 20]);
        assert_eq!(played(60, [Some(0); 4]), [5; 4]);
        assert_eq!(played(60, [None; 4]), [10; 4], "there is no time for the next look");
        assert_eq!(played(54, [Some(0), Some(1), None, None]), [5, 10, 15, 15]);
    }

    fn finding(quantity: Quantity, estimate: f64, half_width: f64) -> Finding {
        let change = Interval { estimate, lower: estimate - half_width, upper: estimate + half_width };
        Finding {
            change: Some(change),
            tolerance: Some(0.25),
            ..Finding::open(
                "here",
                &"llm/decode".into(),
                Metric::WallTime,
                &crate::Axis::TOKENS,
                Scope::Shape,
                quantity,
            )
        }
    }

    #[test]
    fn what_was_left_undecided_is_named_with_what_it_would_take() {
        let (growth, share) = (finding(Quantity::Growth, 0.05, 0.3), finding(Quantity::CurvatureShare, 0.0, 0.26));
        let edge = finding(Quantity::Growth, 0.249, 0.3);
        let open = [
            Open { workload: "llm/decode", taken: 14, findings: vec![&growth, &share] },
            Open { workload: "llm/prefill", taken: 14, findings: vec![&edge] },
        ];
        insta::assert_snapshot!(words(&open, s(300), s(4)).join("\n"), @"
        undecided: llm/decode (growth, curvature share): about 32 rounds would decide it, and it has 14
        undecided: llm/prefill (growth): it is too close to what is tolerated, or too noisy, for rounds to tell: `scalegate ab` has less noise
        `scalegate run --rounds 32` would probably do, in about 7 min
        ");
        assert_eq!(words(&[], s(300), s(4)), [""; 0]);
        let unknown = Finding { change: None, ..growth.clone() };
        assert!(is_open(&growth) && !is_open(&unknown), "without a baseline there is nothing to decide");
    }
}
