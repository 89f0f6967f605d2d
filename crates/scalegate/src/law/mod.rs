//! Laws: how cost grows with size, fitted to observations.
//!
//! In go [`Observations`] (costs by size and round, any unit), out comes a [`Fit`]: the [`Class`] of the law that the data
//! call for, its numbers with confidence intervals, and the residuals. The module is pure: no clock, no files, no
//! environment, and the only randomness is seeded by [`FitOptions`].
//!
//! What is promised:
//! - residuals count relative to the cost, since the noise of a 100 ms point is not that of a 1 ms point;
//! - a knee's breakpoint is the global optimum, and no knee and no staircase is reported unless a test of stated size calls for one;
//! - no result is NaN or infinite: data that no law can be fitted to end in a [`FitError`].

mod bootstrap;
mod curve;
mod double_double;
mod expected_units;
mod fit;
mod form;
mod hold_out;
mod incremental_qr;
mod interval;
mod knee;
mod noise_trend;
mod observations;
#[cfg(feature = "cli")]
mod pairs;
mod panel;
mod predict;
pub mod random;
mod sample;
mod select;
pub mod simulate;
mod staircase;
#[cfg(feature = "cli")]
mod terms;
#[cfg(test)]
mod tests;

pub use curve::{Class, Curve, Step};
pub use expected_units::{NoUnitLaw, Standing, UNIT_ALARM, UNIT_TOLERANCE, UnitCost, UnitLaw, judge_units};
pub use fit::{Fit, FitError, FitOptions, FittedStep, Parameter, band, fit};
pub use hold_out::{hold_out, hold_out_sizes};
pub use incremental_qr::{Ols, ols, polynomial};
pub use interval::Interval;
pub use observations::{Observations, ObservationsError};
#[cfg(feature = "cli")]
pub use pairs::ratios;
pub use predict::{MAX_EXTRAPOLATION, PredictError, Prediction, Predictor, Within};
#[cfg(feature = "cli")]
pub use terms::{Term, Terms, begins_above};

pub(crate) use form::Form;
pub(crate) use interval::Spread;
#[cfg(feature = "cli")]
pub(crate) use interval::t_quantile;
pub(crate) use panel::{Panel, median};
pub(crate) use predict::mean_cost;
pub(crate) use sample::Sample;
pub(crate) use staircase::Stairs;

/// A line through three points has one degree of freedom left, which shows next to nothing about its noise.
pub const MIN_SIZES: usize = 4;
