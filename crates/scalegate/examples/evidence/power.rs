//! Section 2: how often a planted change beyond the tolerance is caught.

use std::fmt::Write;

use rand_chacha::ChaCha8Rng;
use scalegate::Axis;
use scalegate::config::Tolerances;
use scalegate::gate::{Case, Demand, Outcome, Policy, Quantity, Scope, decide};
use scalegate::law::Observations;
use scalegate::law::simulate::{Noise, PIXELS, TOKENS, run};
use scalegate::metric::Metric;

use crate::effort::{Effort, percent, tally};

const EXCESSES: [f64; 7] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];
const ROUNDS: [u32; 3] = [5, 10, 20];
const NOISES: [f64; 3] = [0.01, 0.03, 0.05];
const RUNS: u64 = 100;
const SEED: u64 = 2;
const TARGET_RUNS: u64 = 1000;

/// A quantity with a law in which a change is planted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planted {
    pub(crate) name: &'static str,
    pub(crate) quantity: Quantity,
    pub(crate) scope: Scope,
    sizes: &'static [f64],
    /// Cost at a size, with the quantity changed by this much.
    law: fn(f64, f64) -> f64,
    tolerance: fn(&Tolerances) -> f64,
}

const CLAMP: f64 = 200_704.0;

pub(crate) const PLANTED: [Planted; 5] = [
    Planted {
        name: "slope",
        quantity: Quantity::Slope,
        scope: Scope::Absolute,
        sizes: &TOKENS,
        law: |n, by| 1.0 + 0.1 * (1.0 + by) * n,
        tolerance: |t| t.slope,
    },
    Planted {
        name: "intercept (cost at the smallest size)",
        quantity: Quantity::CostSmallest,
        scope: Scope::Absolute,
        sizes: &TOKENS,
        law: |n, by| 10.0 + 0.1 * n + by * (10.0 + 0.1 * TOKENS[0]),
        tolerance: |t| t.cost,
    },
    Planted {
        name: "share of curvature",
        quantity: Quantity::CurvatureShare,
        scope: Scope::Shape,
        sizes: &TOKENS,
        law: |n, by| {
            let (share, end) = (0.1 + by, TOKENS[TOKENS.len() - 1]);
            let line = |n: f64| 1.0 + 0.1 * n;
            line(n) + share / (1.0 - share) * line(end) * (n / end).powi(2)
        },
        tolerance: |t| t.curvature_share,
    },
    Planted {
        name: "breakpoint",
        quantity: Quantity::Breakpoint,
        scope: Scope::Shape,
        sizes: &PIXELS,
        law: |p, by| 3.0 + 4e-4 * p.min(CLAMP * (1.0 + by)) + 4e-6 * p,
        tolerance: |t| t.breakpoint,
    },
    Planted {
        name: "level at the knee",
        quantity: Quantity::Level,
        scope: Scope::Absolute,
        sizes: &PIXELS,
        law: |p, by| (1.0 + by) * (3.0 + 4e-4 * p.min(CLAMP) + 4e-6 * p),
        tolerance: |t| t.level,
    },
];

impl Planted {
    fn outcome(&self, excess: f64, rounds: u32, noise: f64, rng: &mut ChaCha8Rng) -> Outcome {
        let tolerances = Tolerances::default();
        let by = (self.tolerance)(&tolerances) + excess;
        let baseline = run(self.sizes, rounds, Noise::cells(noise), rng, |n| (self.law)(n, 0.0));
        let changed = run(self.sizes, rounds, Noise::cells(noise), rng, |n| (self.law)(n, by));
        let report = decide(&[self.case(tolerances, baseline, changed)], &Policy::default());
        report.findings.iter().find(|f| f.quantity == self.quantity).map_or(Outcome::Inconclusive, |f| f.outcome)
    }

    fn case(&self, tolerances: Tolerances, baseline: Observations, run: Observations) -> Case {
        Case {
            host: String::new(),
            workload: self.name.into(),
            metric: Metric::WallTime,
            axis: Axis::TOKENS,
            unit: "s".to_owned(),
            scope: self.scope,
            tolerances,
            noise: None,
            // Stored costs are not decided by one run.
            paired: self.scope == Scope::Absolute,
            looks: Vec::new(),
            baseline: Some(baseline),
            further: Vec::new(),
            demand: Demand::Decided,
            run: Some(run),
            withheld: None,
        }
    }

    fn caught(&self, excess: f64, rounds: u32, noise: f64, runs: u64) -> u64 {
        let is_caught = |rng: &mut ChaCha8Rng| self.outcome(excess, rounds, noise, rng) == Outcome::Regressed;
        tally(&format!("power: {}", self.name), runs, SEED, is_caught).get(&true).copied().unwrap_or(0)
    }
}

pub(crate) fn section(effort: Effort) -> String {
    let (runs, target_runs) = (effort.runs(RUNS), effort.runs(TARGET_RUNS));
    let target = PLANTED[0].caught(0.01, 20, 0.01, target_runs);
    let mut text = format!(
        "## 2. Power

A change that is larger than its tolerance δ is planted in one quantity, and one workload is decided in one scope with the default
tolerances. The tables give how often that quantity is called regressed, of {runs} runs each, by what the change is beyond δ
(relative; for the share of curvature a difference). Changes within δ are not to be caught. Seed {SEED}.

At 1 % noise and 20 rounds, a slope change of δ + 1 % is caught in {} of {target_runs} runs.
",
        percent(target, target_runs)
    );
    for planted in PLANTED {
        let head: Vec<String> = EXCESSES.iter().map(|e| format!("+{} %", 100.0 * e)).collect();
        let _ = write!(
            text,
            "\n### {}\n\n| noise | rounds | {} |\n|---|---|{}\n",
            planted.name,
            head.join(" | "),
            "---|".repeat(head.len())
        );
        for noise in NOISES {
            for rounds in ROUNDS {
                let cells: Vec<String> =
                    EXCESSES.iter().map(|&e| percent(planted.caught(e, rounds, noise, runs), runs)).collect();
                let _ = writeln!(text, "| {} % | {rounds} | {} |", 100.0 * noise, cells.join(" | "));
            }
        }
    }
    text
}
