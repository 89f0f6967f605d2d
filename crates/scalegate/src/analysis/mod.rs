//! Where records meet the pure stages: samples become observations, laws and a verdict.
//!
//! In: run records, baselines and the suite's tolerances. Out: the laws of a run, and a [`Check`]: the gate's findings with
//! what could not be compared and why; of several runs or models, laws over one another and [`Tradeoffs`] of cost and accuracy.
//! Nothing is decided here; the verdict is the gate's.

mod check;
mod compare;
mod fits;
mod laws;
mod notes;
mod overlay;
mod tradeoff;

pub use check::{Check, Expected, check};
pub use compare::{Comparison, TokenRate, compare};
pub use fits::{SeriesFit, Unfitted, fit_run, fit_series, observations};
pub use laws::{AcceptedLaw, RunLaws, SeriesLaw, laws};
pub use notes::{Fact, Note};
pub use overlay::{Line, Overlay, overlays};
pub use tradeoff::{Absent, Point, Tradeoff, Tradeoffs, text_workload, tradeoffs};
