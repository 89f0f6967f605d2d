//! The gate on simulated suites.

mod interim;
mod missing;
mod pairs;
mod properties;
mod seeded;
mod suite;
