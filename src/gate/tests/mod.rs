//! The gate on simulated suites.

mod measure;
mod missing;
mod planted;
mod properties;
mod sequential;
mod suite;
