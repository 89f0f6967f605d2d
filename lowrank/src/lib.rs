//! The linear algebra of smaller weights: a matrix as a product of truncated cores, and the metric in which the error of the
//! product is small where inputs lie.
//!
//! In: a weight `[m, n]` of `f64`, how its indices are split ([`Cut`]), a bond dimension, and inputs if there are any
//! ([`Covariance`]). Out: [`Cores`].
//!
//! A crate of its own, as its code is generic over the type of numbers: `faer` would be compiled again with each change of
//! what uses it.

mod cut;
mod metric;
#[cfg(test)]
mod tests;

pub use cut::{Cores, Cut};
pub use faer::{Mat, MatRef};
pub use metric::{Covariance, Factor};
