//! When a case was measured, so that the log of a meter can be read later too.

use serde::{Deserialize, Serialize};

/// The windows of one size in one round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Position on the axis.
    pub size: u64,
    /// Round, from 0.
    pub round: u32,
    /// Inferences in the busy window.
    pub inferences: u64,
    /// Loaded, and doing nothing.
    pub before: Span,
    /// Running inferences.
    pub busy: Span,
    /// Doing nothing again.
    pub after: Span,
}

/// A span of time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Its start.
    pub from_s: f64,
    /// Its end, later than the start.
    pub to_s: f64,
}

impl Span {
    /// How long it is, in seconds.
    pub fn duration_s(self) -> f64 {
        self.to_s - self.from_s
    }
}

impl Window {
    /// Whether its numbers can be times of one case.
    pub(super) fn is_sound(&self) -> bool {
        let spans = [self.before, self.busy, self.after];
        let is_span = |span: &Span| span.from_s.is_finite() && span.to_s.is_finite() && span.from_s < span.to_s;
        self.inferences > 0 && spans.iter().all(is_span)
    }
}
