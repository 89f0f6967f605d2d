//! A weight as a matrix product operator of two cores, of which the plain low-rank product is one case.
//!
//! A weight `W` of `[m, n]` takes `x` of `[m]` to `y = x·W`. Both indices are split in two, `i = i1·m2 + i2` with `i1 < m1`, and
//! `j = j2·n1 + j1` with `j2 < n2`. With the entries sorted as `[m2·n2, m1·n1]`, the singular value decomposition, cut at
//! bond dimension χ, gives two cores (Oseledets, "Tensor-train decomposition", SIAM J. Sci. Comput. 33, 2011, section
//! 2; as operators on neural layers: Novikov et al., "Tensorizing neural networks", arXiv 1509.06569). With `m1 = n2 = 1` nothing
//! is sorted anew, and the cores are the factors of the truncated singular value decomposition of `W`.

use faer::{Mat, MatRef};

/// How the two indices are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// `m1`: parts of the input, which share the first core.
    pub input_parts: usize,
    /// `n2`: parts of the output, which share the second core.
    pub output_parts: usize,
}

/// The two cores.
#[derive(Debug, Clone)]
pub struct Cores {
    /// `[m2, n2·χ]`: entry `(i2, (j2, c))`.
    pub first: Mat<f64>,
    /// `[m1·χ, n1]`: entry `((i1, c), j1)`.
    pub second: Mat<f64>,
}

impl Cut {
    /// The plain low-rank product.
    pub const NONE: Self = Self { input_parts: 1, output_parts: 1 };

    /// Whether a weight of `[m, n]` can be split so.
    pub fn fits(self, [m, n]: [usize; 2]) -> bool {
        m.is_multiple_of(self.input_parts) && n.is_multiple_of(self.output_parts)
    }

    /// Parameters of both cores for each unit of the bond dimension.
    pub fn parameters(self, [m, n]: [usize; 2]) -> usize {
        m / self.input_parts * self.output_parts + self.input_parts * n / self.output_parts
    }

    /// Multiplications for each token and each unit of the bond dimension.
    pub fn multiplications(self, [m, n]: [usize; 2]) -> usize {
        m * self.output_parts + n * self.input_parts
    }

    /// The singular values of `weight`, sorted by this cut, largest first.
    ///
    /// # Errors
    /// They don't converge.
    pub fn spectrum(self, weight: MatRef<'_, f64>) -> Result<Vec<f64>, String> {
        self.sorted(weight).singular_values().map_err(|_| DIVERGED.to_owned())
    }

    /// The cores of `weight` with the given bond dimension, which is at most the number of its singular values.
    ///
    /// # Errors
    /// The singular values don't converge.
    pub fn cores(self, weight: MatRef<'_, f64>, bond: usize) -> Result<Cores, String> {
        let svd = self.sorted(weight).thin_svd().map_err(|_| DIVERGED.to_owned())?;
        let (u, s, v) = (svd.U(), svd.S().column_vector(), svd.V());
        let Self { input_parts, output_parts } = self;
        let (m2, n1) = (weight.nrows() / input_parts, weight.ncols() / output_parts);
        // Either core takes half of the singular value, so that neither runs out of the range of `f16`.
        Ok(Cores {
            first: Mat::from_fn(m2, output_parts * bond, |i2, column| {
                let (j2, c) = (column / bond, column % bond);
                u[(i2 * output_parts + j2, c)] * s[c].sqrt()
            }),
            second: Mat::from_fn(input_parts * bond, n1, |row, j1| {
                let (i1, c) = (row / bond, row % bond);
                v[(i1 * n1 + j1, c)] * s[c].sqrt()
            }),
        })
    }

    /// The entries of `[m, n]` as `[m2·n2, m1·n1]`.
    fn sorted(self, weight: MatRef<'_, f64>) -> Mat<f64> {
        let Self { input_parts, output_parts } = self;
        let (m2, n1) = (weight.nrows() / input_parts, weight.ncols() / output_parts);
        Mat::from_fn(m2 * output_parts, input_parts * n1, |row, column| {
            let (i2, j2) = (row / output_parts, row % output_parts);
            let (i1, j1) = (column / n1, column % n1);
            weight[(i1 * m2 + i2, j2 * n1 + j1)]
        })
    }
}

const DIVERGED: &str = "its singular values could not be found: are all of its entries finite?";

impl Cores {
    /// The weight that the cores stand for, `[m, n]`.
    pub fn product(&self, cut: Cut) -> Mat<f64> {
        let Cut { input_parts, output_parts } = cut;
        let (m2, n1) = (self.first.nrows(), self.second.ncols());
        let bond = self.first.ncols() / output_parts;
        Mat::from_fn(input_parts * m2, output_parts * n1, |i, j| {
            let (i1, i2, j2, j1) = (i / m2, i % m2, j / n1, j % n1);
            (0..bond).map(|c| self.first[(i2, j2 * bond + c)] * self.second[(i1 * bond + c, j1)]).sum()
        })
    }
}
