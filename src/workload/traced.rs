//! What runs graphs, and tells their nodes.

use crate::{Result, inference};
use scalegate::Prepared;
use scalegate::workload::Parts;

/// An inference whose parts are the nodes of the graphs that it runs.
pub(super) struct Traced<P>(pub(super) P);

impl<P: Prepared> Prepared for Traced<P> {
    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self) -> Result<()> {
        self.0.run()
    }

    fn run_in_parts(&mut self) -> Result<Option<Parts>> {
        inference::traced(|| self.0.run()).map(Some)
    }
}
