//! The terms of a law, and how a cost that is a sum of parts has them.
//!
//! All parts are fitted by one linear least squares problem: the same sizes, functions of size and weights. Its solution is linear in
//! the costs, so that the terms of the parts add up to the terms of their sum, whatever the parts look like one by one.

use serde::Serialize;

use super::curve::n_ln_n;
use super::incremental_qr::ols;

/// A term of a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// The same at every size.
    Constant,
    /// In proportion to the size, or up to the breakpoint.
    Slope,
    /// In proportion to n·ln n.
    Linearithmic,
    /// With the square of the size, or up to the breakpoint.
    Curvature,
    /// Above the breakpoint.
    SlopeAbove,
}

/// What one term explains of a change, to be named alone.
const ALONE: f64 = 0.98;

/// A change grows by less than the cube of the size from one size to the next, unless it begins between them.
const BEGINS: i32 = 3;

/// What is there before a change begins, as a part of what it would have grown from by the cube.
const BEFORE: f64 = 0.1;

/// A change of less than this part of a cost is none.
const NONE: f64 = 1e-3;

/// The largest size up to which next to nothing changed, if the change begins above one: a step, or a line that leaves little below it, and
/// no power of size. `changes` are relative to the costs at ascending `sizes`.
pub fn begins_above(sizes: &[f64], changes: &[f64]) -> Option<f64> {
    let mut before = 0.0_f64;
    for (sizes, changes) in sizes.windows(2).zip(changes.windows(2)) {
        before = before.max(changes[0].abs());
        let after = changes[1].abs();
        if after >= NONE && before < BEFORE * after * (sizes[0] / sizes[1]).powi(BEGINS) {
            return Some(sizes[0]);
        }
    }
    None
}

/// The functions of size that costs are taken apart by.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    sizes: Vec<f64>,
    /// One over the costs that changes count relative to.
    weights: Vec<f64>,
    breakpoint: Option<f64>,
}

impl Terms {
    /// Terms at ascending `sizes`; a residual counts relative to `costs` there. `None` if these are too few for a parabola, or for a
    /// line above the breakpoint.
    pub fn new(sizes: &[f64], costs: &[f64], breakpoint: Option<f64>) -> Option<Self> {
        let weights: Vec<f64> = costs.iter().map(|cost| cost.recip()).collect();
        let terms = Self { sizes: sizes.to_vec(), weights, breakpoint };
        let is_sound = sizes.len() == costs.len() && terms.weights.iter().all(|weight| weight.is_finite());
        (is_sound && sizes.len() > 3 && terms.of(costs).is_some()).then_some(terms)
    }

    /// The terms of a part, each with what it is of the cost at the largest size. They add up to the terms of the sum of all parts.
    pub fn of(&self, costs: &[f64]) -> Option<Vec<(Term, f64)>> {
        match self.breakpoint {
            None => {
                let rows = self.rows(costs, |n| [1.0, self.term(Term::Slope, n), self.term(Term::Curvature, n)]);
                let [constant, slope, curvature] = ols(rows)?.estimates;
                Some(vec![(Term::Constant, constant), (Term::Slope, slope), (Term::Curvature, curvature)])
            }
            Some(_) => {
                let row =
                    |n| [1.0, self.term(Term::Slope, n), self.term(Term::Curvature, n), self.term(Term::SlopeAbove, n)];
                let [constant, slope, curvature, above] = ols(self.rows(costs, row))?.estimates;
                let terms = [Term::Constant, Term::Slope, Term::Curvature, Term::SlopeAbove];
                Some(terms.into_iter().zip([constant, slope, curvature, above]).collect())
            }
        }
    }

    /// The term that a change is: the one that explains nearly all of it alone, else the one with the largest part of it at the largest
    /// size.
    pub fn of_change(&self, change: &[f64]) -> Option<Term> {
        let square: f64 = change.iter().zip(&self.weights).map(|(change, w)| (change * w).powi(2)).sum();
        if square.is_nan() || square <= 0.0 {
            return None;
        }
        let candidates: &[Term] = match self.breakpoint {
            None => &[Term::Constant, Term::Slope, Term::Linearithmic, Term::Curvature],
            Some(_) => &[Term::Constant, Term::Slope, Term::Curvature, Term::SlopeAbove],
        };
        let explained = |term: Term| {
            let alone = ols(self.rows(change, |n| [self.term(term, n)]));
            (term, alone.map_or(0.0, |fit| 1.0 - fit.rss / square))
        };
        let best = candidates.iter().map(|term| explained(*term)).max_by(|a, b| a.1.total_cmp(&b.1))?;
        if best.1 >= ALONE {
            return Some(best.0);
        }
        self.of(change)?.into_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).map(|(term, _)| term)
    }

    /// A term's function of size, which is 1 at the largest size.
    fn term(&self, term: Term, n: f64) -> f64 {
        let largest = self.sizes[self.sizes.len() - 1];
        let end = self.breakpoint.unwrap_or(largest);
        let below = n.min(end) / end;
        match term {
            Term::Constant => 1.0,
            Term::Slope => below,
            Term::Linearithmic => n_ln_n(n) / n_ln_n(largest),
            Term::Curvature => below * below,
            Term::SlopeAbove => (n - end).max(0.0) / (largest - end),
        }
    }

    fn rows<'a, const P: usize>(
        &'a self,
        costs: &'a [f64],
        row: impl Fn(f64) -> [f64; P] + 'a,
    ) -> impl Iterator<Item = ([f64; P], f64)> + 'a {
        let cells = self.sizes.iter().zip(&self.weights).zip(costs);
        cells.map(move |((n, w), cost)| (row(*n).map(|value| value * w), cost * w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Cost = fn(f64) -> f64;

    const SIZES: [f64; 6] = [100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0];

    fn costs(cost: impl Fn(f64) -> f64) -> Vec<f64> {
        SIZES.map(cost).to_vec()
    }

    fn terms(breakpoint: Option<f64>) -> Terms {
        Terms::new(&SIZES, &costs(|n| 1e4 + 50.0 * n + 0.3 * n * n), breakpoint).unwrap()
    }

    #[test]
    fn a_change_of_one_term_is_that_term() {
        let terms = terms(None);
        let changes: [(Term, Cost); 5] = [
            (Term::Constant, |_| 500.0),
            (Term::Slope, |n| 3.0 * n),
            (Term::Slope, |n| -3.0 * n + (n / 97.0).sin()),
            (Term::Linearithmic, |n| 2.0 * n * n.ln()),
            (Term::Curvature, |n| 0.01 * n * n),
        ];
        for (term, change) in changes {
            assert_eq!(terms.of_change(&costs(change)), Some(term));
        }
        assert_eq!(terms.of_change(&[0.0; 6]), None);
        let knee = self::terms(Some(800.0));
        assert_eq!(knee.of_change(&costs(|n| (n - 800.0).max(0.0))), Some(Term::SlopeAbove));
        assert_eq!(knee.of_change(&costs(|n| 7.0 * n.min(800.0))), Some(Term::Slope));
    }

    #[test]
    fn a_change_that_begins_above_a_size_is_told_from_one_that_grows() {
        let begins = |change: Cost| begins_above(&SIZES, &costs(change));
        assert_eq!(begins(|n| if n > 400.0 { 0.2 } else { 0.0 }), Some(400.0));
        assert_eq!(begins(|n| 1e-5 + 1e-4 * (n - 800.0).max(0.0)), Some(800.0));
        // Little is there at every size, as a copy of what is then done twice above one.
        assert_eq!(begins(|n| 3e-3 + if n > 400.0 { 0.3 } else { 0.0 }), Some(400.0));
        for grows in [|_| 0.0, |_| 0.1, |n| 1e-5 * n, |n| 1e-8 * n * n, |n| 1e-11 * n * n * n] as [Cost; 5] {
            assert_eq!(begins(grows), None);
        }
    }

    #[test]
    fn terms_of_parts_add_up_to_those_of_their_sum() {
        for breakpoint in [None, Some(800.0)] {
            let terms = terms(breakpoint);
            let parts = [costs(f64::sqrt), costs(|n| 1e3 / n), costs(|n| n * n + (n / 3.0).sin())];
            let sum: Vec<f64> = (0..SIZES.len()).map(|at| parts.iter().map(|part| part[at]).sum()).collect();
            let of_parts: Vec<_> = parts.iter().map(|part| terms.of(part).unwrap()).collect();
            for (at, (term, whole)) in terms.of(&sum).unwrap().into_iter().enumerate() {
                let added: f64 = of_parts.iter().map(|part| part[at].1).sum();
                assert!((added - whole).abs() < 1e-6 * whole.abs().max(1.0), "{term:?}: {added} {whole}");
            }
        }
    }

    #[test]
    fn too_few_sizes_have_no_terms() {
        assert_eq!(Terms::new(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], None), None);
        assert_eq!(Terms::new(&SIZES, &[0.0; 6], None), None);
        assert_eq!(Terms::new(&SIZES, &costs(|n| n), Some(3200.0)), None);
    }
}
