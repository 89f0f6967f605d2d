//! What is asked for in a round: how many slices of which sizes, and how many rounds there are.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::law::random::uniform;

/// A slice takes at least this long: next to it, the way of an order through two pipes and the caches that the other side left
/// behind are little.
const SLICE_S: f64 = 2e-3;

/// What prepares an inference may take many times as long as what is measured: no slice has more inferences than this lasts for.
const MAX_SLICE_S: f64 = 0.1;

/// Before every such pair of rounds there is a round of the base against itself.
pub(super) const CONTROL_EVERY: u32 = 4;

/// The plan of a round fits if it is longer by no more than this factor, by which the times of a calibration are off.
pub(super) const SLACK: f64 = 1.1;

/// Fewer pairs decide nothing, however long a round takes.
pub(super) const MIN_ROUNDS: u32 = 10;

/// No round is made longer for the sake of its start if there are no more than these.
const FEWER_ROUNDS: u32 = 12;

/// What is asked for in a round.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Logical processors that both sides are held to; empty where nobody can choose.
    pub(super) cores: Vec<usize>,
    /// How long a process of one of two sides takes until it can be asked for slices.
    pub(super) start_s: f64,
    pub(super) sizes: BTreeMap<u64, SizePlan>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SizePlan {
    pub(super) inferences: u64,
    /// How long a slice takes, with what is not measured of it.
    slice_s: f64,
    blocks: u32,
}

impl SizePlan {
    /// The plan of a size whose inferences cost `wall_s` and take `elapsed_s`: with their preparation, as a token's answer with the
    /// prompt before it.
    pub(super) fn of(wall_s: f64, elapsed_s: f64) -> Self {
        let wanted = (SLICE_S / wall_s).ceil();
        let affordable = (MAX_SLICE_S / elapsed_s).floor();
        let inferences = wanted.min(affordable).max(1.0) as u64;
        Self { inferences, slice_s: elapsed_s * inferences as f64, blocks: 2 }
    }
}

impl Plan {
    /// How long a round takes.
    pub(super) fn round_s(&self) -> f64 {
        let slices: f64 = self.sizes.values().map(|size| 4.0 * size.slice_s * f64::from(size.blocks)).sum();
        self.starts_s() + slices
    }

    /// How much of a round passes until both sides can be asked for slices.
    pub(super) fn starts_s(&self) -> f64 {
        2.0 * self.start_s
    }

    /// Gives every size as many blocks as have room in its part of a round of that length: an even number, and two at least, since
    /// the side in the middle of a block finds its own caches the second time.
    pub(super) fn fill(&mut self, round_s: f64) {
        let part = (round_s - self.starts_s()) / self.sizes.len() as f64;
        for size in self.sizes.values_mut() {
            size.blocks = 2 * ((part / (8.0 * size.slice_s)) as u32).max(1);
        }
    }

    /// The sizes of the blocks of a round in a random order, each with the side that goes first. Of a size, both sides go first
    /// equally often.
    pub(super) fn order(&self, random: &mut ChaCha8Rng) -> Vec<(u64, bool)> {
        let mut order = Vec::new();
        for (size, plan) in &self.sizes {
            let first = uniform(random) < 0.5;
            order.extend((0..plan.blocks).map(|block| (*size, first ^ (block % 2 == 1))));
        }
        for last in (1..order.len()).rev() {
            let other = (random.next_u64() % (last as u64 + 1)) as usize;
            order.swap(last, other);
        }
        order
    }
}

/// Fits the plan of a workload into its part of the budget, and gives the number of pairs of rounds, at `most`.
///
/// A round costs the start of its processes whatever it measures. Slices vary more than rounds do, so that up to as long as the start takes,
/// more slices say more than more rounds; but the fewer rounds there are, the less is known of how they vary.
pub(super) fn rounds_within(seconds: f64, most: u32, plan: &mut Plan) -> u32 {
    let shared_out = |rounds: u32| seconds / of_pairs(rounds.min(most));
    plan.fill((2.0 * plan.starts_s()).clamp(shared_out(most), shared_out(FEWER_ROUNDS)));
    let fitting = (1..=most).rev().find(|rounds| of_pairs(*rounds) * plan.round_s() <= seconds * SLACK);
    fitting.unwrap_or(1).max(MIN_ROUNDS.min(most))
}

/// Whether no other round fits into the time of a workload, of which `taken` took `used_s`: what else a machine does can make
/// rounds longer than they were planned.
pub(super) fn is_out_of_time(used_s: f64, taken: u32, seconds: f64) -> bool {
    taken >= MIN_ROUNDS && used_s + used_s / f64::from(taken) > seconds * SLACK
}

/// The looks of a workload whose time is up: the one after `taken` rounds is the last, and has all that is left of the error rates.
/// They stay within them, since time and not what was seen has ended it.
pub(super) fn ended_after(taken: u32, looks: &mut Vec<u32>) {
    looks.retain(|look| *look < taken);
    looks.push(taken);
}

/// How many rounds there are with those of the base against itself.
pub(super) fn of_pairs(rounds: u32) -> f64 {
    f64::from(rounds + rounds.div_ceil(CONTROL_EVERY))
}

#[cfg(test)]
impl Plan {
    /// One whose sides are ready after `start_s` each, and whose slices take so long.
    pub(super) fn of(start_s: f64, slices_s: &[f64]) -> Self {
        let size = |slice_s| SizePlan { inferences: 1, slice_s, blocks: 2 };
        let sizes = (1..).map(|number| 10 * number).zip(slices_s.iter().map(|slice_s| size(*slice_s)));
        Self { cores: Vec::new(), start_s, sizes: sizes.collect() }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn plan() -> Plan {
        Plan::of(0.01, &[2e-3, 4e-3, 50e-3])
    }

    #[test]
    fn sizes_share_a_round_and_the_longest_has_two_blocks() {
        let mut plan = plan();
        plan.fill(0.17);
        let blocks: Vec<u32> = plan.sizes.values().map(|size| size.blocks).collect();
        assert_eq!(blocks, [6, 2, 2]);
        assert!((plan.round_s() - (0.02 + 0.048 + 0.032 + 0.4)).abs() < 1e-9);
    }

    #[test]
    fn a_slice_is_long_enough_to_measure_and_not_for_long_in_preparation() {
        let of = |wall_s, elapsed_s| {
            let plan = SizePlan::of(wall_s, elapsed_s);
            (plan.inferences, plan.slice_s)
        };
        assert_eq!(of(1e-3, 1e-3), (2, 2e-3));
        assert_eq!(of(5e-3, 0.02), (1, 0.02));
        assert_eq!(of(1e-3, 2.0), (1, 2.0), "a token behind a long prompt");
        assert_eq!(of(1e-5, 0.01), (10, 0.1));
    }

    #[test]
    fn both_sides_go_first_equally_often() {
        let mut plan = plan();
        plan.fill(0.3);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let orders: Vec<Vec<(u64, bool)>> = (0..2).map(|_| plan.order(&mut random)).collect();
        assert_ne!(orders[0], orders[1]);
        for (size, its) in &plan.sizes {
            for order in &orders {
                let own: Vec<bool> = order.iter().filter(|(other, _)| other == size).map(|(_, first)| *first).collect();
                let first = own.iter().filter(|first| **first).count();
                assert_eq!(own.len(), its.blocks as usize);
                assert_eq!(2 * first, own.len(), "{own:?}");
            }
        }
    }

    #[test]
    fn a_round_is_as_long_in_slices_as_in_starting_while_there_are_enough_rounds() {
        let rounds = |start_s: f64, seconds: f64| {
            let mut plan = Plan::of(start_s, &[5e-3; 8]);
            let rounds = rounds_within(seconds, 40, &mut plan);
            (rounds, plan.sizes[&10].blocks, plan.round_s())
        };
        let (many, blocks, round_s) = rounds(0.05, 60.0);
        assert_eq!((many, blocks), (40, 6), "{round_s}");
        // Eight blocks of 20 ms for each of eight sizes are 1.28 s, the starts of both sides 1.4 s.
        let (fewer, blocks, round_s) = rounds(0.7, 60.0);
        assert_eq!((fewer, blocks), (19, 8), "{round_s}");
        let (few, blocks, round_s) = rounds(2.0, 60.0);
        assert_eq!((few, blocks), (12, 2), "{round_s}");
        assert_eq!(rounds(2.0, 20.0).0, MIN_ROUNDS, "fewer decide nothing");
    }

    #[test]
    fn time_ends_a_workload_and_its_last_look_comes_then() {
        assert!(!is_out_of_time(60.0, 15, 60.0), "the next one ends within the slack");
        assert!(is_out_of_time(62.5, 15, 60.0));
        assert!(!is_out_of_time(100.0, MIN_ROUNDS - 1, 60.0), "fewer decide nothing");
        let ended = |taken| {
            let mut looks = vec![10, 20, 30, 40];
            ended_after(taken, &mut looks);
            looks
        };
        assert_eq!(ended(25), [10, 20, 25]);
        assert_eq!(ended(20), [10, 20]);
        assert_eq!(ended(40), [10, 20, 30, 40]);
    }
}
