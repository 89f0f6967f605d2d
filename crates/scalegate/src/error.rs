//! The one error that users meet: where it happened, why, and what to do about it.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// An error that names its place, its cause and its remedy.
///
/// Every failure that can reach a user is one of these, so that no message can leave out the part that helps. Pure
/// modules ([`crate::law`]) have error types of their own, which callers wrap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{place}: {cause}\n  help: {remedy}")]
pub struct Error {
    place: String,
    cause: String,
    remedy: String,
}

impl Error {
    /// `place` is a path, a path with a line, or the name of a workload; `cause` is what is wrong there; `remedy` is
    /// what the user can do next.
    pub fn new(place: impl Display, cause: impl Display, remedy: impl Display) -> Self {
        Self { place: place.to_string(), cause: cause.to_string(), remedy: remedy.to_string() }
    }

    /// The same error seen from further away: `context`, as `sort/stable at size 4000`, stands before the place.
    #[must_use]
    pub fn context(self, context: impl Display) -> Self {
        Self { place: format!("{context}: {}", self.place), ..self }
    }

    /// Where it happened.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What the user can do.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

/// A result whose error a user can act on.
pub type Result<T, E = Error> = std::result::Result<T, E>;
