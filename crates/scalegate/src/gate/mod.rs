//! The gate: does a run still scale as its baseline does?
//!
//! In go [`Case`]s (the observations of a run and of its baseline, by workload and metric, with tolerances), out comes a
//! [`Report`]: a [`Finding`] per gated quantity, in numbers, and one [`Verdict`]. [`decide`] is the only place
//! where a verdict is made; text, HTML and exit codes take theirs from it. The module is pure, as [`crate::law`] is.

mod case;
mod change;
mod comparison;
mod finding;
mod looks;
mod outcome;
mod policy;
mod quantity;
mod sequential;
#[cfg(test)]
mod tests;

pub use case::{Case, Scope};
pub use finding::{Finding, Range, Reason, Report, Side};
pub use looks::looks;
pub use outcome::{Outcome, Verdict};
pub use policy::{Policy, decide};
pub use quantity::Quantity;
pub use sequential::{Stopped, is_decided, play};
