//! Things that are run at one size of one axis.
//!
//! In: the suite's sizes. Out: a [`Workload`] that prepares a size outside the timed part and then runs one inference
//! after the other. Measuring knows this trait and nothing of tract, so that anybody's Rust code can be put under the
//! same gate.

mod foreign_vlm;
mod llm;
pub mod photo;
mod prompt;
mod registry;
pub mod subject;
mod vlm;

use std::collections::BTreeMap;

pub use registry::Registry;

use crate::Result;
use crate::suite::Axis;

/// A thing that is run, and the axis that its cost is a function of.
pub trait Workload {
    /// A name of the form `family/phase`, for instance `llm/prefill`.
    fn name(&self) -> &str;

    /// What the sizes count.
    fn axis(&self) -> Axis;

    /// Sizes in ascending order, each once.
    fn sizes(&self) -> Vec<u64>;

    /// What defines the work beside its size, by name: series with different settings are never compared.
    fn protocol(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Tokens that one inference at `size` reads and makes; `None` for what has no tokens.
    fn tokens(&self, _size: u64) -> Option<u64> {
        None
    }

    /// Loads and makes all that an inference at `size` needs; not measured.
    ///
    /// # Errors
    /// A model or an input that cannot be used.
    fn prepare(&self, size: u64) -> Result<Box<dyn Prepared>>;
}

/// A workload that is ready to run at one size.
pub trait Prepared {
    /// Brings back the state that an inference starts from; not measured.
    fn reset(&mut self) {}

    /// One inference; this is what is measured.
    ///
    /// # Errors
    /// An inference that failed; its cost is not recorded.
    fn run(&mut self) -> Result<()>;
}
