//! The gate: does a run still scale as its baseline does?
//!
//! In go [`Case`]s (the observations of a run and of its baseline, by workload and metric, with tolerances), out comes a
//! [`Report`]: a [`Finding`] per gated quantity, in numbers, and one [`Verdict`]. [`decide`] is the only place
//! where a verdict is made; text, HTML and exit codes take theirs from it. The module is pure, as [`crate::law`] is.

mod between_runs;
mod budget;
mod case;
mod change;
mod expected_units;
mod finding;
mod interim;
mod policy;
#[cfg(test)]
mod tests;
mod two_laws;

pub use budget::Budget;
pub use case::{Case, Demand, EVERY_WORKLOAD, Quantity, Scope};
pub use expected_units::{FoundUnits, UnitCheck, UnitSeries};
pub use finding::{Finding, Outcome, Range, Reason, Report, Side, Verdict};
pub use interim::{Stopped, is_decided, looks, play};
pub use policy::{Policy, decide, decide_with, decide_with_budgets};
