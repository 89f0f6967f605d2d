//! Run records in the forms of other tools.
//!
//! In: a [`Run`](crate::record::Run). Out: bytes. Nothing is measured or fitted here. A cost is the one that the laws see: per
//! size and round, the mean of its values. A metric that was unavailable is left out and never a zero; a run that has
//! nothing to export is an error.

mod bencher;
mod benchmark_action;
mod costs;
mod csv;
#[cfg(test)]
mod tests;

pub use bencher::bencher;
pub use benchmark_action::benchmark_action;
pub use csv::csv;
