//! Ordinary least squares: a QR decomposition, refined until the digits of the data are used up.

use nalgebra::{DMatrix, DVector};

use super::twice::{Twice, dot};

/// Estimates and standard errors of a linear least squares problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Ols {
    /// One coefficient per column.
    pub estimates: Vec<f64>,
    /// Their standard errors; zero when no degree of freedom is left.
    pub standard_errors: Vec<f64>,
    /// Residuals, observed minus fitted, one per row.
    pub residuals: Vec<f64>,
    /// Sum of squared residuals.
    pub rss: f64,
    /// Rows minus columns.
    pub degrees_of_freedom: usize,
}

/// Steps of iterative refinement at the most. Each multiplies the error by about the condition number times the machine
/// epsilon: one is enough for a fit of costs, and the worst of the certified sets (a condition of 1e10) takes five.
const MOST_REFINEMENTS: usize = 10;

/// A diagonal element of R below this times the largest counts as zero (columns are scaled to length 1).
const RANK_TOLERANCE: f64 = 1e-15;

/// Fits `y ≈ X·β`, with `columns` the columns of X, each as long as `y`.
///
/// Householder QR of the column-scaled X, refined by Björck's augmented-system iteration (Björck, *Iterative refinement of
/// linear least squares solutions I*, BIT 7, 1967) with residuals in twice the working precision; so is the inverse of XᵀX
/// that the standard errors come from.
/// Returns `None` for fewer rows than columns, or columns that depend on each other.
pub fn ols(columns: &[Vec<f64>], y: &[f64]) -> Option<Ols> {
    let columns = columns.iter().map(|c| c.iter().map(|&v| v.into()).collect()).collect();
    System::new(columns, y.len())?.ols(y.iter().map(|&v| v.into()))
}

/// Fits `y ≈ β₀ + β₁·x + … + β_d·x^d` as [`ols`] does, with powers of x in twice the working precision: rounded to `f64` they
/// are another problem, whose solution shares 7 digits with this one at a degree of 10.
pub fn polynomial(x: &[f64], y: &[f64], degree: usize) -> Option<Ols> {
    System::new(powers(x, degree), y.len())?.ols(y.iter().map(|&v| v.into()))
}

/// Coefficients and residual sum of squares of a fit to `weighted_y`, without the standard errors.
pub(crate) fn coefficients(columns: &[Vec<f64>], weighted_y: &[f64]) -> Option<(Vec<f64>, f64)> {
    let columns = columns.iter().map(|c| c.iter().map(|&v| v.into()).collect()).collect();
    let system = System::new(columns, weighted_y.len())?;
    let solution = system.fit(weighted_y.iter().map(|&v| v.into()))?;
    Some((solution.estimates(), solution.rss()))
}

fn powers(x: &[f64], degree: usize) -> Vec<Vec<Twice>> {
    let mut columns = vec![vec![Twice::from(1.0); x.len()]];
    for d in 0..degree {
        let next = columns[d].iter().zip(x).map(|(power, &x)| power.times(x)).collect();
        columns.push(next);
    }
    columns
}

/// X with its decomposition.
struct System {
    columns: Vec<Vec<Twice>>,
    scales: Vec<f64>,
    q: DMatrix<f64>,
    r: DMatrix<f64>,
}

/// A solution of the augmented system, with β in units of the scaled columns.
struct Solution<'a> {
    system: &'a System,
    beta: Vec<Twice>,
    residuals: Vec<Twice>,
}

impl System {
    fn new(mut columns: Vec<Vec<Twice>>, n: usize) -> Option<Self> {
        let p = columns.len();
        if p == 0 || n < p || columns.iter().any(|c| c.len() != n) {
            return None;
        }
        // Powers of two scale without rounding.
        let scales: Vec<f64> = columns.iter().map(|c| power_of_two_below(norm(c))).collect();
        if scales.iter().any(|s| !(s.is_finite() && *s > 0.0)) {
            return None;
        }
        for (column, scale) in columns.iter_mut().zip(&scales) {
            column.iter_mut().for_each(|v| *v = Twice { high: v.high / scale, low: v.low / scale });
        }
        let qr = DMatrix::from_fn(n, p, |i, j| columns[j][i].high).qr();
        let (q, r) = (qr.q(), qr.r());
        let largest = (0..p).map(|j| r[(j, j)].abs()).fold(0.0, f64::max);
        let is_regular = (0..p).all(|j| r[(j, j)].abs() > RANK_TOLERANCE * largest);
        is_regular.then_some(Self { columns, scales, q, r })
    }

    fn fit(&self, y: impl Iterator<Item = Twice>) -> Option<Solution<'_>> {
        self.solve(&y.collect::<Vec<_>>(), &vec![0.0; self.columns.len()])
    }

    fn ols(&self, y: impl Iterator<Item = Twice>) -> Option<Ols> {
        let solution = self.fit(y)?;
        let (n, p) = (solution.residuals.len(), self.columns.len());
        let (rss, degrees_of_freedom) = (solution.rss(), n - p);
        let variance = if degrees_of_freedom == 0 { 0.0 } else { rss / degrees_of_freedom as f64 };
        let standard_errors = (0..p)
            .map(|j| {
                // With no right-hand side but −1 in row j, β is column j of the inverse of XᵀX.
                let unit: Vec<f64> = (0..p).map(|k| if k == j { -1.0 } else { 0.0 }).collect();
                let inverse = self.solve(&vec![Twice::default(); n], &unit)?.beta[j].high;
                Some((variance * inverse).sqrt() / self.scales[j])
            })
            .collect::<Option<_>>()?;
        Some(Ols {
            estimates: solution.estimates(),
            standard_errors,
            residuals: solution.residuals.iter().map(|r| r.high).collect(),
            rss,
            degrees_of_freedom,
        })
    }

    /// Solves `[I X; Xᵀ 0]·[r; β] = [f; g]`.
    fn solve(&self, f: &[Twice], g: &[f64]) -> Option<Solution<'_>> {
        let (n, p) = (f.len(), g.len());
        let mut beta = vec![Twice::default(); p];
        let mut residuals = vec![Twice::default(); n];
        let mut f_left = DVector::from_iterator(n, f.iter().map(|v| v.high));
        let mut g_left = DVector::from_column_slice(g);
        let mut last = f64::INFINITY;
        for _ in 0..=MOST_REFINEMENTS {
            let h = self.r.tr_solve_upper_triangular(&g_left)?;
            let d = self.q.tr_mul(&f_left);
            let delta_beta = self.r.solve_upper_triangular(&(&d - &h))?;
            let delta_r = &f_left - &self.q * (&d - &h);
            let change = delta_beta.amax();
            if last.is_infinite() && !change.is_finite() {
                return None;
            }
            // The last digits don't converge further, they only move about.
            if change.is_nan() || change >= 0.5 * last {
                break;
            }
            last = change;
            beta.iter_mut().zip(&delta_beta).for_each(|(b, d)| *b = b.plus(*d));
            residuals.iter_mut().zip(&delta_r).for_each(|(r, d)| *r = r.plus(*d));
            if change == 0.0 {
                break;
            }
            for i in 0..n {
                let fitted = (0..p).flat_map(|j| product(self.columns[j][i], beta[j]));
                let given = [(1.0, f[i].high), (1.0, f[i].low), (-1.0, residuals[i].high), (-1.0, residuals[i].low)];
                f_left[i] = dot(fitted.chain(given));
            }
            for j in 0..p {
                let orthogonal = (0..n).flat_map(|i| product(self.columns[j][i], residuals[i]));
                g_left[j] = dot(orthogonal.chain([(1.0, g[j])]));
            }
        }
        Some(Solution { system: self, beta, residuals })
    }
}

impl Solution<'_> {
    fn estimates(&self) -> Vec<f64> {
        self.beta.iter().zip(&self.system.scales).map(|(b, s)| b.high / s).collect()
    }

    fn rss(&self) -> f64 {
        dot(self.residuals.iter().map(|r| (r.high, r.high)))
    }
}

/// The terms of `−a·b`, the smallest left out.
fn product(a: Twice, b: Twice) -> [(f64, f64); 3] {
    [(-a.high, b.high), (-a.high, b.low), (-a.low, b.high)]
}

fn norm(column: &[Twice]) -> f64 {
    let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.high.abs()));
    let relative = |v: &Twice| (v.high / largest).powi(2);
    if largest == 0.0 { 0.0 } else { largest * column.iter().map(relative).sum::<f64>().sqrt() }
}

fn power_of_two_below(x: f64) -> f64 {
    if x > 0.0 { x.log2().floor().exp2() } else { 0.0 }
}
