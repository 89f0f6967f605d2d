//! A simulated run of the default suite.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::Axis;
use crate::config::Tolerances;
use crate::gate::{Case, Demand, Scope};
use crate::law::Observations;
use crate::law::random::standard_normal;
use crate::law::simulate::{Noise, PIXELS, TOKENS, seeded};
use crate::metric::Metric;

/// The laws of the six workloads, in milliseconds; a regression is seeded by changing one.
pub(super) struct Suite {
    pub(super) laws: [fn(f64) -> f64; 6],
}

pub(super) const WORKLOADS: [&str; 6] =
    ["llm/prefill", "llm/decode", "llm/generate", "vlm/preprocess", "vlm/encode", "vlm/prompt"];

pub(super) const CLAMP: f64 = 200_704.0;

pub(super) const BASE: Suite = Suite {
    laws: [
        |n| 0.8 + 0.11 * n * (1.0 + 0.08 * n / 1024.0),
        |n| 1.0 + 0.0006 * n,
        |n| 16.5 + 0.12 * n * (1.0 + 0.08 * n / 1024.0),
        |p| 0.3 + 6e-6 * p,
        |p| 3.0 + 4e-4 * p.min(CLAMP) * (1.0 + 0.3 * p.min(CLAMP) / CLAMP),
        |p| 10.0 + 6e-4 * p.min(CLAMP) * (1.0 + 0.2 * p.min(CLAMP) / CLAMP) + 6e-6 * p,
    ],
};

pub(super) fn cases(
    baseline: &Suite,
    current: &Suite,
    rounds: u32,
    noise: Noise,
    seed: u64,
    scopes: &[Scope],
) -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, workload) in WORKLOADS.iter().enumerate() {
        let (axis, sizes): (Axis, &[f64]) = if i < 3 { (Axis::TOKENS, &TOKENS) } else { (Axis::PIXELS, &PIXELS) };
        let seed = seed * 1000 + 10 * i as u64;
        for &scope in scopes {
            cases.push(Case {
                host: "simulated".to_owned(),
                workload: (*workload).into(),
                metric: Metric::WallTime,
                axis: axis.clone(),
                unit: "s".to_owned(),
                scope,
                tolerances: Tolerances::default(),
                noise: None,
                paired: false,
                looks: Vec::new(),
                further: Vec::new(),
                demand: Demand::Decided,
                baseline: Some(seeded(sizes, rounds, noise, seed, |n| 1e-3 * baseline.laws[i](n))),
                run: Some(seeded(sizes, rounds, noise, seed + 1, |n| 1e-3 * current.laws[i](n))),
                withheld: None,
            });
        }
    }
    cases
}

/// The same with so many accepted runs, between which costs differ by 2 %.
pub(super) fn with_accepted(cases: Vec<Case>, runs: usize, seed: u64) -> Vec<Case> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let more = |case: Case| {
        let mut other = || {
            let met = (0.02 * standard_normal(&mut rng)).exp();
            let points = case.baseline.iter().flat_map(Observations::points);
            Observations::new(points.map(|(n, round, cost)| (n, round, met * cost))).unwrap()
        };
        Case { further: (1..runs).map(|_| other()).collect(), ..case }
    };
    cases.into_iter().map(more).collect()
}
