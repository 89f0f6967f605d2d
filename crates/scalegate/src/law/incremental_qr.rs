//! Linear least squares: an incremental QR decomposition, in the working precision or in double-double.
//!
//! In go the rows of `X·β ≈ y`, one after the other and already weighted; out come estimates, predictions with their variances,
//! and the residual sum of squares, at any time. The search for a breakpoint needs the fit of every prefix and every suffix of
//! the data, which is one pass each, and takes `f64`. The numbers that are reported are those of double-double: 31 digits leave
//! all of a result's right where a condition number of 1e10 leaves few of 16 (the NIST sets in the tests show how many).

use std::array;
use std::ops::{Add, Div, Mul, Sub};

use super::double_double::DoubleDouble;

/// What a decomposition calculates with.
pub(crate) trait Number:
    Copy
    + PartialEq
    + From<f64>
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// `√(self² + other²)` without overflow on the way.
    fn hypot(self, other: Self) -> Self;
}

impl Number for f64 {
    fn hypot(self, other: Self) -> Self {
        Self::hypot(self, other)
    }
}

impl Number for DoubleDouble {
    fn hypot(self, other: Self) -> Self {
        Self::hypot(self, other)
    }
}

/// A column whose part that is orthogonal to those before it is shorter than this, relative to its length, depends on them.
const RANK_TOLERANCE: f64 = 1e-15;

/// The triangular factor of a least squares problem with P columns, updated by Givens rotations (Gentleman, *Basic procedures
/// for large, sparse or weighted linear least squares problems*, AS 75, Appl. Statist. 23, 1974).
///
/// A column that is zero in all rows is left out: its coefficient is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IncrementalQr<T, const P: usize> {
    r: [[T; P]; P],
    z: [T; P],
    /// The residual sum of squares so far.
    pub(crate) rss: T,
}

/// A prediction and its variance for noise of variance 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prediction<T> {
    pub(crate) mean: T,
    pub(crate) variance: T,
}

impl<T: Number, const P: usize> IncrementalQr<T, P> {
    pub(crate) fn new() -> Self {
        let zero = T::from(0.0);
        Self { r: [[zero; P]; P], z: [zero; P], rss: zero }
    }

    /// Adds the row `row·β ≈ y`; weights are already multiplied in.
    pub(crate) fn push(&mut self, mut row: [T; P], mut y: T) {
        for j in 0..P {
            if row[j] == T::from(0.0) {
                continue;
            }
            let length = self.r[j][j].hypot(row[j]);
            let (cos, sin) = (self.r[j][j] / length, row[j] / length);
            for (r, x) in self.r[j][j..].iter_mut().zip(&mut row[j..]) {
                (*r, *x) = (cos * *r + sin * *x, cos * *x - sin * *r);
            }
            let old = self.z[j];
            self.z[j] = cos * old + sin * y;
            y = cos * y - sin * old;
        }
        self.rss = self.rss + y * y;
    }

    /// The coefficients, 0 for a column that is left out. Meaningful only after as many independent rows as there are others.
    pub(crate) fn solve(&self) -> [T; P] {
        let mut beta = self.z;
        for j in (0..P).rev() {
            for k in j + 1..P {
                beta[j] = beta[j] - self.r[j][k] * beta[k];
            }
            beta[j] = if self.r[j][j] == T::from(0.0) { T::from(0.0) } else { beta[j] / self.r[j][j] };
        }
        beta
    }

    /// The prediction for a row, by one forward substitution. It needs every column.
    pub(crate) fn predict(&self, row: [T; P]) -> Prediction<T> {
        let mut v = row;
        let (mut mean, mut variance) = (T::from(0.0), T::from(0.0));
        for j in 0..P {
            for k in 0..j {
                v[j] = v[j] - self.r[k][j] * v[k];
            }
            v[j] = v[j] / self.r[j][j];
            mean = mean + v[j] * self.z[j];
            variance = variance + v[j] * v[j];
        }
        Prediction { mean, variance }
    }

    /// The columns that are not left out; `None` if they depend on each other.
    fn rank(&self) -> Option<usize> {
        let mut rank = 0;
        for j in 0..P {
            let length = (0..j).fold(self.r[j][j], |length, k| length.hypot(self.r[k][j]));
            let (length, own): (f64, f64) = (length.into(), self.r[j][j].into());
            if length == 0.0 {
                continue;
            }
            // Not a number is no rank either.
            if own.abs() > RANK_TOLERANCE * length {
                rank += 1;
            } else {
                return None;
            }
        }
        Some(rank)
    }
}

impl IncrementalQr<f64, 2> {
    /// The covariance of the second coefficient with the prediction for a row, for noise of variance 1.
    pub(crate) fn covariance_of_slope(&self, row: [f64; 2]) -> f64 {
        let v0 = row[0] / self.r[0][0];
        let v1 = (row[1] - self.r[0][1] * v0) / self.r[1][1];
        v1 / self.r[1][1]
    }
}

/// Coefficients and residual sum of squares of the rows `(x, y)` of a problem, from double-double.
///
/// `None` for fewer rows than columns, or columns that depend on each other; a column of zeros is left out, with a coefficient
/// of 0.
pub(crate) fn coefficients<const P: usize>(rows: impl Iterator<Item = ([f64; P], f64)>) -> Option<([f64; P], f64)> {
    let (qr, n) = decomposed(rows.map(|(row, y)| (row.map(DoubleDouble::from), y)));
    let (estimates, rss) = (qr.solve().map(f64::from), qr.rss.into());
    let is_finite = estimates.iter().chain([&rss]).all(|number| number.is_finite());
    ((1..=n).contains(&qr.rank()?) && is_finite).then_some((estimates, rss))
}

/// Estimates and standard errors of a linear least squares problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Ols<const P: usize> {
    /// One coefficient per column.
    pub estimates: [f64; P],
    /// Their standard errors; zero when no degree of freedom is left.
    pub standard_errors: [f64; P],
    /// Sum of squared residuals.
    pub rss: f64,
    /// Rows minus columns.
    pub degrees_of_freedom: usize,
}

/// Fits `y ≈ X·β` by ordinary least squares, with `rows` the rows of X and y.
///
/// Everything is calculated in double-double, so that the results are right to the digits of the data. Returns `None` for fewer
/// rows than columns, or columns that depend on each other.
///
/// ```
/// let line = scalegate::law::ols([([1.0, 1.0], 3.0), ([1.0, 2.0], 5.0), ([1.0, 3.0], 7.0)]).unwrap();
/// assert_eq!(line.estimates, [1.0, 2.0]);
/// ```
pub fn ols<const P: usize>(rows: impl IntoIterator<Item = ([f64; P], f64)>) -> Option<Ols<P>> {
    from_decomposition(decomposed(rows.into_iter().map(|(row, y)| (row.map(DoubleDouble::from), y))))
}

/// Fits `y ≈ β₀ + β₁·x + … ` with P coefficients as [`ols`] does to points `(x, y)`, with powers of x in double-double: rounded to
/// `f64` they are another problem, whose solution shares 7 digits with this one at a degree of 10.
pub fn polynomial<const P: usize>(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Ols<P>> {
    let powers = |x: f64| {
        let mut powers = [DoubleDouble::from(1.0); P];
        for d in 1..P {
            powers[d] = powers[d - 1] * x.into();
        }
        powers
    };
    from_decomposition(decomposed(points.into_iter().map(|(x, y)| (powers(x), y))))
}

/// The decomposition, and the number of rows in it.
fn decomposed<const P: usize>(
    rows: impl Iterator<Item = ([DoubleDouble; P], f64)>,
) -> (IncrementalQr<DoubleDouble, P>, usize) {
    let (mut qr, mut n) = (IncrementalQr::new(), 0);
    for (row, y) in rows {
        qr.push(row, y.into());
        n += 1;
    }
    (qr, n)
}

fn from_decomposition<const P: usize>((qr, n): (IncrementalQr<DoubleDouble, P>, usize)) -> Option<Ols<P>> {
    let degrees_of_freedom = n.checked_sub(P)?;
    if qr.rank()? < P {
        return None;
    }
    let rss = qr.rss.into();
    let variance = if degrees_of_freedom == 0 { 0.0 } else { rss / degrees_of_freedom as f64 };
    let standard_errors = array::from_fn(|j| {
        let unit = array::from_fn(|k| DoubleDouble::from(if k == j { 1.0 } else { 0.0 }));
        (variance * f64::from(qr.predict(unit).variance)).sqrt()
    });
    Some(Ols { estimates: qr.solve().map(f64::from), standard_errors, rss, degrees_of_freedom })
}
