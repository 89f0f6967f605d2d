//! Section 4: coverage of the intervals, and classes that the data don't call for.

use std::fmt::Write;

use rand_chacha::ChaCha8Rng;
use scalegate::law::random::standard_normal;
use scalegate::law::simulate::{Family, Noise, PIXELS, TOKENS, run};
use scalegate::law::{Class, FitOptions, fit};

use crate::effort::{Effort, percent, tally};

const RUNS: u64 = 10_000;
const ROUNDS: u32 = 10;
const SEED: u64 = 4;
const NOISE: f64 = 0.02;

/// A law whose numbers are known.
#[derive(Debug, Clone, Copy)]
struct Truth {
    name: &'static str,
    class: Class,
    sizes: &'static [f64],
    law: fn(f64) -> f64,
    numbers: &'static [(&'static str, f64)],
}

const LINE: Truth = Truth {
    name: "line",
    class: Class::Linear,
    sizes: &TOKENS,
    law: |n| 5.0 + 0.1 * n,
    numbers: &[("slope", 0.1), ("intercept", 5.0)],
};
const KNEE: Truth = Truth {
    name: "knee",
    class: Class::Knee,
    sizes: &PIXELS,
    law: |p| 1e4 + p.min(2e5) + 0.01 * p,
    numbers: &[("slope", 1.01), ("breakpoint", 2e5), ("level", 2.12e5)],
};

/// A law and the class that it is to be given, or not to be given.
struct Claim {
    name: &'static str,
    sizes: &'static [f64],
    law: fn(f64) -> f64,
    rounds: u32,
    noise: f64,
    /// How far the cost of each size is from the law in all rounds, as a standard deviation: the steps of tiles and patches.
    steps: f64,
    /// What is counted.
    counted: &'static str,
    counts: fn(Class) -> bool,
    target: &'static str,
}

const fn constant(rounds: u32) -> Claim {
    Claim {
        name: "constant",
        sizes: &TOKENS,
        law: |_| 5.0,
        rounds,
        noise: 0.05,
        steps: 0.0,
        counted: "anything but constant",
        counts: |class| class != Class::Constant,
        target: "0",
    }
}

const fn line(sizes: &'static [f64], law: fn(f64) -> f64, rounds: u32, noise: f64) -> Claim {
    Claim {
        name: "line",
        sizes,
        law,
        rounds,
        noise,
        steps: 0.0,
        counted: "a knee",
        counts: |class| matches!(class, Class::Knee),
        target: "≤ 1 %",
    }
}

const fn stepped(name: &'static str, steps: f64) -> Claim {
    Claim {
        name,
        sizes: &TOKENS,
        law: |n| 5.0 + 0.1 * n,
        rounds: 10,
        noise: 0.01,
        steps,
        counted: "anything but linear",
        counts: |class| class != Class::Linear,
        target: "–",
    }
}

const CLAIMS: [Claim; 12] = [
    constant(1),
    constant(10),
    line(&TOKENS, |n| 5.0 + 0.1 * n, 1, 0.1),
    line(&TOKENS, |n| 5.0 + 0.1 * n, 10, 0.1),
    line(&PIXELS, |p| 1e5 + p, 1, 0.1),
    line(&PIXELS, |p| 1e5 + p, 10, 0.1),
    line(&PIXELS, |p| 1e5 + p, 10, 0.05),
    line(&PIXELS, |p| 1e5 + p, 10, 0.01),
    stepped("line", 0.0),
    stepped("line whose sizes are 0.3 % off, each its own way", 0.003),
    stepped("line whose sizes are 0.6 % off, each its own way", 0.006),
    Claim {
        name: "2 % of curvature at the largest size",
        sizes: &TOKENS,
        law: |n| 0.5 + 0.1 * n + 0.02 / 0.98 * 102.9 * (n / 1024.0) * (n / 1024.0),
        rounds: 10,
        noise: 0.01,
        steps: 0.0,
        counted: "quadratic",
        counts: |class| matches!(class, Class::Quadratic),
        target: "≥ 95 %",
    },
];

pub(crate) fn section(effort: Effort) -> String {
    let runs = effort.runs(RUNS);
    let mut text = format!(
        "## 4. Intervals and classes

### Coverage of the 95 % intervals

{runs} runs of {ROUNDS} rounds each. Noise of {} % per size and of as much per round, both of the family named; heteroscedastic noise is four
times as wide at the largest size as at the smallest. Of runs that were given another class there is no interval to count.
Seed {SEED}.

| law | noise | of this class | {} |
|---|---|---|---|
",
        100.0 * NOISE,
        "covered",
    );
    for truth in [LINE, KNEE] {
        for family in Family::ALL {
            let _ = writeln!(text, "{}", covered(&truth, family, runs));
        }
    }
    let _ = write!(
        text,
        "
### Classes

{runs} runs each with normal noise. The test behind a knee has a size of 0.5 %. Seed {SEED}.

| law | sizes | noise | rounds | called | runs | | wanted |
|---|---|---|---|---|---|---|---|
"
    );
    for claim in &CLAIMS {
        let hits = tally(&format!("classes: {}", claim.name), runs, SEED, |rng| {
            let steps: Vec<f64> = claim.sizes.iter().map(|_| (claim.steps * standard_normal(rng)).exp()).collect();
            let step = |n: f64| claim.sizes.iter().position(|&size| size == n).map_or(1.0, |index| steps[index]);
            let law = |n: f64| (claim.law)(n) * step(n);
            let observations = run(claim.sizes, claim.rounds, Noise::cells(claim.noise), rng, law);
            fit(&observations, &options()).is_ok_and(|fit| (claim.counts)(fit.class))
        });
        let hits = hits.get(&true).copied().unwrap_or(0);
        let _ = writeln!(
            text,
            "| {} | {} | {} % | {} | {} | {hits} | {} | {} |",
            claim.name,
            claim.sizes.len(),
            100.0 * claim.noise,
            claim.rounds,
            claim.counted,
            percent(hits, runs),
            claim.target
        );
    }
    text
}

fn options() -> FitOptions {
    FitOptions::default()
}

fn covered(truth: &Truth, family: Family, runs: u64) -> String {
    let noise = Noise { family, round: NOISE, ..Noise::cells(NOISE) };
    let label = format!("coverage: {}, {}", truth.name, family.name());
    let hits = tally(&label, runs, SEED, |rng: &mut ChaCha8Rng| -> Option<Vec<bool>> {
        let fit = fit(&run(truth.sizes, ROUNDS, noise, rng, truth.law), &options()).ok()?;
        // A knee that was found to be curved below has another slope.
        if fit.class != truth.class || (truth.class == Class::Knee && fit.parameter("curvature").is_some()) {
            return None;
        }
        truth.numbers.iter().map(|(name, v)| fit.parameter(name).map(|i| i.lower <= *v && *v <= i.upper)).collect()
    });
    let counted: u64 = hits.iter().filter(|(found, _)| found.is_some()).map(|(_, n)| n).sum();
    let rates = truth.numbers.iter().enumerate().map(|(j, (name, _))| {
        let of = |found: &Option<Vec<bool>>| found.as_ref().is_some_and(|found| found[j]);
        let n = hits.iter().filter(|(found, _)| of(found)).map(|(_, n)| n).sum();
        format!("{name} {}", percent(n, counted))
    });
    format!(
        "| {} | {} | {} | {} |",
        truth.name,
        family.name(),
        percent(counted, runs),
        rates.collect::<Vec<_>>().join(", ")
    )
}
