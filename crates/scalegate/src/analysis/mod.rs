//! Where records meet the pure stages: samples become observations, laws and a verdict.
//!
//! In: run records, baselines and the suite's tolerances. Out: the laws of a run, and a [`Check`]: the gate's findings with
//! what could not be compared and why; of several runs or models, laws over one another and [`Tradeoffs`] of cost and accuracy.
//! Nothing is decided here; the verdict is the gate's.

#[cfg(feature = "cli")]
mod accepted;
mod budgets;
#[cfg(feature = "cli")]
mod comparison;
mod expected_units;
mod laws;
mod notes;
#[cfg(feature = "cli")]
mod overlay;
#[cfg(all(test, feature = "cli"))]
mod overload;
#[cfg(feature = "cli")]
mod pairs;
#[cfg(feature = "cli")]
mod paper;
#[cfg(feature = "cli")]
mod predictions;
#[cfg(feature = "cli")]
mod tradeoff;
mod verdict;

#[cfg(feature = "cli")]
pub use accepted::{AcceptedLaw, RunLaws, SeriesLaw, laws};
#[cfg(feature = "cli")]
pub use budgets::check_budgets;
#[cfg(feature = "cli")]
pub use comparison::{Comparison, TokenRate, compare, series_differences};
pub use expected_units::UnitsFit;
pub use laws::{SeriesFit, Unfitted, fit_run, fit_series, observations};
pub use notes::{Fact, Note};
#[cfg(feature = "cli")]
pub use overlay::{Line, Overlay, overlays};
#[cfg(feature = "cli")]
pub use pairs::{Control, PAIR_METRICS, PairCheck, base_ratios, check_pairs, check_with_pairs, ratios};
#[cfg(feature = "cli")]
pub use paper::{Cell, Column, PaperRow, PaperTable, Withheld, paper_table};
#[cfg(feature = "cli")]
pub use predictions::predictor;
#[cfg(feature = "cli")]
pub use tradeoff::{Absence, Absent, Point, Tradeoff, Tradeoffs, text_workload, tradeoffs};
pub use verdict::{Check, Expected, check};
