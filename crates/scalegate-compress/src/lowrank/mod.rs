//! The linear algebra of smaller weights: a matrix as a product of truncated cores, and the metric in which the error of the
//! product is small where inputs lie.
//!
//! In: a weight `[m, n]` of `f64`, how its indices are split ([`Cut`]), a bond dimension, and inputs if there are any
//! ([`Covariance`]). Out: [`Cores`].

mod metric;
#[cfg(test)]
mod tests;
mod truncation;

pub use faer::{Mat, MatRef};
pub use metric::{Covariance, Factor};
pub use truncation::{Cores, Cut};
