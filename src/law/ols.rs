//! Ordinary least squares by a QR decomposition with scaled columns.

use nalgebra::{DMatrix, DVector};

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

/// Steps of iterative refinement. Each multiplies the error by about the condition number times the machine epsilon;
/// two are enough for a condition of 1e10, and a fit of a cost needs none.
const REFINEMENTS: usize = 3;

/// A diagonal element of R below this times the largest counts as zero (columns are scaled to length 1).
const RANK_TOLERANCE: f64 = 1e-15;

/// Fits `y ≈ X·β`, with `columns` the columns of X, each as long as `y`.
///
/// Householder QR of the column-scaled X, refined by Björck's augmented-system iteration (Björck, *Iterative refinement of
/// linear least squares solutions I*, BIT 7, 1967) with residuals in twice the working precision.
/// Returns `None` for fewer rows than columns, or columns that depend on each other.
pub fn ols(columns: &[Vec<f64>], y: &[f64]) -> Option<Ols> {
    let (n, p) = (y.len(), columns.len());
    if p == 0 || n < p || columns.iter().any(|c| c.len() != n) {
        return None;
    }
    // Powers of two scale without rounding.
    let scales: Vec<f64> = columns.iter().map(|c| power_of_two_below(norm(c))).collect();
    if scales.iter().any(|s| !(s.is_finite() && *s > 0.0)) {
        return None;
    }
    let scaled: Vec<Vec<f64>> = columns.iter().zip(&scales).map(|(c, s)| c.iter().map(|v| v / s).collect()).collect();
    let qr = DMatrix::from_fn(n, p, |i, j| scaled[j][i]).qr();
    let (q, r) = (qr.q(), qr.r());
    let largest = (0..p).map(|j| r[(j, j)].abs()).fold(0.0, f64::max);
    if !(0..p).all(|j| r[(j, j)].abs() > RANK_TOLERANCE * largest) {
        return None;
    }

    let mut beta = DVector::zeros(p);
    let mut residuals = DVector::from_column_slice(y);
    let mut correction_y = residuals.clone();
    let mut correction_x = DVector::zeros(p);
    for step in 0..=REFINEMENTS {
        // Solves [I X; Xᵀ 0][δr; δβ] = [f; g] from X = QR: the first pass is the plain solution.
        let h = r.transpose().solve_lower_triangular(&correction_x)?;
        let d1 = q.transpose() * &correction_y;
        let delta_beta = r.solve_upper_triangular(&(&d1 - &h))?;
        let delta_r = &correction_y - &q * &d1 + &q * &h;
        if step == 0 {
            (beta, residuals) = (delta_beta, delta_r);
        } else {
            beta += delta_beta;
            residuals += delta_r;
        }
        for i in 0..n {
            let terms = (0..p).map(|j| (-scaled[j][i], beta[j]));
            correction_y[i] = dot_twice(terms.chain([(1.0, y[i]), (-1.0, residuals[i])]));
        }
        for j in 0..p {
            correction_x[j] = dot_twice((0..n).map(|i| (-scaled[j][i], residuals[i])));
        }
    }

    let rss = residuals.norm_squared();
    let degrees_of_freedom = n - p;
    let variance = if degrees_of_freedom == 0 { 0.0 } else { rss / degrees_of_freedom as f64 };
    let inverse = r.solve_upper_triangular(&DMatrix::identity(p, p))?;
    let standard_errors = (0..p).map(|j| (variance * inverse.row(j).norm_squared()).sqrt() / scales[j]).collect();
    Some(Ols {
        estimates: beta.iter().zip(&scales).map(|(b, s)| b / s).collect(),
        standard_errors,
        residuals: residuals.iter().copied().collect(),
        rss,
        degrees_of_freedom,
    })
}

fn norm(column: &[f64]) -> f64 {
    let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 { 0.0 } else { largest * column.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt() }
}

fn power_of_two_below(x: f64) -> f64 {
    if x > 0.0 { x.log2().floor().exp2() } else { 0.0 }
}

/// A dot product as if in twice the working precision: Algorithm 5.3 of Ogita, Rump and Oishi, *Accurate sum and dot
/// product*, SIAM J. Sci. Comput. 26 (2005).
fn dot_twice(terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut sum, mut error) = (0.0_f64, 0.0_f64);
    for (a, b) in terms {
        let product = a * b;
        let product_error = a.mul_add(b, -product);
        let total = sum + product;
        let part = total - sum;
        error += (sum - (total - part)) + (product - part) + product_error;
        sum = total;
    }
    sum + error
}
