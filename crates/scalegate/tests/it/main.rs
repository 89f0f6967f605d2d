//! Tests that meet scalegate as its users do: through its binary and its files.
//!
//! What it says is a snapshot, so that a changed word is one reviewed diff; numbers and outcomes are asserted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod bad_record;
mod budget;
mod check;
mod compare;
mod configuration;
mod degenerate;
mod energy;
mod export;
mod fit;
mod help;
mod hosts;
mod import;
mod import_bad_input;
mod import_sizes;
mod import_tools;
mod init;
mod older_schema;
mod package;
mod predict;
mod report;
mod servers;
mod staircase;
mod summary;
mod support;
