//! What is asked for, and what became of it.

use super::{Budget, Cut};

/// The products that may take the place of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Two matrices.
    Svd,
    /// Two cores of a matrix product operator, with one or both indices split.
    Mpo,
    /// Whichever is smaller at the same error.
    Auto,
}

/// How to compress.
#[derive(Debug, Clone)]
pub struct Options {
    /// The form of the products.
    pub method: Method,
    /// How much may be lost, or has to be saved.
    pub budget: Budget,
    /// Also the first and the last layer, and what stands outside of layers.
    pub all: bool,
    /// Passages of tokens over which the error is made small; empty if the error of the weights themselves is.
    pub calibration: Vec<Vec<i64>>,
}

/// What became of one weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The node that multiplies with it.
    pub name: String,
    /// `[m, n]`: it takes `m` values to `n`.
    pub shape: [usize; 2],
    /// Whether it takes part in the budget.
    pub compressible: bool,
    /// The product in its place, or why it stays.
    pub outcome: std::result::Result<Product, &'static str>,
}

/// What took the place of a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Product {
    /// How its indices are split.
    pub cut: Cut,
    /// The rank or bond dimension.
    pub rank: usize,
    /// Relative to the weight, or to its output over the calibration text (Frobenius norm).
    pub error: f64,
    /// Parameters of both factors.
    pub parameters: usize,
}

/// What became of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// One for each weight of a matrix product, in the order of the graph.
    pub rows: Vec<Row>,
    /// Whether errors are those of outputs.
    pub calibrated: bool,
    /// Entries of all initializers of the original.
    pub parameters_before: usize,
    /// Entries of all initializers of the compressed model.
    pub parameters_after: usize,
}

impl Row {
    /// Parameters of the weight itself.
    pub fn parameters_before(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Parameters of what is there now.
    pub fn parameters_after(&self) -> usize {
        self.outcome.map_or(self.parameters_before(), |product| product.parameters)
    }
}
