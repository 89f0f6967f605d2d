//! Makes a language model smaller: weights become products of smaller ones.
//!
//! In: the directory of an ONNX export, a [`Method`], a [`Budget`], and a text if the error is to be made small where inputs
//! really lie. Out: a directory of the same layout whose graph has, in the place of some matrix products, two that need
//! fewer parameters and fewer multiplications together; and a [`Summary`] of what became of each weight.
//!
//! Promised:
//! - Only weights of `MatMul` and `Gemm` are touched; the first and the last layer, what stands outside of layers
//!   (the product with the vocabulary), and shared weights are left alone, the first two unless asked for.
//! - The same input gives the same bytes: nothing is drawn by chance, and one thread computes in `f64`.
//! - The output directory appears whole or not at all.
//!
//! The crate `lowrank` is the linear algebra, `budget` decides, `graph` finds weights and `rewrite` replaces them.

mod budget;
mod calibration;
mod directory;
mod graph;
mod model;
mod rewrite;
mod summary;
mod tensor;
#[cfg(test)]
mod tests;

pub use crate::lowrank::Cut;
pub use budget::Budget;
pub use directory::context;
pub use model::compress;
pub use summary::{Method, Options, Product, Row, Summary};
