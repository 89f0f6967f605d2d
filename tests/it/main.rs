//! Tests that meet scalegate as its users do: through its binary, its bench targets and its files.

mod bad_record;
mod bad_suite;
mod check;
mod fit;
mod import;
mod inference;
mod onnxruntime;
mod report;
mod schema;
mod support;
