//! What the gate found, in numbers, and what it comes to. The words are made by `report`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FoundUnits, Quantity, Scope};
use crate::Axis;
use crate::law::{Class, FitError, Interval, NoUnitLaw};
use crate::metric::Metric;
use crate::record::{Difference, SeriesKey};
use crate::workload::WorkloadName;

/// The outcome of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The class of hosts that was measured.
    pub host: String,
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// As `wall_time`.
    pub metric: Metric,
    /// What sizes count.
    pub axis: Axis,
    /// The unit of costs, as `s`.
    pub cost_unit: String,
    /// Whether costs or shapes were compared.
    pub scope: Scope,
    /// What was compared.
    pub quantity: Quantity,
    /// The classes of the two laws; `None` if there are no laws to compare.
    pub classes: Option<(Class, Class)>,
    /// The sizes at which costs were read off the laws.
    pub range: Option<Range>,
    /// The value of the baseline, if it has one.
    pub baseline: Option<f64>,
    /// The value of the run, if it has one.
    pub run: Option<f64>,
    /// The change from baseline to run, if there are numbers to compare.
    pub change: Option<Interval>,
    /// Whether `change` and `tolerance` are relative (0.1 is 10 %), and not differences.
    pub relative: bool,
    /// The confidence of `change`: that of an alarm for a regression or an improvement, else that of a pass.
    pub confidence: Option<f64>,
    /// The change that is tolerated.
    pub tolerance: Option<f64>,
    /// What is known.
    pub outcome: Outcome,
    /// Why nothing was compared, if nothing was.
    pub reason: Option<Reason>,
    /// Whether both sides were measured in pairs of rounds, and are two revisions of the sources.
    pub paired: bool,
    /// The number of accepted runs that the change is from, if what differs between runs is in its interval.
    pub accepted_runs: Option<usize>,
    /// Of growth to a size, how many steps there are up to it on both sides, if both are staircases.
    pub steps: Option<(usize, usize)>,
    /// Of costs against expected units, what is counted and of which image: `baseline` are the units that were expected there, `run` those
    /// that the cost stands for.
    pub units: Option<FoundUnits>,
}

impl Finding {
    /// One that knows nothing yet: inconclusive, without numbers or a reason.
    pub(crate) fn open(
        host: &str,
        workload: &WorkloadName,
        metric: Metric,
        axis: &Axis,
        scope: Scope,
        quantity: Quantity,
    ) -> Self {
        Self {
            host: host.to_owned(),
            workload: workload.clone(),
            metric,
            axis: axis.clone(),
            cost_unit: metric.unit().to_owned(),
            scope,
            quantity,
            classes: None,
            range: None,
            baseline: None,
            run: None,
            change: None,
            relative: true,
            confidence: None,
            tolerance: None,
            outcome: Outcome::Inconclusive,
            reason: None,
            paired: false,
            accepted_runs: None,
            steps: None,
            units: None,
        }
    }

    /// Which series was compared.
    pub fn key(&self) -> SeriesKey {
        SeriesKey::new(self.workload.clone(), self.metric)
    }
}

/// The sizes at which costs are read off a law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The smallest size.
    pub smallest: f64,
    /// The largest size.
    pub largest: f64,
    /// Where growth above the knee starts; the smallest size without a knee.
    pub bend: f64,
}

/// One of the two that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What was accepted, or the first of two runs.
    Baseline,
    /// What is checked, or the second of two runs.
    Run,
}

/// Why a case is not compared. Those of the caller, in [`Case::withheld`](super::Case), come first.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The record has no such series.
    NotMeasured,
    /// A required metric that the record has no series of, and the baselines neither.
    NowhereMeasured {
        /// The metric.
        metric: Metric,
    },
    /// One of two runs has no such series.
    NotMeasuredBy(Side),
    /// The record says why there are no samples.
    Unavailable(String),
    /// Nothing was accepted that holds on every host.
    NoPortableBaseline,
    /// The class of hosts has baselines, and none of this.
    NoHostBaseline {
        /// The class.
        class: String,
    },
    /// No counts were accepted under this key.
    NoCounts {
        /// The metric that is counted.
        metric: Metric,
        /// The key of the record.
        key: String,
        /// Keys under which there are counts.
        others: Vec<String>,
    },
    /// A class of hosts that has to be there has no record.
    NoRecord {
        /// The class.
        class: String,
    },
    /// The two were measured under other circumstances or in other settings.
    Differs(Vec<Difference>),
    /// The samples of a side are no observations, with what is wrong with them.
    Unusable(Side, String),
    /// A tolerance that is not a positive number.
    Tolerance {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A side has nothing to compare.
    Absent(Side),
    /// The first interim look at the run is still to come.
    TooFewRounds {
        /// The rounds that the run has.
        taken: usize,
        /// The rounds at the first look.
        first: u32,
        /// The most rounds that it takes.
        max: u32,
    },
    /// The run lacks a size of the baseline.
    MissingSize {
        /// The size.
        size: f64,
        /// What it counts.
        axis: Axis,
    },
    /// The two sides don't have the same sizes in two rounds or more.
    NoCommonSizes,
    /// The sizes are too few for a law of that class.
    TooFewSizes(Class),
    /// The value of a side is zero, of which there is no relative change.
    Zero(Side),
    /// A side has several numbers where there should be one.
    SeveralValues(Side),
    /// A side has one round, which doesn't show its noise.
    OneRound(Side),
    /// No law fits the costs of a side.
    NoLaw(Side, FitError),
    /// The record does not say what its images are expected to become.
    NoExpectedUnits,
    /// The costs say nothing of the units that were expected.
    NoUnitLaw(NoUnitLaw),
    /// What preprocessing costs at the same sizes was not measured, so that it can't be subtracted.
    NoPreprocessing,
    /// What should be pairs of rounds lacks a size or a round on one side.
    NotInPairs,
    /// The same program differs from itself by more than its rounds explain.
    NotItself {
        /// The change that it shows, relative.
        change: Interval,
    },
}

/// All findings of a check and what they come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The joined outcome.
    pub verdict: Verdict,
    /// In the order of the cases.
    pub findings: Vec<Finding>,
    /// What could not be decided and is not required: no part of the verdict.
    pub undecided: Vec<Finding>,
}

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
