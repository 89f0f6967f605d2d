//! Tests that meet `scalegate-compress` as its users do, and of the models that it compares.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod compress;
mod compress_inputs;
mod continuations;
mod embedding;
mod support;
