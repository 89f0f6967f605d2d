//! Tests that meet the suite as its users do: through its bench targets, the commands, and its files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_image;
mod bad_model;
mod bad_suite;
mod bench_join;
mod bench_target;
mod chosen_resolutions;
mod counts;
mod expected_knee;
mod families;
mod inference;
mod near_patterns;
mod only_user_models;
mod onnxruntime;
mod perplexity;
mod prompt_file;
mod resources;
#[cfg(unix)]
mod rounds;
mod support;
mod towers;
mod user_models;
mod user_vlms;
mod vlms;
