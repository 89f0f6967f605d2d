//! How often the gate is right about staircases that changed, and about some that did not.

use std::fmt::Write;

use scalegate::Axis;
use scalegate::config::Tolerances;
use scalegate::gate::{Case, Demand, Policy, Scope, Verdict, decide};
use scalegate::law::Class;
use scalegate::law::simulate::{Noise, PIXELS, TILES, TOKENS, seeded};
use scalegate::metric::Metric;

use crate::{STAIRS, share};

const ROUNDS: [u32; 2] = [5, 10];
/// The noise of a size in a round…
const NOISES: [f64; 3] = [0.0005, 0.02, 0.05];
/// …and of a round.
const ROUND_NOISE: f64 = 0.03;
/// Pairs of runs of each cell, in which nothing changed…
const UNCHANGED_RUNS: usize = 100;
/// …in which something did, by what is tolerated…
const EDGE_RUNS: usize = 2000;
/// …and by more or less.
const CHANGED_RUNS: usize = 100;

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

/// The verdicts on pairs of runs, by the shape of the law.
#[derive(Debug, Default)]
struct Verdicts {
    runs: usize,
    /// Regressed or mixed.
    worse: usize,
    improved: usize,
    inconclusive: usize,
    /// Pairs of which one run alone was called a staircase.
    alone: usize,
}

impl Verdicts {
    /// The verdicts on so many pairs of runs of two laws.
    fn new(sizes: &[f64], rounds: u32, runs: usize, noise: f64, laws: [&dyn Fn(f64) -> f64; 2]) -> Self {
        let noise = Noise { round: ROUND_NOISE, ..Noise::cells(noise) };
        let mut all = Self { runs, ..Self::default() };
        for seed in 0..runs as u64 {
            let side = |seed, law: &dyn Fn(f64) -> f64| Some(seeded(sizes, rounds, noise, seed, law));
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
                baseline: side(2 * seed, laws[0]),
                further: Vec::new(),
                demand: Demand::Decided,
                run: side(2 * seed + 1, laws[1]),
                withheld: None,
            };
            let report = decide(&[case], &Policy::default());
            match report.verdict {
                Verdict::Regressed | Verdict::Mixed => all.worse += 1,
                Verdict::Improved => all.improved += 1,
                Verdict::Inconclusive => all.inconclusive += 1,
                Verdict::Pass => {}
            }
            let classes = report.findings.iter().find_map(|finding| finding.classes);
            let is_stairs = |class| class == Class::Staircase;
            all.alone += usize::from(classes.is_some_and(|(before, after)| is_stairs(before) != is_stairs(after)));
        }
        all
    }

    fn alarms(&self) -> usize {
        self.worse + self.improved
    }

    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.worse += other.worse;
        self.improved += other.improved;
        self.inconclusive += other.inconclusive;
        self.alone += other.alone;
    }
}

const EDGE_STAIRS: [&str; 3] = ["3 equal steps, flat", "3 equal steps, sloped", "7 equal steps, flat"];

/// Laws without steps, and such whose steps one run shows and another does not.
const OTHERS: [(&str, &[f64], Law); 9] = [
    ("line", &TOKENS, |n| 5.0 + 0.1 * n),
    ("line", &TILES, |p| 5.0 + 1e-5 * p),
    ("quadratic", &TILES, |p| 5.0 + 1e-5 * p + 1e-11 * p * p),
    ("knee", &PIXELS, |p| 5.0 + 1e-4 * p.min(1.2e5)),
    ("knee", &TILES, |p| 5.0 + 1e-5 * p.min(1.25e6)),
    ("one jump on a line", &TILES, |p| 5.0 + 1e-5 * p + if p > 1.25e6 { 10.0 } else { 0.0 }),
    ("steps of 5 %", &TILES, |p| stairs(&PLACES, p).mul_add(0.1, 9.0)),
    ("steps of 10 %", &TILES, |p| stairs(&PLACES, p).mul_add(0.2, 8.0)),
    ("2 steps of 10 %", &PIXELS, |p| 10.0 + [8e4, 2e5].iter().filter(|place| **place < p).count() as f64),
];

/// How often the gate calls a law changed that is not.
pub(crate) fn unchanged() -> String {
    let mut text = format!(
        "## The gate: nothing changed\n\nVerdicts on the shape of laws of which {UNCHANGED_RUNS} runs are compared with as many others, at a noise of {} %; tolerances are the default \
         ones, the noise of a round is {} %. Wanted: alarms (regressed, improved or mixed) in at most 0.1 %.\n\n\
         | law | sizes | rounds | alarms | inconclusive | one side alone a staircase |\n|---|---|---|---|---|---|\n",
        NOISES.map(|noise| (100.0 * noise).to_string()).join(" / "),
        100.0 * ROUND_NOISE
    );
    let mut all = Verdicts::default();
    let mut row = |name: &str, sizes: &[f64], law: &dyn Fn(f64) -> f64| {
        for rounds in ROUNDS {
            let cells = NOISES.map(|noise| Verdicts::new(sizes, rounds, UNCHANGED_RUNS, noise, [law, law]));
            for cell in &cells {
                all.add(cell);
            }
            let of =
                |count: fn(&Verdicts) -> usize| cells.each_ref().map(|its| share(count(its), its.runs)).join(" / ");
            let (alarms, open, alone) = (of(Verdicts::alarms), of(|its| its.inconclusive), of(|its| its.alone));
            let _ = writeln!(text, "| {name} | {} | {rounds} | {alarms} | {open} | {alone} |", sizes.len());
        }
    };
    for its in &STAIRS {
        row(its.name, its.sizes, &|n| its.cost(n));
    }
    for (name, sizes, law) in &OTHERS {
        row(name, sizes, law);
    }
    let _ = writeln!(
        text,
        "\nAll together: {} alarms in {} verdicts, of which {} had a staircase on one side alone.",
        all.alarms(),
        all.runs,
        all.alone
    );
    text
}

/// How often a change of just what is tolerated is called one beyond it.
pub(crate) fn at_the_edge() -> String {
    const NOISES: [f64; 2] = [0.02, 0.05];
    let mut text = format!(
        "## The gate: changed by what is tolerated\n\nThe hardest case for the rate of false alarms: to every size above the first tread, cost grows by just 25 % more. {EDGE_RUNS} pairs of \
         runs each, otherwise as above. Wanted: alarms in at most 0.1 %.\n\n\
         | staircase | rounds | noise | alarms |\n|---|---|---|---|\n"
    );
    let mut all = Verdicts::default();
    for its in STAIRS.iter().filter(|its| EDGE_STAIRS.contains(&its.name)) {
        let before = |n: f64| its.cost(n);
        let first = its.cost(its.sizes[0]);
        // On the first tread too, the slope is that of the others.
        let after = |n: f64| 1.25 * its.cost(n) - if n > its.steps[0].0 { 0.0 } else { 0.25 * first };
        for (rounds, noise) in ROUNDS.into_iter().flat_map(|rounds| NOISES.map(|noise| (rounds, noise))) {
            let cell = Verdicts::new(its.sizes, rounds, EDGE_RUNS, noise, [&before, &after]);
            let alarms = 100.0 * cell.alarms() as f64 / cell.runs as f64;
            let _ = writeln!(text, "| {} | {rounds} | {} % | {alarms:.2} % |", its.name, 100.0 * noise);
            all.add(&cell);
        }
    }
    let _ = writeln!(text, "\nAll together: {} alarms in {} verdicts.", all.alarms(), all.runs);
    text
}

/// How often the gate catches changes of a staircase.
pub(crate) fn changed() -> String {
    const NOISES: [f64; 2] = [0.02, 0.05];
    let mut text = format!(
        "## The gate: something changed\n\nA staircase of three steps of 5 on 10, {CHANGED_RUNS} pairs of runs each, otherwise as above. What changes is the growth of cost from the smallest \
         size, at the size where it changes least and at that where it changes most; 25 % are tolerated.\n\n\
         | change | growth | rounds | noise | regressed or mixed | improved | inconclusive | pass |\n|---|---|---|---|---|---|---|---|\n"
    );
    for change in &CHANGES {
        let (least, most) = change.range();
        for (rounds, noise) in ROUNDS.into_iter().flat_map(|rounds| NOISES.map(|noise| (rounds, noise))) {
            let its = Verdicts::new(&TILES, rounds, CHANGED_RUNS, noise, [&change.before, &change.after]);
            let pass = its.runs - its.alarms() - its.inconclusive;
            let shares =
                [its.worse, its.improved, its.inconclusive, pass].map(|count| share(count, its.runs)).join(" | ");
            let _ = writeln!(
                text,
                "| {} | {:+.0} % to {:+.0} % | {rounds} | {} % | {shares} |",
                change.name,
                100.0 * least,
                100.0 * most,
                100.0 * noise
            );
        }
    }
    text
}
