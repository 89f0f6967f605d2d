//! Times of parts, taken of both sides in turns, become operators and their changes.
//!
//! Clocks between parts cost something, and a few pairs are taken of a process of each side: this tells where time went, and decides
//! nothing.

use std::collections::BTreeMap;

use super::Explanation;
use super::explain::explain_beyond;
use crate::law::t_quantile;
use crate::measure::{FunctionCount, Profile};
use crate::workload::Parts;

/// The confidence of the interval of a change.
const CONFIDENCE: f64 = 0.95;

/// Fewer pairs of a size have no interval.
const MIN_PAIRS: usize = 3;

/// What one side took in a pair of a size, for an inference.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timed {
    /// With clocks between parts, in seconds.
    pub seconds: f64,
    /// Without them.
    pub plain_s: f64,
    /// The parts.
    pub parts: Parts,
}

/// Wall time of a workload on two sides, by operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Operators {
    /// Operators in the place of functions, nanoseconds in the place of instructions; what is executed *through* an operator are its
    /// nodes. The rest is between and around the parts.
    pub explanation: Explanation,
    /// By how much the relative change of the whole may be off, at each size (95 %).
    pub errors: Vec<f64>,
    /// The relative cost of the clocks, at the size where it is the largest.
    pub overhead: f64,
    /// Pairs of the size that has fewest of them.
    pub pairs: usize,
}

impl Operators {
    /// The operators by the pairs of base and head of each size; `None` if too few were taken, or nothing has parts.
    pub fn new(pairs: &BTreeMap<u64, Vec<[Timed; 2]>>) -> Option<Self> {
        let fewest = pairs.values().map(Vec::len).min()?;
        if fewest < 2 * MIN_PAIRS - 1 {
            return None;
        }
        let undisturbed: BTreeMap<u64, Vec<&[Timed; 2]>> =
            pairs.iter().map(|(size, all)| (*size, undisturbed(all))).collect();
        let errors: BTreeMap<u64, f64> = undisturbed.iter().map(|(size, all)| (*size, error(all))).collect();
        let [base, head] = [0, 1].map(|side| -> BTreeMap<u64, Profile> {
            undisturbed.iter().map(|(size, all)| (*size, profile(all, side))).collect()
        });
        if base.values().chain(head.values()).any(|profile| profile.functions.is_empty()) {
            return None;
        }
        let mut explanation = explain_beyond(&base, &head, &errors).ok()?;
        let at = explanation.sizes[explanation.at];
        let nodes = [0, 1].map(|side| nodes(&undisturbed[&at], side));
        for part in &mut explanation.parts {
            let name = part.name.clone();
            let of = |side: usize| nodes[side].iter().filter(|((operator, _), _)| **operator == *name);
            let mut changes: BTreeMap<&str, f64> = BTreeMap::new();
            for (side, sign) in [(0, -1.0), (1, 1.0)] {
                for ((_, node), nanoseconds) in of(side) {
                    *changes.entry(node).or_default() += sign * nanoseconds;
                }
            }
            part.through = changes.into_iter().map(|(node, change)| (node.to_owned(), change)).collect();
            part.through.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        }
        let overhead = undisturbed.values().map(|all| overhead(all)).fold(f64::NEG_INFINITY, f64::max);
        Some(Self { explanation, errors: errors.into_values().collect(), overhead, pairs: fewest })
    }

    /// Whether the whole changed by more than its error, where it changed most beyond it.
    pub fn is_changed(&self) -> bool {
        let at = self.explanation.at;
        self.explanation.changes()[at].abs() > self.errors[at]
    }
}

/// The faster half of the pairs, by what both sides took together: the mean of these is not disturbed, and means of parts add up to the
/// mean of the whole.
fn undisturbed(all: &[[Timed; 2]]) -> Vec<&[Timed; 2]> {
    let both = |pair: &[Timed; 2]| pair[0].seconds + pair[1].seconds;
    let mut order: Vec<&[Timed; 2]> = all.iter().collect();
    order.sort_by(|a, b| both(a).total_cmp(&both(b)));
    order.truncate(all.len().div_ceil(2));
    order
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// Half of the width of Student's interval of the mean ratio.
fn error(pairs: &[&[Timed; 2]]) -> f64 {
    let ratio = |pair: &&[Timed; 2]| pair[1].seconds / pair[0].seconds;
    let centre = mean(pairs.iter().map(ratio));
    let freedom = pairs.len() as f64 - 1.0;
    let variance = pairs.iter().map(|pair| (ratio(pair) - centre).powi(2)).sum::<f64>() / freedom;
    t_quantile(CONFIDENCE, freedom) * (variance / pairs.len() as f64).sqrt()
}

/// What clocks cost, relative to an inference without them.
fn overhead(pairs: &[&[Timed; 2]]) -> f64 {
    let sides = || pairs.iter().flat_map(|pair| pair.iter());
    sides().map(|side| side.seconds).sum::<f64>() / sides().map(|side| side.plain_s).sum::<f64>() - 1.0
}

/// Mean nanoseconds of one side by operator and node.
fn nodes<'a>(pairs: &[&'a [Timed; 2]], side: usize) -> BTreeMap<(&'a str, &'a str), f64> {
    let mut sums = BTreeMap::new();
    for part in pairs.iter().flat_map(|pair| &pair[side].parts.list) {
        *sums.entry((&*part.operator, &*part.name)).or_default() += 1e9 * part.seconds / pairs.len() as f64;
    }
    sums
}

/// Operators in the place of functions.
fn profile(pairs: &[&[Timed; 2]], side: usize) -> Profile {
    let mut functions: BTreeMap<String, FunctionCount> = BTreeMap::new();
    for ((operator, _), nanoseconds) in nodes(pairs, side) {
        functions.entry(operator.to_owned()).or_default().own += nanoseconds.round() as u64;
    }
    let total = mean(pairs.iter().map(|pair| 1e9 * pair[side].seconds)).round() as u64;
    Profile { total, functions, calls: BTreeMap::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Term;
    use crate::workload::PartTime;

    const SIZES: [u64; 5] = [100, 200, 400, 800, 1600];

    /// A side with two products and a softmax; `slower` is what a product takes longer, by size.
    fn timed(n: f64, slower: f64, noise: f64) -> Timed {
        let part = |name: &str, operator: &str, seconds: f64| PartTime {
            name: name.into(),
            operator: operator.into(),
            form: String::new(),
            runs: 1,
            seconds: seconds * noise,
        };
        let list = vec![
            part("q", "EinSum", 1e-6 * n),
            part("k", "EinSum", 1e-6 * n + slower),
            part("softmax", "Softmax", 1e-9 * n * n),
        ];
        let seconds = list.iter().map(|it| it.seconds).sum::<f64>() + 2e-5;
        Timed { seconds, plain_s: seconds / 1.02, parts: Parts { list, ..Parts::default() } }
    }

    fn pairs(slower: impl Fn(f64) -> f64) -> BTreeMap<u64, Vec<[Timed; 2]>> {
        let of = |n: u64| {
            // The machine is slower for both in some pairs, and a fifth is spoilt on one side.
            let of = |pair: usize| {
                let drift = 1.0 + 0.1 * (pair as f64).sin();
                let spike = if pair % 5 == 4 { 3.0 } else { 1.0 };
                let wobble = 1.0 + 0.002 * (7.0 * pair as f64 + n as f64).sin();
                [timed(n as f64, 0.0, drift * spike), timed(n as f64, slower(n as f64), drift * wobble)]
            };
            (0..10).map(of).collect()
        };
        SIZES.map(|n| (n, of(n))).into()
    }

    #[test]
    fn the_operator_that_became_slower_is_first_with_its_node_and_term() {
        let operators = Operators::new(&pairs(|n| 0.5e-6 * n)).unwrap();
        assert!(operators.is_changed(), "{operators:?}");
        let first = &operators.explanation.parts[0];
        assert_eq!((&*first.name, first.term, &*first.through[0].0), ("EinSum", Some(Term::Slope), "k"));
        assert!((operators.explanation.share(first) - 1.0).abs() < 0.05, "{}", operators.explanation.share(first));
        assert!((operators.overhead - 0.02).abs() < 1e-9, "{}", operators.overhead);
        assert!(operators.explanation.imbalance() < 1e-9);
        // Around the parts: 20 µs, which no part has.
        assert!((operators.explanation.rest.head[0] / 2e4 - 1.0).abs() < 0.01, "{:?}", operators.explanation.rest);
    }

    #[test]
    fn what_differs_by_less_than_its_error_is_no_change() {
        assert!(!Operators::new(&pairs(|_| 0.0)).unwrap().is_changed());
    }

    #[test]
    fn too_few_pairs_or_none_with_parts_tell_nothing() {
        let mut few = pairs(|_| 0.0);
        few.get_mut(&100).unwrap().truncate(4);
        assert_eq!(Operators::new(&few), None);
        let mut none = pairs(|_| 0.0);
        none.values_mut().flatten().flatten().for_each(|its| its.parts.list.clear());
        assert_eq!(Operators::new(&none), None);
        assert_eq!(Operators::new(&BTreeMap::new()), None);
    }
}
