//! What the inputs of weights look like over a text: the error is then made small where they really lie.
//!
//! For inputs `X` of a weight, `‖X·(W − W')‖` is `‖Lᵀ·(W − W')‖` with the Cholesky factor `L·Lᵀ = XᵀX`: so `Lᵀ·W` is
//! truncated, and `L⁻ᵀ` taken back out of the first factor (SVD-LLM, arXiv 2403.07378, section 3.1).

use std::collections::BTreeMap;

use faer::{Mat, MatRef, Side};

use crate::inference::Passages;
use crate::{Error, Result};

/// Of the mean of the diagonal of `XᵀX`, added to all of it: inputs that never vary would leave it singular.
const RIDGE: f64 = 1e-6;

/// Cholesky factors by the names of inputs.
#[derive(Debug, Default)]
pub(super) struct Calibration {
    factors: BTreeMap<String, Mat<f64>>,
}

impl Calibration {
    /// Reads `passages` of tokens with a model that shows the values called `inputs`.
    pub(super) fn capture(model: &Passages, inputs: &[String], passages: &[Vec<i64>]) -> Result<Self> {
        let mut sums: Vec<Mat<f64>> = Vec::new();
        for passage in passages {
            for (index, positions) in model.read(passage)?.iter().enumerate() {
                let (rows, width) = (passage.len(), positions.width);
                let x = Mat::from_fn(rows, width, |i, j| f64::from(positions.values[i * width + j]));
                if index == sums.len() {
                    sums.push(Mat::zeros(width, width));
                }
                sums[index] += x.transpose() * &x;
            }
        }
        let tokens: usize = passages.iter().map(Vec::len).sum();
        let widest = sums.iter().map(Mat::nrows).max().unwrap_or(0);
        if tokens < widest {
            let cause = format!("{tokens} tokens of text cannot tell how inputs of {widest} values vary together");
            return Err(Error::new("calibration", cause, "give a longer text, best of what the model is used for"));
        }
        let factor = |(name, sum): (&String, &Mat<f64>)| {
            let factor = cholesky(sum.as_ref());
            factor.map(|factor| (name.clone(), factor)).map_err(|cause| {
                Error::new(
                    format!("calibration at {name}"),
                    cause,
                    "give another text; this one drives the model out of range",
                )
            })
        };
        Ok(Self { factors: inputs.iter().zip(&sums).map(factor).collect::<Result<_>>()? })
    }

    /// The factor `L` of an input, if it was captured.
    pub(super) fn factor(&self, input: &str) -> Option<MatRef<'_, f64>> {
        self.factors.get(input).map(Mat::as_ref)
    }
}

/// `L` with `L·Lᵀ = sum`, but for the ridge.
pub(super) fn cholesky(sum: MatRef<'_, f64>) -> Result<Mat<f64>, String> {
    let width = sum.nrows();
    let mean = (0..width).map(|i| sum[(i, i)]).sum::<f64>() / width as f64;
    if !mean.is_finite() {
        return Err("inputs that are not finite".to_owned());
    }
    // Inputs that are all zero make any error harmless; the unit matrix then stands for no calibration.
    let ridge = if mean > 0.0 { RIDGE * mean } else { 1.0 };
    let lifted = Mat::from_fn(width, width, |i, j| sum[(i, j)] + if i == j { ridge } else { 0.0 });
    lifted.llt(Side::Lower).map(|llt| llt.L().to_owned()).map_err(|_| "their covariance is not positive".to_owned())
}
