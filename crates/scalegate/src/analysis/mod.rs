//! Where records meet the pure stages: samples become observations, laws and a verdict.
//!
//! In: run records, baselines and the suite's tolerances. Out: the laws of a run, and a [`Check`]: the gate's findings with
//! what could not be compared and why; of several runs or models, laws over one another and [`Tradeoffs`] of cost and accuracy.
//! Nothing is decided here; the verdict is the gate's.

mod comparison;
mod laws;
mod notes;
mod overlay;
mod pairs;
mod tradeoff;
mod verdict;

pub use comparison::{Comparison, TokenRate, compare};
pub use laws::{AcceptedLaw, RunLaws, SeriesFit, SeriesLaw, Unfitted, fit_run, fit_series, laws, observations};
pub use notes::{Fact, Note};
pub use overlay::{Line, Overlay, overlays};
pub use pairs::{Control, PAIR_METRICS, PairCheck, check_pairs, ratios};
pub use tradeoff::{Absence, Absent, Point, Tradeoff, Tradeoffs, text_workload, tradeoffs};
pub use verdict::{Check, Expected, check};
