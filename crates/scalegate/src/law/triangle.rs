//! A least squares problem that grows row by row.

/// The triangular factor of a weighted least squares problem with P columns, updated by Givens rotations (Gentleman,
/// *Basic procedures for large, sparse or weighted linear least squares problems*, AS 75, Appl. Statist. 23, 1974).
///
/// A search over breakpoints needs the fit of every prefix and suffix of the data: here that is one pass each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Triangle<const P: usize> {
    r: [[f64; P]; P],
    z: [f64; P],
    /// The residual sum of squares so far.
    pub(crate) rss: f64,
}

/// A prediction and its variance for noise of variance 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prediction {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl<const P: usize> Triangle<P> {
    pub(crate) fn new() -> Self {
        Self { r: [[0.0; P]; P], z: [0.0; P], rss: 0.0 }
    }

    /// Adds the row `row·β ≈ y`; weights are already multiplied in.
    pub(crate) fn push(&mut self, mut row: [f64; P], mut y: f64) {
        for j in 0..P {
            if row[j] == 0.0 {
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
        self.rss += y * y;
    }

    /// The coefficients. Meaningful only after P independent rows.
    pub(crate) fn solve(&self) -> [f64; P] {
        let mut beta = self.z;
        for j in (0..P).rev() {
            for k in j + 1..P {
                beta[j] -= self.r[j][k] * beta[k];
            }
            beta[j] /= self.r[j][j];
        }
        beta
    }

    /// The prediction for a row, by one forward substitution.
    pub(crate) fn predict(&self, row: [f64; P]) -> Prediction {
        let mut v = row;
        let (mut mean, mut variance) = (0.0, 0.0);
        for j in 0..P {
            for k in 0..j {
                v[j] -= self.r[k][j] * v[k];
            }
            v[j] /= self.r[j][j];
            mean += v[j] * self.z[j];
            variance += v[j] * v[j];
        }
        Prediction { mean, variance }
    }
}

impl Triangle<2> {
    /// The covariance of the second coefficient with the prediction for a row, for noise of variance 1.
    pub(crate) fn covariance_of_slope(&self, row: [f64; 2]) -> f64 {
        let v0 = row[0] / self.r[0][0];
        let v1 = (row[1] - self.r[0][1] * v0) / self.r[1][1];
        v1 / self.r[1][1]
    }
}
