//! A plan that is ready to run, and the guard around tract.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::TypedSimpleState;
use tract_onnx::tract_hir::internal::*;
use tract_transformers::ops::flash_sdpa::TRACT_FLASH_SDPA_ST;

use super::optimise::optimised;
use super::rewrite::{Applied, Counts, rewritten};
use super::threads::Threads;
use super::trace;
use crate::{Error, Result};

/// What helps against any model that does not load or run.
pub(super) const REMEDY: &str =
    "export the model again; if the suite wrote it, delete its directory and the next run writes it anew";

/// How models are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads that share the work; one is the thread that calls.
    pub threads: NonZeroUsize,
    /// Whether graphs are rewritten when they are loaded, so that what an exporter made of attention costs what attention
    /// costs; see `docs/models.md`. Without, a file is run as it was exported.
    pub rewrites: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: NonZeroUsize::MIN, rewrites: true }
    }
}

impl From<NonZeroUsize> for Options {
    fn from(threads: NonZeroUsize) -> Self {
        Self { threads, ..Self::default() }
    }
}

/// The options, with the threads started. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Runtime {
    /// Absent for the thread that calls.
    threads: Option<Threads>,
    rewrites: bool,
}

impl Default for Runtime {
    fn default() -> Self {
        Self { threads: None, rewrites: Options::default().rewrites }
    }
}

impl Runtime {
    pub(super) fn of(options: Options) -> Result<Self> {
        let Options { threads, rewrites } = options;
        let is_one = threads == NonZeroUsize::MIN;
        let threads = if is_one { None } else { Some(Threads::start(threads)?) };
        Ok(Self { threads, rewrites })
    }

    /// `model`, which was read from `path`, after the rules that apply to it, and which those are. `counts` says what is known of
    /// its lengths; without that, nothing applies.
    pub(super) fn rewritten(
        &self,
        path: &Path,
        model: TypedModel,
        counts: Option<&Counts>,
    ) -> Result<(TypedModel, Applied)> {
        match counts {
            Some(counts) if self.rewrites => guarded(path, "rewrite", || rewritten(model, counts)),
            _ => Ok((model, Applied::default())),
        }
    }
}

/// An optimised model. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    path: PathBuf,
    runnable: Arc<TypedRunnableModel>,
    inputs: Vec<String>,
    applied: Applied,
    threads: Option<Threads>,
}

impl Plan {
    /// Optimises `model`, which was read from `path`.
    pub(super) fn new(path: &Path, model: TypedModel, runtime: &Runtime) -> Result<Self> {
        // tract's attention kernel spreads heads over all cores, whatever the number of threads that was asked for. On one
        // thread wall time is CPU time, and a decode step does not wait for a pool to wake up (16 tokens of context: 0.62
        // of the time).
        TRACT_FLASH_SDPA_ST.set(true);
        let options = RunOptions { executor: runtime.threads.as_ref().map(Threads::executor), ..RunOptions::default() };
        let runnable = guarded(path, "optimise", || optimised(model)?.into_runnable_with_options(&options))?;
        let model = runnable.model();
        let inputs = model.inputs.iter().map(|input| model.node(input.node).name.clone()).collect();
        Ok(Self { path: path.into(), runnable, inputs, applied: Applied::default(), threads: runtime.threads.clone() })
    }

    /// The same, made from a model to which these rewrites applied.
    pub(super) fn with_rewrites(self, applied: Applied) -> Self {
        Self { applied, ..self }
    }

    /// The rewrites that applied to the model.
    pub(super) fn applied(&self) -> &Applied {
        &self.applied
    }

    /// The kinds of operators that run.
    #[cfg(test)]
    pub(super) fn operators(&self) -> Vec<String> {
        self.runnable.model().nodes().iter().map(|node| node.op.name().into_owned()).collect()
    }

    /// The file that the plan was made from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the inputs, in the order in which [`Plan::run`] takes them.
    pub(super) fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Type and shape of input `index`.
    pub(super) fn input_fact(&self, index: usize) -> Result<&TypedFact> {
        self.runnable.model().input_fact(index).map_err(|cause| self.error("describe", &cause))
    }

    /// Type and shape of output `index`.
    pub(super) fn output_fact(&self, index: usize) -> Result<&TypedFact> {
        self.runnable.model().output_fact(index).map_err(|cause| self.error("describe", &cause))
    }

    /// A state with an empty cache; takes microseconds.
    pub(super) fn spawn(&self) -> Result<TypedSimpleState> {
        self.runnable.spawn().map_err(|cause| self.error("start", &cause))
    }

    /// A forward pass.
    pub(super) fn run(&self, state: &mut TypedSimpleState, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        let _awake = self.threads.as_ref().map(Threads::awake);
        guarded(
            &self.path,
            "run",
            || if trace::is_wanted() { self.run_traced(state, inputs) } else { state.run(inputs) },
        )
    }

    /// The same with a clock around each node.
    ///
    /// It evaluates nodes by itself: with a second caller, tract's own `eval` is no longer inlined into its loop over nodes, and
    /// what is measured would pay for that.
    #[cold]
    #[inline(never)]
    fn run_traced(&self, state: &mut TypedSimpleState, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        state.run_plan_with_eval(inputs, |context, state, node, inputs| {
            let start = Instant::now();
            let results = match state {
                Some(state) => state.eval(context, node.op.as_op(), inputs),
                None => node.op.eval(context, inputs),
            };
            let took = start.elapsed();
            if let Ok(results) = &results {
                trace::ran(&self.path, &self.applied, node, results, took);
            }
            results
        })
    }

    fn error(&self, verb: &str, cause: &TractError) -> Error {
        tract_error(&self.path, verb, cause)
    }
}

/// The values of a tensor of floats of any kind, in order.
pub(super) fn floats(tensor: &Tensor) -> TractResult<Vec<f32>> {
    let tensor = tensor.cast_to::<f32>()?;
    let view = tensor.to_plain_array_view::<f32>()?;
    // The iterator over a view of any rank takes some 40 instructions per value: 2 % of a decode step.
    Ok(view.as_slice().context("a tensor with gaps")?.to_vec())
}

/// Runs a step of tract, and makes an error of its errors and of its panics.
///
/// tract indexes and unwraps on the promise that a graph is sound; an untrusted file need not be.
pub(super) fn guarded<T>(path: &Path, verb: &str, step: impl FnOnce() -> TractResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(cause)) => Err(tract_error(path, verb, &cause)),
        Err(_) => Err(Error::new(path.display(), format!("cannot {verb} the model: tract gave up on it"), REMEDY)),
    }
}

fn tract_error(path: &Path, verb: &str, cause: &TractError) -> Error {
    // The alternate form is the chain of causes on one line, without a backtrace.
    Error::new(path.display(), format!("cannot {verb} the model: {cause:#}"), REMEDY)
}
