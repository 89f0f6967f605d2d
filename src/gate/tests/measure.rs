//! Tables of verdicts, printed on request: `cargo test --release -- --ignored --nocapture verdicts`.
#![expect(clippy::print_stdout, reason = "tables are what these tests are for")]

use std::collections::BTreeMap;
use std::time::Instant;

use super::suite::{BASE, cases};
use crate::gate::{Outcome, Policy, Scope, decide};
use crate::law::simulate::laptop;

#[test]
#[ignore = "prints a table"]
fn verdicts_of_unchanged_suites() {
    let (mut n, mut alarms) = (0, 0);
    for scope in [Scope::Shape, Scope::Absolute] {
        for rounds in [5, 8, 10, 20] {
            for sd in [0.01, 0.02, 0.03, 0.05] {
                let (mut verdicts, mut undecided) = (BTreeMap::new(), BTreeMap::new());
                for seed in 0..200 {
                    let report = decide(&cases(&BASE, &BASE, rounds, laptop(sd), seed, &[scope]), &Policy::default());
                    *verdicts.entry(report.verdict.to_string()).or_insert(0) += 1;
                    n += 1;
                    for f in report.findings.iter().filter(|f| f.outcome != Outcome::Pass) {
                        alarms += u32::from(f.outcome != Outcome::Inconclusive);
                        *undecided.entry(format!("{} {:?}", f.workload, f.quantity)).or_insert(0) += 1;
                    }
                }
                println!("{scope:?}, {rounds} rounds, {sd}: {verdicts:?}");
                if rounds == 8 && scope == Scope::Shape {
                    println!("    undecided: {undecided:?}");
                }
            }
        }
    }
    println!("{alarms} false alarms in {n} suites");
}

#[test]
#[ignore = "prints words"]
fn words_of_a_faulty_suite() {
    let mut faulty = BASE;
    faulty.laws[1] = |n| 1.0 + 0.11 * n;
    faulty.laws[4] = |p| 3.0 + 4e-4 * p.min(401_408.0) * (1.0 + 0.3 * p.min(401_408.0) / 200_704.0);
    faulty.laws[5] = |p| 10.0 + 6e-4 * p;
    let cases = cases(&BASE, &faulty, 8, laptop(0.03), 1, &[Scope::Shape, Scope::Absolute]);
    let start = Instant::now();
    let report = decide(&cases, &Policy::default());
    println!("{} in {:.3} s", report.verdict, start.elapsed().as_secs_f64());
    for f in report.findings {
        println!("{:12} {} {:?}: {}", f.outcome, f.workload, f.quantity, f.words);
    }
}
