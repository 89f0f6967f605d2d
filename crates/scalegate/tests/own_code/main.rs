//! Somebody else's package under the gate: `examples/own-code`, copied, edited and measured as its owner would.
//!
//! Only counts and files are asserted, and no time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod bad_input;
mod bisect;
mod interruption;
mod package;
mod pairs;
mod rounds;
mod tutorial;
mod why;
