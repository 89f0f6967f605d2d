//! Findings in words that a reviewer understands.

use super::comparison::{Item, Laws};
use super::{Case, Outcome, Quantity};
use crate::law::Interval;
use crate::units::cost;

/// The unit of a quantity's values; empty for a pure number.
pub(super) fn unit(case: &Case, quantity: Quantity) -> String {
    match quantity {
        Quantity::Breakpoint => case.axis.clone(),
        Quantity::Slope => format!("{}/{}", case.unit, case.axis.trim_end_matches('s')),
        q if q.has_cost_unit() => case.unit.clone(),
        _ => String::new(),
    }
}

/// What happened to a quantity: what it was and is, by how much it changed, and what is tolerated.
pub(super) fn judged(
    case: &Case,
    laws: &Laws,
    item: &Item,
    outcome: Outcome,
    change: Option<Interval>,
    tolerance: f64,
) -> String {
    let from_to = from_to(case, laws, item, outcome);
    let amount = |v: f64| {
        if item.quantity.is_relative() { relative(v) } else { format!("{v:+.3}") }
    };
    let tolerated = if item.quantity.is_relative() {
        format!("±{} %", significant(100.0 * tolerance))
    } else {
        format!("±{}", significant(tolerance))
    };
    let Some(change) = change else {
        return format!("{from_to}: the change can't be told from the noise");
    };
    let span = format!("{}, between {} and {}", amount(change.estimate), amount(change.lower), amount(change.upper));
    match outcome {
        Outcome::Inconclusive => {
            let why = if change.lower > tolerance || change.upper < -tolerance {
                "likely beyond, but not sure enough for an alarm"
            } else {
                "neither shown to be within nor beyond"
            };
            format!("{from_to} ({span}): {why} {tolerated}; more rounds or less noise would decide")
        }
        _ => format!("{from_to} ({span}; {tolerated} tolerated)"),
    }
}

/// What happened to the class of a law.
pub(super) fn class(laws: &Laws, outcome: Outcome) -> String {
    let (before, after) = laws.classes;
    match outcome {
        _ if before == after => format!("law is {after}, as before"),
        Outcome::Pass => format!("law is called {after}, before {before}: both agree within the tolerances"),
        Outcome::Inconclusive => format!("law is called {after}, before {before}: not shown to differ or to agree"),
        _ => format!("law went from {before} to {after}"),
    }
}

fn from_to(case: &Case, laws: &Laws, item: &Item, outcome: Outcome) -> String {
    let range = laws.range;
    let at = |n: f64| size(n, &case.axis);
    let costs = |v: f64| cost(v, &case.unit);
    let (before, after) = (item.baseline, item.run);
    match item.quantity {
        Quantity::Breakpoint => {
            let (from, to) = (at(before), at(after));
            if outcome == Outcome::Pass {
                format!("knee at {to}, before {from}")
            } else {
                format!("knee moved from {from} to {to}")
            }
        }
        Quantity::Knee => {
            let came = laws.classes.1 == crate::law::Class::Knee;
            let what = match (outcome, came) {
                (Outcome::Regressed | Outcome::Improved, true) => "appeared",
                (Outcome::Regressed | Outcome::Improved, false) => "vanished",
                (_, true) => "is seen in the run only",
                (_, false) => "is seen in the baseline only",
            };
            let growth = |v: f64| format!("{}×", significant(v));
            let to = at(range.largest);
            format!(
                "knee at {} {what}: from there to {to} cost grows {}, before {}",
                at(range.bend),
                growth(after),
                growth(before)
            )
        }
        Quantity::Slope => {
            let per = case.axis.trim_end_matches('s');
            format!("slope from {} to {} per {per}", costs(before), costs(after))
        }
        Quantity::CostSmallest => format!("cost at {} from {} to {}", at(range.smallest), costs(before), costs(after)),
        Quantity::CostLargest => format!("cost at {} from {} to {}", at(range.largest), costs(before), costs(after)),
        Quantity::Level => format!("cost at the knee from {} to {}", costs(before), costs(after)),
        Quantity::CurvatureShare => format!("share of curvature from {before:.3} to {after:.3}"),
        Quantity::SlopeRatio => format!("slope above over slope below the knee from {before:.3} to {after:.3}"),
        Quantity::Growth => {
            let (from, to) = (at(range.smallest), at(range.largest));
            format!("growth of cost from {from} to {to}: {}×, before {}×", significant(after), significant(before))
        }
        Quantity::Value => {
            format!("{} from {before:.2} to {after:.2}", case.metric)
        }
        Quantity::All | Quantity::Class => String::new(),
    }
}

/// A size with its unit: pixels as megapixels.
fn size(n: f64, axis: &str) -> String {
    match axis {
        "pixels" if n >= 1e5 => format!("{:.2} MP", n / 1e6),
        "pixels" if n >= 1e3 => format!("{:.3} MP", n / 1e6),
        _ => format!("{} {axis}", significant(n)),
    }
}

fn relative(v: f64) -> String {
    // From a tenfold on, a factor is easier to read than a percentage.
    if v >= 9.0 { format!("×{}", significant(1.0 + v)) } else { format!("{:+.1} %", 100.0 * v) }
}

/// Three significant digits, in plain notation where that is short.
fn significant(v: f64) -> String {
    let magnitude = v.abs();
    match magnitude {
        0.0 => "0".to_owned(),
        _ if !(1e-4..1e7).contains(&magnitude) => format!("{v:.2e}"),
        _ if magnitude >= 100.0 => format!("{v:.0}"),
        _ => {
            let decimals = (2.0 - magnitude.log10().floor()).clamp(0.0, 7.0) as usize;
            let text = format!("{v:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}
