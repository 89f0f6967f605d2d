//! What the inputs of weights look like over a text: the error is then made small where they really lie.

use std::collections::BTreeMap;

use crate::lowrank::{Covariance, Factor, Mat};

use scalegate::{Error, Result};
use scalegate_suite::inference::Passages;

/// Cholesky factors by the names of inputs.
#[derive(Debug, Default)]
pub(super) struct Calibration {
    factors: BTreeMap<String, Factor>,
}

impl Calibration {
    /// Reads `passages` of tokens with a model that shows the values called `inputs`.
    pub(super) fn capture(model: &Passages, inputs: &[String], passages: &[Vec<i64>]) -> Result<Self> {
        let mut covariances: Vec<Covariance> = Vec::new();
        for passage in passages {
            for (index, positions) in model.read(passage)?.iter().enumerate() {
                let (rows, width) = (passage.len(), positions.width);
                let x = Mat::from_fn(rows, width, |i, j| f64::from(positions.values[i * width + j]));
                if index == covariances.len() {
                    covariances.push(Covariance::new(width));
                }
                covariances[index].add(&x);
            }
        }
        let tokens: usize = passages.iter().map(Vec::len).sum();
        let widest = covariances.iter().map(Covariance::width).max().unwrap_or(0);
        if tokens < widest {
            let cause = format!("{tokens} tokens of text cannot tell how inputs of {widest} values vary together");
            return Err(Error::new("calibration", cause, "give a longer text, best of what the model is used for"));
        }
        let factor = |(name, covariance): (&String, &Covariance)| {
            covariance.factor().map(|factor| (name.clone(), factor)).map_err(|cause| {
                Error::new(
                    format!("calibration at {name}"),
                    cause,
                    "give another text; this one drives the model out of range",
                )
            })
        };
        Ok(Self { factors: inputs.iter().zip(&covariances).map(factor).collect::<Result<_>>()? })
    }

    /// The factor of an input, if it was captured.
    pub(super) fn factor(&self, input: &str) -> Option<&Factor> {
        self.factors.get(input)
    }
}
