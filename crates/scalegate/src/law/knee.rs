//! The breakpoint of a knee by an exact global search.
//!
//! For a breakpoint k between two sizes the points to its left determine the law below, those to its right the line
//! above, and continuity is one equation. With the fits of both sides made apart, the least residual sum of squares
//! given k is
//!
//! ```text
//! S(k) = S_left + S_right + (m_left(k) − m_right(k))² / (v_left(k) + v_right(k))
//! ```
//!
//! with m the prediction of a side at k and v its variance. Where the two sides meet between the sizes, that segment is
//! solved in closed form (Hudson, *Fitting segmented curves whose join points have to be estimated*, JASA 61, 1966).
//! Where they don't, a line has its least value at an end of the segment (the numerator of S′ is linear apart from the
//! root of `m_left − m_right`, and that stationary point is the maximum); a parabola may have one inside, which a bracketed
//! search finds. Each segment is solved, so that the best of them is the global optimum.

use super::curve::Curve;
use super::form::Points;
use super::incremental_qr::{IncrementalQr, Prediction};

/// Points that the line above needs to its right, beyond the breakpoint or at it.
pub(crate) const MIN_ABOVE: usize = 2;

/// Probes inside a segment before the bracketed search. S′ has at most four roots there besides those of
/// `m_left − m_right`, so that the probes needn't be many.
const PROBES: usize = 8;

/// Steps of bisection and of the golden section, each of which shrinks the bracket by 0.618 at the least: to the last digit…
pub(crate) const EXACT: usize = 70;
/// …or to 1e-5 of the bracket. A residual sum of squares is then right to 1e-9 of what the search gains on its start,
/// since it is flat at its minimum.
pub(crate) const ROUGH: usize = 24;

/// Where a search found the breakpoint (in units of the points), with the residual sum of squares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KneeSearch {
    pub(crate) breakpoint: f64,
    pub(crate) rss: f64,
    /// Whether the law is flat above the breakpoint, because a free slope would be negative.
    pub(crate) plateau: bool,
}

/// The best breakpoint with a polynomial of P coefficients below (2: a line, 3: a parabola).
///
/// The constraint `slope_above ≥ 0` is met by searching twice, with a free slope and with none: if the best law with a
/// free slope falls, the best one that doesn't is flat or another segment's. `steps` are [`EXACT`] or [`ROUGH`].
/// `None` when there are too few points for both sides.
pub(crate) fn search<const P: usize>(points: &Points, steps: usize) -> Option<KneeSearch> {
    let n = points.len();
    if n < P + MIN_ABOVE {
        return None;
    }
    let rows = || points.x.iter().zip(points.w).zip(&points.y);
    let mut below = Vec::with_capacity(n);
    let mut left = IncrementalQr::<f64, P>::new();
    for ((&x, &w), &y) in rows() {
        left.push(powers::<P>(x).map(|v| v * w), y * w);
        below.push(left);
    }
    let mut sloped = Vec::with_capacity(n);
    let mut flat = Vec::with_capacity(n);
    let (mut right, mut plateau) = (IncrementalQr::<f64, 2>::new(), IncrementalQr::<f64, 1>::new());
    for ((&x, &w), &y) in rows().rev() {
        right.push([w, (x - 1.0) * w], y * w);
        plateau.push([w], y * w);
        sloped.push(right);
        flat.push(plateau);
    }
    // The most promising segment first: its best breakpoint then rules out most of the others unseen.
    let mut segments: Vec<(f64, usize, bool)> = (P - 1..n - MIN_ABOVE)
        .flat_map(|last_below| {
            let (left, above) = (below[last_below].rss, n - 2 - last_below);
            [(left + sloped[above].rss, last_below, false), (left + flat[above].rss, last_below, true)]
        })
        .collect();
    segments.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best: Option<KneeSearch> = None;
    for (bound, last_below, is_plateau) in segments {
        let left = &below[last_below];
        let (right, plateau) = (&sloped[n - 2 - last_below], &flat[n - 2 - last_below]);
        let ends = (points.x[last_below], points.x[last_below + 1]);
        let segment = Segment { plateau: is_plateau, bound, ends, steps };
        if is_plateau {
            segment.improve(&mut best, |k| {
                let (below, above) = (left.predict(powers(k)), plateau.predict([1.0]));
                Join { gap: below.mean - above.mean, excess: excess(below, above), feasible: true }
            });
        } else {
            let slope = right.solve()[1];
            segment.improve(&mut best, |k| {
                let row = [1.0, k - 1.0];
                let (below, above) = (left.predict(powers(k)), right.predict(row));
                // Drawing the line to the joint value at k turns it by the covariance of slope and value.
                let turn =
                    (below.mean - above.mean) / (below.variance + above.variance) * right.covariance_of_slope(row);
                Join { gap: below.mean - above.mean, excess: excess(below, above), feasible: slope + turn >= 0.0 }
            });
        }
    }
    best
}

/// The law with its breakpoint where `search` found it.
pub(crate) fn law<const P: usize>(points: &Points, found: &KneeSearch) -> Option<(Curve, f64)> {
    let k = found.breakpoint;
    // Columns of zeros are left out.
    let row = |x: f64| {
        let (below, above) = (x.min(k), (x - k).max(0.0));
        [1.0, below, if P > 2 { below.powi(2) } else { 0.0 }, if found.plateau { 0.0 } else { above }]
    };
    let ([intercept, slope, curvature, slope_above], rss) = points.coefficients(row)?;
    let curve = Curve::Knee { intercept, slope, curvature, breakpoint: k, slope_above: slope_above.max(0.0) };
    Some((curve.in_units(points.x_max, 1.0), rss))
}

/// The two sides of a segment brought together at one k.
struct Join {
    /// Left minus right prediction: the sides meet where it is zero.
    gap: f64,
    /// What continuity at k adds to the residual sum of squares of the two sides.
    excess: f64,
    feasible: bool,
}

fn excess(left: Prediction<f64>, right: Prediction<f64>) -> f64 {
    (left.mean - right.mean).powi(2) / (left.variance + right.variance)
}

/// The breakpoints between two sizes, with one kind of law above them.
struct Segment {
    plateau: bool,
    /// The residual sum of squares of the two sides, which no breakpoint of the segment can beat.
    bound: f64,
    ends: (f64, f64),
    steps: usize,
}

impl Segment {
    /// Keeps the best breakpoint of the segment if it beats `best`.
    fn improve(&self, best: &mut Option<KneeSearch>, at: impl Fn(f64) -> Join) {
        let Self { plateau, bound, ends: (from, to), steps } = *self;
        if best.is_some_and(|b| b.rss <= bound) {
            return;
        }
        let mut consider = |k: f64| {
            let join = at(k);
            let rss = bound + join.excess;
            if join.feasible && rss.is_finite() && best.is_none_or(|b| rss < b.rss) {
                *best = Some(KneeSearch { breakpoint: k, rss, plateau });
            }
        };
        consider(from);
        consider(to);
        let probe = |i: usize| from + (to - from) * i as f64 / PROBES as f64;
        let joins: Vec<Join> = (0..=PROBES).map(|i| at(probe(i))).collect();
        for i in 0..PROBES {
            if joins[i].gap * joins[i + 1].gap < 0.0 {
                consider(bisect(probe(i), probe(i + 1), steps, |k| at(k).gap));
            }
        }
        // The valley may lie between an end and the probe next to it.
        for i in 0..=PROBES {
            let (before, after) = (i.saturating_sub(1), (i + 1).min(PROBES));
            if joins[i].excess <= joins[before].excess && joins[i].excess <= joins[after].excess {
                consider(golden(probe(before), probe(after), steps, |k| at(k).excess));
            }
        }
    }
}

fn powers<const P: usize>(x: f64) -> [f64; P] {
    std::array::from_fn(|power| x.powi(power as i32))
}

fn bisect(mut from: f64, mut to: f64, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
    let sign = f(from).signum();
    for _ in 0..steps {
        let middle = 0.5 * (from + to);
        if f(middle).signum() == sign { from = middle } else { to = middle }
    }
    0.5 * (from + to)
}

/// The minimum of a function with one valley between `from` and `to`.
pub(crate) fn golden(mut from: f64, mut to: f64, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (to - RATIO * (to - from), from + RATIO * (to - from));
    let (mut fa, mut fb) = (f(a), f(b));
    for _ in 0..steps {
        if fa <= fb {
            (to, b, fb) = (b, a, fa);
            a = to - RATIO * (to - from);
            fa = f(a);
        } else {
            (from, a, fa) = (a, b, fb);
            b = from + RATIO * (to - from);
            fb = f(b);
        }
    }
    0.5 * (from + to)
}
