//! How inputs of a weight vary together.
//!
//! For inputs `X` of a weight, `‖X·(W − W')‖` is `‖Lᵀ·(W − W')‖` with the Cholesky factor `L·Lᵀ = XᵀX`: so `Lᵀ·W` is
//! truncated, and `L⁻ᵀ` taken back out of the first core (SVD-LLM, arXiv 2403.07378, section 3.1).

use faer::{Mat, Side};

use super::Cores;

/// Of the mean of the diagonal of `XᵀX`, added to all of it: inputs that never vary would leave it singular.
const RIDGE: f64 = 1e-6;

/// `XᵀX` of inputs `X`.
#[derive(Debug, Clone)]
pub struct Covariance {
    sum: Mat<f64>,
}

impl Covariance {
    /// Of no inputs yet, of `width` values each.
    pub fn new(width: usize) -> Self {
        Self { sum: Mat::zeros(width, width) }
    }

    /// Values of an input.
    pub fn width(&self) -> usize {
        self.sum.nrows()
    }

    /// Adds `inputs`, `[rows, width]`.
    pub fn add(&mut self, inputs: &Mat<f64>) {
        self.sum += inputs.transpose() * inputs;
    }

    /// `L` with `L·Lᵀ = XᵀX`, but for a ridge.
    ///
    /// # Errors
    /// The inputs are not finite, or rounding has made the covariance indefinite.
    pub fn factor(&self) -> Result<Factor, String> {
        let width = self.width();
        let mean = (0..width).map(|i| self.sum[(i, i)]).sum::<f64>() / width as f64;
        if !mean.is_finite() {
            return Err("inputs that are not finite".to_owned());
        }
        // Inputs that are all zero make any error harmless; the unit matrix then stands for no calibration.
        let ridge = if mean > 0.0 { RIDGE * mean } else { 1.0 };
        let lifted = Mat::from_fn(width, width, |i, j| self.sum[(i, j)] + if i == j { ridge } else { 0.0 });
        let llt = lifted.llt(Side::Lower).map_err(|_| "their covariance is not positive".to_owned())?;
        Ok(Factor { lower: llt.L().to_owned() })
    }
}

/// The Cholesky factor `L` of a [`Covariance`].
#[derive(Debug, Clone)]
pub struct Factor {
    lower: Mat<f64>,
}

impl Factor {
    /// `Lᵀ·W`: what is to be truncated in the place of `weight`.
    pub fn weighted(&self, weight: &Mat<f64>) -> Mat<f64> {
        self.lower.transpose() * weight
    }

    /// The cores of the weight itself, `L⁻ᵀ · first` and `second`, from those of [`Factor::weighted`]. Their cut has to leave the
    /// input whole.
    pub fn unweighted(&self, mut cores: Cores) -> Cores {
        self.lower.transpose().solve_upper_triangular_in_place(cores.first.as_mut());
        cores
    }
}
