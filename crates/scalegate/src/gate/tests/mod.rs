//! The gate on simulated suites.

mod interim;
mod missing;
mod properties;
mod seeded;
mod suite;
