//! Tests that meet scalegate as its users do: through its binary, its bench targets and its files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_image;
mod bad_model;
mod bad_record;
mod bad_suite;
mod bench_join;
mod bench_target;
mod check;
mod counts;
mod degenerate;
mod fit;
mod import;
mod inference;
mod onnxruntime;
mod report;
mod resources;
mod schema;
mod support;
