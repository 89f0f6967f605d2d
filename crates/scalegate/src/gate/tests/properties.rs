//! Properties that hold for any run.

use proptest::prelude::*;

use super::suite::{BASE, Suite, cases};
use crate::gate::{Case, Policy, Scope, Verdict, decide};
use crate::law::Observations;
use crate::law::simulate::Noise;

fn map(side: Option<&Observations>, f: impl Fn(f64, u32, f64) -> (f64, u32, f64)) -> Option<Observations> {
    side.map(|o| Observations::new(o.points().map(|(n, r, cost)| f(n, r, cost))).unwrap())
}

fn some_cases() -> impl Strategy<Value = Vec<Case>> {
    (2_u32..10, 0.0..0.05, 0_u64..1000, any::<bool>()).prop_map(|(rounds, sd, seed, faulty)| {
        let mut run = Suite { laws: BASE.laws };
        if faulty {
            run.laws[1] = |n| 0.8 + 0.11 * n;
            run.laws[4] = |p| 3.0 + 4e-4 * p;
        }
        cases(&BASE, &run, rounds, Noise::laptop(sd), seed, &[Scope::Shape, Scope::Absolute])
    })
}

fn verdict(cases: &[Case]) -> Verdict {
    decide(cases, &Policy { resamples: 99, ..Policy::default() }).verdict
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn scaling_all_costs_leaves_the_verdict(cases in some_cases(), factor in 1e-6..1e6) {
        let scaled: Vec<Case> = cases.iter().cloned().map(|case| {
            let scale = |n, r, cost| (n, r, factor * cost);
            Case { baseline: map(case.baseline.as_ref(), scale), run: map(case.run.as_ref(), scale), ..case }
        }).collect();
        prop_assert_eq!(verdict(&cases), verdict(&scaled));
    }

    #[test]
    fn scaling_the_run_leaves_the_verdict_on_shapes(cases in some_cases(), factor in 0.01..100.0) {
        let shapes: Vec<Case> = cases.into_iter().filter(|case| case.scope == Scope::Shape).collect();
        let scaled: Vec<Case> = shapes.iter().cloned().map(|case| {
            Case { run: map(case.run.as_ref(), |n, r, cost| (n, r, factor * cost)), ..case }
        }).collect();
        prop_assert_eq!(verdict(&shapes), verdict(&scaled));
    }

    #[test]
    fn permuting_rounds_leaves_the_verdict(cases in some_cases()) {
        let reversed: Vec<Case> = cases.iter().cloned().map(|case| {
            Case { run: map(case.run.as_ref(), |n, r, cost| (n, 100 - r, cost)), ..case }
        }).collect();
        prop_assert_eq!(verdict(&cases), verdict(&reversed));
    }

    #[test]
    fn a_run_compared_with_itself_raises_no_alarm(cases in some_cases()) {
        let same: Vec<Case> = cases.into_iter().map(|case| Case { run: case.baseline.clone(), ..case }).collect();
        prop_assert!(matches!(verdict(&same), Verdict::Pass | Verdict::Inconclusive));
    }

    #[test]
    fn numbers_of_findings_are_finite(cases in some_cases()) {
        for finding in decide(&cases, &Policy { resamples: 99, ..Policy::default() }).findings {
            let change = finding.change.iter().flat_map(|change| [change.estimate, change.lower, change.upper]);
            let mut numbers = change.chain(finding.baseline).chain(finding.run).chain(finding.confidence);
            prop_assert!(numbers.all(f64::is_finite), "{:?}", finding);
        }
    }
}
