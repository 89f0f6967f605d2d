//! Programs under the gate: commands that a configuration names, as their owner would meet it.
//!
//! Costs are what scripts print, or are compared with what the kernel says of the same processes; no time is asserted.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod example;
mod laws;
mod pairs;
mod place;
mod placeholders;
mod processes;
