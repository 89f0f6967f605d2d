//! The record of a run: raw samples with the fingerprints of what made them.
//!
//! In: samples from [`measure`](crate::measure) or from an import. Out: one versioned JSON document that a later version
//! can fit again. Nothing is derived here and nothing is dropped; a metric that could not be measured says why.

mod expected_units;
mod file;
mod fingerprint;
mod functions;
mod join;
mod key;
#[cfg(feature = "cli")]
mod pairs;
mod run;
mod window;

pub use expected_units::{ExpectedUnits, InputUnit, UnitMap};
pub use file::{Document, check_place, read_json, write_json};
pub use fingerprint::{Build, Difference, Host, Program, Provenance, UNKNOWN};
pub use functions::{Functions, Graph, Node, WorkloadFunctions};
pub use join::{Absorbed, Join, absorb, extend};
pub use key::SeriesKey;
#[cfg(feature = "cli")]
pub use pairs::{Arm, Block, PairRecord, PairRound, PairSeries, Slice};
pub use run::{Run, Sample, Series};
pub use window::{Span, Window};
