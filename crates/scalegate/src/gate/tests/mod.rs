//! The gate on simulated suites.

mod missing;
mod planted;
mod properties;
mod sequential;
mod suite;
