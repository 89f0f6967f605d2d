//! Costs against the units that inputs are expected to become, as the image tokens of an encoder.

use super::{Finding, Outcome, Quantity, Range, Reason, Scope};
use crate::law::{NoUnitLaw, Standing, UNIT_TOLERANCE, UnitCost, UnitLaw};
use crate::metric::Metric;
use crate::record::InputUnit;
use crate::workload::WorkloadName;
use crate::{Axis, Resolution};

/// A series whose costs have to be those of its expected units.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitCheck {
    /// The class of hosts that was measured.
    pub host: String,
    /// As `vlm/encode`.
    pub workload: WorkloadName,
    /// What was measured.
    pub metric: Metric,
    /// What sizes count.
    pub axis: Axis,
    /// The units and what the costs say of them, as a function of the rate of false alarms; or why nothing is known of them.
    pub expected: Result<UnitSeries, Reason>,
}

/// Costs by size with the units that were expected.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitSeries {
    /// What is counted.
    pub unit: InputUnit,
    /// The costs.
    pub observations: crate::law::Observations,
    /// The units by size.
    pub by_size: std::collections::BTreeMap<u64, u64>,
    /// The images by size, where they are known.
    pub images: std::collections::BTreeMap<u64, Resolution>,
}

impl UnitSeries {
    /// What the costs say, with a rate of false alarms over all sizes.
    ///
    /// # Errors
    /// As [`judge_units`](crate::law::judge_units).
    pub fn judged(&self, alarm: f64) -> Result<UnitLaw, NoUnitLaw> {
        let units = |size: f64| self.by_size.get(&(size as u64)).map(|units| *units as f64);
        crate::law::judge_units(&self.observations, units, alarm)
    }
}

/// The units of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundUnits {
    /// What is counted.
    pub unit: InputUnit,
    /// The image, where it is known.
    pub image: Option<Resolution>,
}

impl UnitCheck {
    /// One finding for the series: the size that costs the most beyond its units if one is shown to, else what is not shown of one, else
    /// the dearest of those that pass. There is nothing to look at again with more rounds: each look is at all that was measured.
    pub(super) fn finding(&self, alarm: f64) -> Finding {
        let base = Finding {
            tolerance: Some(UNIT_TOLERANCE),
            ..Finding::open(&self.host, &self.workload, self.metric, &self.axis, Scope::Shape, Quantity::ExpectedUnits)
        };
        let series = match &self.expected {
            Ok(series) => series,
            Err(reason) => return Finding { reason: Some(reason.clone()), ..base },
        };
        let law = match series.judged(alarm) {
            Ok(law) => law,
            Err(fault) => return Finding { reason: Some(Reason::NoUnitLaw(fault)), ..base },
        };
        let dearest = |standing: Standing| {
            let its = law.sizes.iter().filter(move |its| its.standing == standing);
            its.max_by(|a, b| a.excess.estimate.total_cmp(&b.excess.estimate))
        };
        let order = [
            (Standing::Above, Outcome::Regressed),
            (Standing::Unclear, Outcome::Inconclusive),
            (Standing::Within, Outcome::Pass),
        ];
        let found = order.into_iter().find_map(|(standing, outcome)| Some((dearest(standing)?, outcome)));
        let Some((&UnitCost { size, expected, equivalent, excess, .. }, outcome)) = found else { return base };
        let image = series.images.get(&(size as u64)).copied();
        Finding {
            range: Some(Range { smallest: size, largest: size, bend: size }),
            baseline: Some(expected),
            run: equivalent,
            change: Some(excess),
            confidence: Some(1.0 - alarm),
            units: Some(FoundUnits { unit: series.unit, image }),
            outcome,
            ..base
        }
    }
}
