//! Outcomes of quantities, and how they join to a verdict.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is known about one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The change is shown to lie within the tolerance.
    Pass,
    /// The change is shown to be an improvement beyond the tolerance.
    Improved,
    /// The change is shown to be a regression beyond the tolerance.
    Regressed,
    /// Neither is shown, or something is missing.
    Inconclusive,
}

impl Outcome {
    /// Every outcome, in the order in which a reader wants them.
    pub const WORST_FIRST: [Self; 4] = [Self::Regressed, Self::Improved, Self::Inconclusive, Self::Pass];
}

/// What is known about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every quantity passes.
    Pass,
    /// Some improved, the others pass.
    Improved,
    /// Some regressed, none improved.
    Regressed,
    /// Some regressed and some improved.
    Mixed,
    /// None regressed, and not all are decided.
    Inconclusive,
}

impl Verdict {
    /// Joins outcomes: a regression with an improvement is mixed, a regression outweighs what is undecided, and what is
    /// undecided outweighs a pass. Nothing at all is inconclusive.
    pub fn join(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let (mut any, mut improved, mut regressed, mut inconclusive) = (false, false, false, false);
        for outcome in outcomes {
            any = true;
            match outcome {
                Outcome::Pass => {}
                Outcome::Improved => improved = true,
                Outcome::Regressed => regressed = true,
                Outcome::Inconclusive => inconclusive = true,
            }
        }
        match (regressed, improved) {
            (true, true) => Self::Mixed,
            (true, false) => Self::Regressed,
            _ if inconclusive || !any => Self::Inconclusive,
            (false, true) => Self::Improved,
            (false, false) => Self::Pass,
        }
    }

    /// The exit code of a check: 0 to go on, 1 to stop, 3 when nobody knows.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass | Self::Improved => 0,
            Self::Regressed | Self::Mixed => 1,
            Self::Inconclusive => 3,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Improved => "improved",
            Self::Regressed => "regressed",
            Self::Inconclusive => "inconclusive",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Improved => "improved",
            Self::Regressed => "regressed",
            Self::Mixed => "mixed",
            Self::Inconclusive => "inconclusive",
        })
    }
}
