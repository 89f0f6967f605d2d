//! How often the gate is right about staircases that changed, and about some that did not.

use std::fmt::Write;

use scalegate::Axis;
use scalegate::config::Tolerances;
use scalegate::gate::{Case, Demand, Policy, Scope, Verdict, decide};
use scalegate::law::simulate::{Noise, TILES, seeded};
use scalegate::metric::Metric;

use crate::{STAIRS, share};

const ROUNDS: u32 = 10;
/// The noise of a size in a round…
const NOISES: [f64; 3] = [0.01, 0.02, 0.05];
/// …and of a round.
const ROUND_NOISE: f64 = 0.03;
/// Pairs of runs of each cell, in which nothing changed…
const UNCHANGED_RUNS: u64 = 2000;
/// …and in which something did.
const CHANGED_RUNS: u64 = 500;

type Law = fn(f64) -> f64;

/// A law that became another.
struct Change {
    name: &'static str,
    before: Law,
    after: Law,
}

const PLACES: [f64; 3] = [4.5e5, 8.5e5, 1.25e6];

/// 10, and 5 more above each place.
fn stairs(places: &[f64], p: f64) -> f64 {
    10.0 + 5.0 * places.iter().filter(|place| **place < p).count() as f64
}

fn before(p: f64) -> f64 {
    stairs(&PLACES, p)
}

/// Where a line is at the largest size what it was in steps.
fn straight(p: f64) -> f64 {
    10.0 + 15.0 * (p - TILES[0]) / (TILES[23] - TILES[0])
}

const fn of(name: &'static str, after: Law) -> Change {
    Change { name, before, after }
}

const CHANGES: [Change; 17] = [
    of("a step comes 4 sizes earlier, where another is", |p| stairs(&[4.5e5, 4.5e5, 1.25e6], p)),
    of("a step comes 2 sizes earlier", |p| stairs(&[4.5e5, 6.5e5, 1.25e6], p)),
    of("a step comes 1 size earlier", |p| stairs(&[4.5e5, 7.5e5, 1.25e6], p)),
    of("the first step comes 1 size earlier", |p| stairs(&[3.5e5, 8.5e5, 1.25e6], p)),
    of("the first step comes after the smallest size", |p| stairs(&[1.5e5, 8.5e5, 1.25e6], p)),
    of("the first step comes 1 size earlier, the last 6 sizes later", |p| stairs(&[3.5e5, 8.5e5, 1.85e6], p)),
    of("the first step comes 3 sizes later", |p| stairs(&[7.5e5, 8.5e5, 1.25e6], p)),
    of("two more steps", |p| stairs(&[4.5e5, 8.5e5, 1.25e6, 1.65e6, 2.05e6], p)),
    of("one more step, between others", |p| stairs(&[4.5e5, 6.5e5, 8.5e5, 1.25e6], p)),
    of("one more step at the end, of 20 %", |p| stairs(&[4.5e5, 8.5e5, 1.25e6, 2.05e6], p)),
    of("the last two steps are lost", |p| stairs(&[4.5e5], p)),
    of("the first step is lost", |p| stairs(&[8.5e5, 1.25e6], p)),
    of("three steps become one, higher than all", |p| if p > 4.5e5 { 30.0 } else { 10.0 }),
    of("one size in a tread is 60 % dearer", |p| before(p) * if p == 1.8e6 { 1.6 } else { 1.0 }),
    of("the last tread climbs instead of being flat, by 60 %", |p| {
        before(p) + if p > 1.25e6 { 15.0 * (p - 1.25e6) / 1.15e6 } else { 0.0 }
    }),
    of("a line with the same ends", straight),
    of("a curve above it with the same ends", |p| 10.0 + 15.0 * ((straight(p) - 10.0) / 15.0).sqrt()),
];

impl Change {
    /// What cost grows by to a size, after over before, minus 1: the least and the most of all sizes.
    fn range(&self) -> (f64, f64) {
        let growth = |law: Law, p: f64| law(p) / law(TILES[0]);
        let changes = TILES.map(|p| growth(self.after, p) / growth(self.before, p) - 1.0);
        (changes.iter().copied().fold(0.0, f64::min), changes.iter().copied().fold(0.0, f64::max))
    }
}

/// The verdicts on so many pairs of runs, by the shape of the law.
fn verdicts(
    sizes: &[f64],
    runs: u64,
    noise: f64,
    before: &dyn Fn(f64) -> f64,
    after: &dyn Fn(f64) -> f64,
) -> [String; 4] {
    let noise = Noise { round: ROUND_NOISE, ..Noise::cells(noise) };
    let verdict = |seed: u64| {
        let side = |seed, law: &dyn Fn(f64) -> f64| Some(seeded(sizes, ROUNDS, noise, seed, law));
        let case = Case {
            host: String::new(),
            workload: "simulated".into(),
            metric: Metric::WallTime,
            axis: Axis::PIXELS,
            unit: "s".to_owned(),
            scope: Scope::Shape,
            tolerances: Tolerances::default(),
            noise: None,
            paired: false,
            looks: Vec::new(),
            baseline: side(2 * seed, before),
            further: Vec::new(),
            demand: Demand::Decided,
            run: side(2 * seed + 1, after),
            withheld: None,
        };
        decide(&[case], &Policy::default()).verdict
    };
    let all: Vec<Verdict> = (0..runs).map(verdict).collect();
    let rate = |wanted: &[Verdict]| share(all.iter().filter(|its| wanted.contains(its)).count(), runs as usize);
    [
        rate(&[Verdict::Regressed, Verdict::Mixed]),
        rate(&[Verdict::Improved]),
        rate(&[Verdict::Inconclusive]),
        rate(&[Verdict::Pass]),
    ]
}

/// How often the gate calls a staircase changed that is not.
pub(crate) fn unchanged() -> String {
    let mut text = format!(
        "## The gate: nothing changed\n\nVerdicts on the shape of staircases of which {UNCHANGED_RUNS} runs of {ROUNDS} rounds are compared with as many others; tolerances are the \
         default ones, the noise of a round is {} %. Wanted: alarms in at most 0.1 %.\n\n\
         | staircase | noise | regressed or mixed | improved | inconclusive | pass |\n|---|---|---|---|---|---|\n",
        100.0 * ROUND_NOISE
    );
    for its in &STAIRS {
        for noise in NOISES {
            let law = |n: f64| its.cost(n);
            let [worse, better, open, pass] = verdicts(its.sizes, UNCHANGED_RUNS, noise, &law, &law);
            let _ = writeln!(text, "| {} | {} % | {worse} | {better} | {open} | {pass} |", its.name, 100.0 * noise);
        }
    }
    text
}

/// How often the gate catches changes of a staircase.
pub(crate) fn changed() -> String {
    let mut text = format!(
        "## The gate: something changed\n\nA staircase of three steps of 5 on 10, {CHANGED_RUNS} pairs of runs each, otherwise as above. What changes is the growth of cost from the smallest \
         size, at the size where it changes least and at that where it changes most; 25 % are tolerated.\n\n\
         | change | growth | noise | regressed or mixed | improved | inconclusive | pass |\n|---|---|---|---|---|---|---|\n"
    );
    for change in &CHANGES {
        let (least, most) = change.range();
        for noise in NOISES {
            let [worse, better, open, pass] = verdicts(&TILES, CHANGED_RUNS, noise, &change.before, &change.after);
            let _ = writeln!(
                text,
                "| {} | {:+.0} % to {:+.0} % | {} % | {worse} | {better} | {open} | {pass} |",
                change.name,
                100.0 * least,
                100.0 * most,
                100.0 * noise
            );
        }
    }
    text
}
