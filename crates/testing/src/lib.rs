//! What the tests of several packages share: a working directory with a command that is run in it, and made-up costs.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

mod costs;
mod place;

pub use costs::{HEAD, TOKENS, line, rows};
pub use place::{Place, stderr, stdout};
