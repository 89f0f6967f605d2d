//! Tests that meet scalegate as its users do: through its binary, its bench targets and its files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accuracy;
mod bad_image;
mod bad_model;
mod bad_record;
mod bad_suite;
mod bench_join;
mod bench_target;
mod check;
mod compare;
mod compress;
mod compress_inputs;
mod continuations;
mod counts;
mod degenerate;
mod embedding;
mod expected_knee;
mod export;
mod families;
mod fit;
mod foreign_models;
mod foreign_vlms;
mod hosts;
mod import;
mod import_tools;
mod inference;
mod onnxruntime;
mod prompt_file;
mod report;
mod resources;
#[cfg(unix)]
mod rounds;
mod support;
mod towers;
mod vlms;
