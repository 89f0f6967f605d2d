//! Things that are run at one size of one axis.
//!
//! In: sizes. Out: a [`Workload`] that prepares a size outside of the measured part and then runs one inference, or one call,
//! after the other. Measuring knows this trait and nothing of what runs.

mod name;
mod parts;

use std::collections::BTreeMap;
use std::hint::black_box;

use crate::record::ExpectedUnits;
use crate::{Axis, Result};

pub use name::WorkloadName;
pub use parts::{PartTime, Parts};

/// A thing that is run, and the axis that its cost is a function of.
///
/// [`Bench::workload`](crate::Bench::workload) makes one of closures; implement it for what needs more, as a model that
/// several sizes share.
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

    /// What the configuration of an image processor says that the input of each size becomes, by which the measured costs are judged. It
    /// may read that configuration, and runs nothing of the model; `None` for what has none.
    fn expected_units(&self) -> Option<ExpectedUnits> {
        None
    }

    /// Loads what all sizes share, as a model; not measured. The sizes can then be counted in copies of one process, so that it is loaded
    /// once below Valgrind. It starts no threads.
    ///
    /// # Errors
    /// A model that cannot be used.
    fn load(&self) -> Result<()> {
        Ok(())
    }

    /// Loads and makes all that an inference at `size` needs, whether [`Workload::load`] was called before or not; not measured.
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

    /// One inference with a clock around each of its parts, as the nodes of a graph; `None` for what has none that it knows. It tells
    /// `scalegate why` what runs, and where wall time changed; no verdict rests on it.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    fn run_in_parts(&mut self) -> Result<Option<Parts>> {
        Ok(None)
    }

    /// How long the last inference took in seconds, if it was not the clock around [`Prepared::run`] that tells: a program may report
    /// the time itself.
    fn reported_s(&self) -> Option<f64> {
        None
    }

    /// How long a start took right before the last inference, in seconds, if it is to be subtracted.
    fn startup_s(&self) -> Option<f64> {
        None
    }

    /// The kernel's peak of the resident memory of the processes that the last inference ran in, in bytes; `None` for what
    /// runs in this process.
    fn peak_bytes(&self) -> Option<f64> {
        None
    }
}

/// Says what is wrong with the name of a workload.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"',".contains(c);
    let is_name = !name.is_empty() && name.chars().all(is_plain);
    is_name.then_some(()).ok_or_else(|| format!("`{name}` is no name for a workload"))
}

/// Says what is wrong with a list of sizes, which has to ascend from above zero.
pub(crate) fn check_sizes(sizes: &[u64]) -> Result<(), String> {
    match sizes.first() {
        None => return Err("it has no sizes".to_owned()),
        Some(0) => return Err("a size of zero".to_owned()),
        Some(_) => {}
    }
    match sizes.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) if pair[0] == pair[1] => Err(format!("size {} is listed twice", pair[0])),
        Some(pair) => Err(format!("size {} stands after a larger one", pair[1])),
        None => Ok(()),
    }
}

/// A workload made of closures.
pub(crate) struct Closure<F> {
    pub(crate) name: String,
    pub(crate) axis: Axis,
    pub(crate) sizes: Vec<u64>,
    pub(crate) prepare: F,
}

impl<F: Fn(u64) -> Box<dyn Prepared>> Workload for Closure<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn axis(&self) -> Axis {
        self.axis.clone()
    }

    fn sizes(&self) -> Vec<u64> {
        self.sizes.clone()
    }

    fn prepare(&self, size: u64) -> Result<Box<dyn Prepared>> {
        Ok((self.prepare)(size))
    }
}

/// A routine that takes nothing and can run again at once. Its output is dropped after the measured part.
pub(crate) struct Routine<R, O> {
    pub(crate) routine: R,
    pub(crate) output: Option<O>,
}

impl<R: FnMut() -> O, O> Prepared for Routine<R, O> {
    fn reset(&mut self) {
        self.output = None;
    }

    fn run(&mut self) -> Result<()> {
        self.output = Some(black_box((self.routine)()));
        Ok(())
    }
}

/// A routine that takes an input, which is made anew before each run and is no part of what is measured.
pub(crate) struct Batched<S, R, I, O> {
    pub(crate) size: u64,
    pub(crate) setup: S,
    pub(crate) routine: R,
    pub(crate) input: Option<I>,
    pub(crate) output: Option<O>,
}

impl<S: FnMut(u64) -> I, R: FnMut(I) -> O, I, O> Prepared for Batched<S, R, I, O> {
    fn reset(&mut self) {
        self.output = None;
        self.input = Some((self.setup)(self.size));
    }

    fn run(&mut self) -> Result<()> {
        // A first run that nobody has reset the state for.
        let input = self.input.take().unwrap_or_else(|| (self.setup)(self.size));
        self.output = Some(black_box((self.routine)(input)));
        Ok(())
    }
}
