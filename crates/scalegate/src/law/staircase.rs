//! Staircases: laws that jump at some sizes, and are flat or rise by one slope between them.
//!
//! A step lies between two neighbouring sizes, and no cost tells where there. For a given slope, cost less slope times size is the same
//! all over a tread, and the treads with the least residual sum of squares are found by dynamic programming, exactly (Auger and Lawrence,
//! *Algorithms for the optimal identification of segment neighborhoods*, Bull. Math. Biol. 51, 1989). The slope is found by turns with
//! the treads, from several starts. Bai and Perron (*Computation and analysis of multiple structural change models*, J. Applied
//! Econometrics 18, 2003) do the same for regressions with common coefficients. What PELT prunes (Killick, Fearnhead and Eckley, *Optimal
//! detection of changepoints with a linear computational cost*, JASA 107, 2012) pays for thousands of points, of which there are dozens here.

use super::curve::{Curve, Step};
use super::form::{Fitted, Points};
use super::incremental_qr::IncrementalQr;

/// One jump alone is a change between two laws; a staircase goes on. One is searched for all the same, so that it is not taken for several.
pub(crate) const MIN_STEPS: usize = 2;
/// A tread of one size is a cost that is off, and a staircase of such treads is any curve.
const MIN_TREAD: usize = 2;
/// Tilings of images have up to about this many tiles in a row.
const MAX_STEPS: usize = 16;
/// More sizes are not searched for steps.
const MAX_SIZES: usize = u128::BITS as usize;

/// Where the search for a slope starts, as parts of the mean slope of the costs: between steps, most of it is gone.
const STARTS: [f64; 4] = [0.0, 0.2, 0.4, 0.6];
/// Turns of treads and slope; more of them change nothing.
const MAX_TURNS: usize = 6;

/// A step has to be worth the name: this part of the cost below it…
const MIN_STEP: f64 = 0.03;
/// …and all of them together this part of the cost at the smallest size.
const MIN_RISE: f64 = 0.1;

/// The form of a staircase: between which sizes it has steps, and what it leaves free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stairs {
    /// Bit i: a step between the sizes i and i + 1.
    gaps: u128,
    /// Whether all steps are as high as each other.
    is_equal: bool,
    /// Whether cost may rise between steps.
    is_sloped: bool,
}

impl Stairs {
    /// Steps after the sizes with these indices, ascending.
    pub(crate) fn new(gaps: impl IntoIterator<Item = usize>, is_equal: bool, is_sloped: bool) -> Self {
        let gaps = gaps.into_iter().filter(|gap| *gap < MAX_SIZES).fold(0, |gaps, gap| gaps | 1 << gap);
        Self { gaps, is_equal, is_sloped }
    }

    pub(crate) fn is_equal(self) -> bool {
        self.is_equal
    }

    pub(crate) fn is_sloped(self) -> bool {
        self.is_sloped
    }

    /// The four forms with steps in these gaps, the simplest first.
    fn variants(gaps: u128) -> [Self; 4] {
        [(true, false), (true, true), (false, false), (false, true)].map(|(is_equal, is_sloped)| Self {
            gaps,
            is_equal,
            is_sloped,
        })
    }

    /// A form for two laws at the same sizes, if one is a staircase: it has the steps of both, each with a height of its own. A law that is
    /// no staircase has none, and a slope.
    pub(crate) fn of_both(sides: [Option<Self>; 2], n_sizes: usize) -> Option<Self> {
        sides.iter().flatten().next()?;
        let gaps = sides.iter().flatten().fold(0, |gaps, side| gaps | side.gaps);
        let is_sloped = sides.iter().any(|side| side.is_none_or(|its| its.is_sloped));
        let is_sloped = is_sloped && has_wide_tread(gaps, n_sizes);
        Some(Self { gaps, is_equal: false, is_sloped })
    }

    /// The same with a tread for each of these sizes alone, by their indices; without a slope if no tread has two sizes any more.
    pub(crate) fn with_alone(self, sizes: &[usize], n_sizes: usize) -> Self {
        let around = sizes.iter().flat_map(|&size| size.saturating_sub(1)..=size);
        let gaps = around.filter(|gap| gap + 1 < n_sizes).fold(self.gaps, |gaps, gap| gaps | 1 << gap);
        Self { gaps, is_equal: false, is_sloped: self.is_sloped && has_wide_tread(gaps, n_sizes) }
    }

    /// The indices of the first and the last size of each tread, ascending.
    pub(crate) fn ends(self, n_sizes: usize) -> Vec<(usize, usize)> {
        let firsts = std::iter::once(0).chain(self.gaps().map(|gap| gap + 1));
        firsts.zip(self.gaps().chain([n_sizes - 1])).collect()
    }

    /// The number of steps up to the size with this index.
    pub(crate) fn n_steps_up_to(self, size: usize) -> usize {
        self.gaps().filter(|gap| *gap < size).count()
    }

    /// The indices of the sizes that steps come after, ascending.
    pub(crate) fn gaps(self) -> impl Iterator<Item = usize> {
        (0..MAX_SIZES).filter(move |gap| self.gaps >> gap & 1 == 1)
    }

    pub(crate) fn n_steps(self) -> usize {
        self.gaps.count_ones() as usize
    }

    /// Whether it has one step fewer than `other`, and leaves the same free.
    pub(crate) fn is_one_step_fewer(self, other: Self) -> bool {
        self.n_steps() + 1 == other.n_steps() && (self.is_equal, self.is_sloped) == (other.is_equal, other.is_sloped)
    }

    /// The number of fitted values; each place is one.
    pub(crate) fn n_parameters(self) -> usize {
        let heights = if self.is_equal { 1 } else { self.n_steps() };
        1 + usize::from(self.is_sloped) + heights + self.n_steps()
    }

    /// Weighted least squares; `None` for sizes that are too few.
    pub(crate) fn fit(self, points: &Points) -> Option<Fitted> {
        if self.gaps().any(|gap| gap + 1 >= points.len()) {
            return None;
        }
        // Off by the least factor, wherever between its two sizes a step is.
        let places: Vec<f64> = self.gaps().map(|gap| (points.x[gap] * points.x[gap + 1]).sqrt()).collect();
        let (intercept, slope, heights, rss) = if self.is_equal {
            let climbed = |x: f64| places.iter().filter(|place| **place < x).count() as f64;
            let row = |x: f64| [1.0, if self.is_sloped { x } else { 0.0 }, climbed(x)];
            let ([intercept, slope, height], rss) = points.coefficients(row)?;
            (intercept, slope, vec![height; places.len()], rss)
        } else {
            let treads = self.treads(points);
            let slope = if self.is_sloped { common_slope(&treads)? } else { 0.0 };
            let levels: Vec<f64> = treads.iter().map(|tread| tread.y - slope * tread.x).collect();
            let heights = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let rss = treads.iter().map(|tread| tread.rss(slope)).sum();
            (levels[0], slope, heights, rss)
        };
        let steps = places.into_iter().zip(heights).map(|(place, height)| Step { place, height }).collect();
        let curve = Curve::Staircase { intercept, slope, steps };
        rss.is_finite().then(|| Fitted { curve: curve.in_units(points.x_max, 1.0), rss })
    }

    fn treads(self, points: &Points) -> Vec<Tread> {
        self.ends(points.len()).into_iter().map(|(first, last)| Tread::new(points, first, last + 1)).collect()
    }

    /// Whether the fitted staircase is worth the name: steps that go up and count, and treads that rise less than the steps do.
    pub(crate) fn is_practical(self, points: &Points, fitted: &Fitted) -> bool {
        let Curve::Staircase { slope, ref steps, .. } = fitted.curve else { return false };
        let size = |index: usize| points.x[index] * points.x_max;
        let first = fitted.curve.predict(size(0));
        let climbed: f64 = steps.iter().map(|step| step.height).sum();
        let counts = |(gap, step): (usize, &Step)| step.height >= MIN_STEP * fitted.curve.predict(size(gap));
        first > 0.0
            && (0.0..=climbed).contains(&(slope * (points.x_max - size(0))))
            && climbed >= MIN_RISE * first
            && self.gaps().zip(steps).all(counts)
    }
}

/// Whether some tread has two sizes: those of one size each leave no slope to be told from their steps.
fn has_wide_tread(gaps: u128, n_sizes: usize) -> bool {
    (gaps.count_ones() as usize) + 1 < n_sizes
}

/// The sizes of one tread, summed up.
#[derive(Debug)]
struct Tread {
    /// Weighted means.
    x: f64,
    y: f64,
    /// Weighted sums of squares and products around them.
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Tread {
    fn new(points: &Points, from: usize, to: usize) -> Self {
        let rows = || (from..to).map(|i| (points.x[i], points.y[i], points.w[i] * points.w[i]));
        let weight: f64 = rows().map(|(.., w)| w).sum();
        let x = rows().map(|(x, _, w)| x * w).sum::<f64>() / weight;
        let y = rows().map(|(_, y, w)| y * w).sum::<f64>() / weight;
        let sum = |of: fn(f64, f64) -> f64| rows().map(|(px, py, w)| w * of(px - x, py - y)).sum();
        Self { x, y, xx: sum(|x, _| x * x), xy: sum(|x, y| x * y), yy: sum(|_, y| y * y) }
    }

    fn rss(&self, slope: f64) -> f64 {
        (self.yy - slope * (2.0 * self.xy - slope * self.xx)).max(0.0)
    }
}

/// The slope that all treads share.
fn common_slope(treads: &[Tread]) -> Option<f64> {
    let xx: f64 = treads.iter().map(|tread| tread.xx).sum();
    let xy: f64 = treads.iter().map(|tread| tread.xy).sum();
    (xx > 0.0).then(|| xy / xx)
}

/// Its three coefficients, the height of the jump and its place.
pub(crate) const JUMP_ON_PARABOLA_PARAMETERS: usize = 5;

/// A parabola with a jump in the gap where it leaves the least residual sum of squares, and its costs at the sizes: a law that treads
/// follow well, and no staircase. `None` for sizes that are too few.
pub(crate) fn jump_on_parabola(points: &Points) -> Option<(f64, Vec<f64>)> {
    if points.len() <= JUMP_ON_PARABOLA_PARAMETERS {
        return None;
    }
    let row = |gap: usize, at: usize| [1.0, points.x[at], points.x[at] * points.x[at], f64::from(u8::from(at > gap))];
    let with_jump = |gap: usize| {
        let mut qr = IncrementalQr::<f64, 4>::new();
        for (at, (&w, &y)) in points.w.iter().zip(&points.y).enumerate() {
            qr.push(row(gap, at).map(|value| value * w), y * w);
        }
        qr
    };
    let gaps = 0..points.len() - 1;
    let (gap, best) = gaps.map(|gap| (gap, with_jump(gap))).min_by(|a, b| a.1.rss.total_cmp(&b.1.rss))?;
    let coefficients = best.solve();
    let cost = |at: usize| row(gap, at).iter().zip(coefficients).map(|(value, its)| value * its).sum();
    best.rss.is_finite().then(|| (best.rss, (0..points.len()).map(cost).collect()))
}

/// The most steps that so many sizes can show.
pub(crate) fn max_steps(n_sizes: usize) -> usize {
    if n_sizes > MAX_SIZES { 0 } else { (n_sizes / MIN_TREAD).saturating_sub(1).min(MAX_STEPS) }
}

/// The forms with so many steps where the points have them best, the simplest first; `None` if the points are too few.
pub(crate) fn search(points: &Points, n_steps: usize) -> Option<[Stairs; 4]> {
    best_gaps(points, n_steps).map(|(gaps, _)| Stairs::variants(gaps))
}

/// The least residual sum of squares of `form`, with its steps wherever the points have them best.
pub(crate) fn least_rss(points: &Points, form: Stairs) -> Option<f64> {
    let (gaps, _) = best_gaps(points, form.n_steps())?;
    Stairs { gaps, ..form }.fit(points).map(|fitted| fitted.rss)
}

/// The gaps of the best steps of free heights and their residual sum of squares.
fn best_gaps(points: &Points, n_steps: usize) -> Option<(u128, f64)> {
    let last = points.len() - 1;
    let mean_slope = ((points.y[last] - points.y[0]) / (points.x[last] - points.x[0])).max(0.0);
    let mut found: Vec<(u128, f64)> = Vec::new();
    for start in STARTS {
        let mut slope = start * mean_slope;
        for _ in 0..MAX_TURNS {
            let gaps = segmentation(points, slope, n_steps)?;
            // From here on it would go as it went before.
            if found.iter().any(|(before, _)| *before == gaps) {
                break;
            }
            let treads = Stairs { gaps, is_equal: false, is_sloped: true }.treads(points);
            // Costs that fall between steps that go up are no staircase.
            slope = common_slope(&treads)?.max(0.0);
            found.push((gaps, treads.iter().map(|tread| tread.rss(slope)).sum()));
        }
    }
    found.into_iter().min_by(|a, b| a.1.total_cmp(&b.1))
}

/// The gaps of the steps between treads of the least residual sum of squares, for a known slope.
fn segmentation(points: &Points, slope: f64, n_steps: usize) -> Option<u128> {
    let n = points.len();
    if n < (n_steps + 1) * MIN_TREAD {
        return None;
    }
    let mut sums = Vec::with_capacity(n + 1);
    sums.push([0.0; 3]);
    for ((&x, &y), &w) in points.x.iter().zip(&points.y).zip(points.w) {
        let [weight, sum, square]: [f64; 3] = sums[sums.len() - 1];
        let (w, z) = (w * w, y - slope * x);
        sums.push([weight + w, sum + w * z, square + w * z * z]);
    }
    // The residual sum of squares of each tread, those that end at the same size in a row.
    let mut treads = vec![f64::INFINITY; (n + 1) * (n + 1)];
    for to in MIN_TREAD..=n {
        for from in 0..=to - MIN_TREAD {
            let [weight, sum, square]: [f64; 3] = std::array::from_fn(|at| sums[to][at] - sums[from][at]);
            treads[to * (n + 1) + from] = (square - sum * sum / weight).max(0.0);
        }
    }
    let ending = |to: usize| &treads[to * (n + 1)..(to + 1) * (n + 1)];
    // Of the first `to` sizes on one tread more than there are steps so far: the least sum, and where the last tread starts.
    let mut least: Vec<f64> = (0..=n).map(|to| ending(to)[0]).collect();
    let mut starts: Vec<Vec<usize>> = Vec::with_capacity(n_steps);
    for _ in 0..n_steps {
        let best = |to: usize| {
            let mut best = (0, f64::INFINITY);
            for (from, (before, tread)) in least.iter().zip(ending(to)).enumerate().take(to) {
                if before + tread < best.1 {
                    best = (from, before + tread);
                }
            }
            best
        };
        let (from, sums): (Vec<usize>, Vec<f64>) = (0..=n).map(best).unzip();
        starts.push(from);
        least = sums;
    }
    let (mut gaps, mut to) = (0, n);
    for from in starts.iter().rev() {
        to = from[to];
        gaps |= 1 << to.checked_sub(1)?;
    }
    Some(gaps)
}
