//! Findings, notes and reasons as sentences.

use super::expected_units;
use crate::Axis;
use crate::analysis::{Fact, Note};
use crate::gate::{Finding, Outcome, Quantity, Reason, Side};
use crate::law::Class;
use crate::record::Difference;
use crate::units::{self, change, cost, rounded, rounded_size};

/// What the two sides of a finding are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sides {
    /// A run against its baseline.
    Baseline,
    /// A run against an earlier one.
    Runs,
    /// A revision of the sources against another.
    Revisions,
}

impl Sides {
    fn name(self, side: Side) -> &'static str {
        match (self, side) {
            (Self::Baseline, Side::Baseline) => "baseline",
            (Self::Baseline, Side::Run) => "run",
            (Self::Runs, Side::Baseline) => "first run",
            (Self::Runs, Side::Run) => "second run",
            (Self::Revisions, Side::Baseline) => "base",
            (Self::Revisions, Side::Run) => "head",
        }
    }
}

/// Whether what a finding has is a change: what a budget leaves is none, unless it is exceeded.
pub(super) fn is_change(finding: &Finding) -> bool {
    finding.quantity != Quantity::Budget || finding.outcome == Outcome::Regressed
}

/// The name of a quantity.
pub(crate) fn quantity(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::All => "all",
        Quantity::Class => "class",
        Quantity::Knee => "knee",
        Quantity::Slope => "slope",
        Quantity::CostSmallest => "cost smallest",
        Quantity::CostLargest => "cost largest",
        Quantity::Level => "level",
        Quantity::CurvatureShare => "curvature share",
        Quantity::Breakpoint => "breakpoint",
        Quantity::SlopeRatio => "slope ratio",
        Quantity::Tread => "growth to a tread",
        Quantity::Growth => "growth",
        Quantity::Value => "value",
        Quantity::Budget => "budget",
        Quantity::ExpectedUnits => "expected units",
    }
}

/// What happened to a quantity: what it was and is.
pub(super) fn headline(finding: &Finding) -> String {
    let at = |n: Option<f64>| shown(n, |n| rounded_size(n, &finding.axis));
    let costs = |value: Option<f64>| shown(value, |value| cost(value, &finding.cost_unit));
    let factor = |value: Option<f64>| shown(value, |value| format!("{}×", rounded(value)));
    let share = |value: Option<f64>| shown(value, |value| format!("{value:.3}"));
    let (before, after) = (finding.baseline, finding.run);
    let size = |of: fn(&crate::gate::Range) -> f64| at(finding.range.as_ref().map(of));
    let (smallest, largest) = (size(|range| range.smallest), size(|range| range.largest));
    match finding.quantity {
        Quantity::Breakpoint if matches!(finding.outcome, Outcome::Regressed | Outcome::Improved) => {
            format!("knee moved from {} to {}", at(before), at(after))
        }
        Quantity::Breakpoint => format!("knee at {}, before {}", at(after), at(before)),
        Quantity::Knee => format!(
            "knee at {} {}: from there to {largest} cost grows {}, before {}",
            size(|range| range.bend),
            knee(finding),
            factor(after),
            factor(before)
        ),
        Quantity::Slope => {
            let (step, per) = slope_step(finding);
            let slope = |value: Option<f64>| costs(value.map(|value| value * step));
            format!("slope from {} to {} per {per}", slope(before), slope(after))
        }
        Quantity::CostSmallest => format!("cost at {smallest} from {} to {}", costs(before), costs(after)),
        Quantity::CostLargest => format!("cost at {largest} from {} to {}", costs(before), costs(after)),
        Quantity::Level => format!("cost at the knee from {} to {}", costs(before), costs(after)),
        Quantity::CurvatureShare => format!("share of curvature from {} to {}", share(before), share(after)),
        Quantity::SlopeRatio => {
            format!("slope above over slope below the knee from {} to {}", share(before), share(after))
        }
        Quantity::Growth | Quantity::Tread => {
            let with = |of: fn((usize, usize)) -> usize| match finding.steps {
                Some(both) if both.0 != both.1 => format!(" with {}", steps(of(both))),
                _ => String::new(),
            };
            format!(
                "growth of cost from {smallest} to {largest}: {}{}, before {}{}",
                factor(after),
                with(|its| its.1),
                factor(before),
                with(|its| its.0)
            )
        }
        Quantity::Value => {
            let value = |value: Option<f64>| shown(value, units::value);
            format!("{} from {} to {}", finding.metric, value(before), value(after))
        }
        Quantity::Budget => {
            let relation = match finding.outcome {
                Outcome::Regressed => "above the",
                Outcome::Pass | Outcome::Improved => "within the",
                Outcome::Inconclusive => "and the",
            };
            format!("cost at {largest} is {}, {relation} budget of {}", costs(after), costs(before))
        }
        Quantity::ExpectedUnits => expected_units::headline(finding),
        Quantity::Class => class(finding),
        Quantity::All => String::new(),
    }
}

/// The same with the span of the change and what is tolerated; or why nothing was compared.
pub(super) fn words(finding: &Finding, sides: Sides) -> String {
    let sides = if finding.paired { Sides::Revisions } else { sides };
    if finding.quantity == Quantity::All {
        return match &finding.reason {
            Some(reason) => format!("not compared: {}", why(reason, sides)),
            None => "costs nothing on both sides".to_owned(),
        };
    }
    if finding.quantity == Quantity::Budget {
        return budget(finding, sides);
    }
    if finding.quantity == Quantity::ExpectedUnits {
        return match &finding.reason {
            Some(reason) => format!("expected units are not judged: {}", why(reason, sides)),
            None => expected_units::words(finding),
        };
    }
    let headline = headline(finding);
    let Some(tolerance) = finding.tolerance else { return headline };
    let Some(interval) = finding.change else {
        return format!("{headline}: the change can't be told from the noise");
    };
    let amount = |value: f64| if finding.relative { change(value) } else { format!("{value:+.3}") };
    let tolerated = if finding.relative {
        format!("±{} %", rounded(100.0 * tolerance))
    } else {
        format!("±{}", rounded(tolerance))
    };
    let span =
        format!("{}, between {} and {}", amount(interval.estimate), amount(interval.lower), amount(interval.upper));
    if finding.outcome != Outcome::Inconclusive {
        return format!("{headline} ({span}; {tolerated} tolerated)");
    }
    let why = if interval.lower > tolerance || interval.upper < -tolerance {
        "likely beyond, but not sure enough for an alarm"
    } else {
        "neither shown to be within nor beyond"
    };
    let remedy = match (finding.accepted_runs, sides) {
        (None, _) | (_, Sides::Revisions) => "more rounds or less noise would decide".to_owned(),
        (Some(runs), Sides::Baseline) => finer(runs),
        (Some(_), Sides::Runs) => {
            format!("{BETWEEN_RUNS}; `scalegate ab` compares two revisions, or configurations, in pairs")
        }
    };
    format!("{headline} ({span}): {why} {tolerated}; {remedy}")
}

/// What is known of a limit.
fn budget(finding: &Finding, sides: Sides) -> String {
    if let Some(reason) = &finding.reason {
        let at = shown(finding.range.map(|range| range.largest), |at| rounded_size(at, &finding.axis));
        let limit = shown(finding.baseline, |limit| cost(limit, &finding.cost_unit));
        return format!("budget of {limit} at {at} is not judged: {}", why(reason, sides));
    }
    let headline = headline(finding);
    let Some(its) = finding.change else { return headline };
    let span = format!("{}, between {} and {}", change(its.estimate), change(its.lower), change(its.upper));
    if finding.outcome != Outcome::Inconclusive {
        return format!("{headline} ({span})");
    }
    let remedy = match finding.accepted_runs {
        None => "measure closer to that size".to_owned(),
        Some(runs) => finer(runs),
    };
    format!("{headline} ({span}): shown to be neither within nor above; {remedy}")
}

const BETWEEN_RUNS: &str = "two runs of one program differ, and their rounds do not show by how much";

/// How to see finer than a baseline of so many runs does.
fn finer(runs: usize) -> String {
    let known = match runs {
        0 => "no run of this host is accepted, which would show how runs differ".to_owned(),
        1 => "the baseline is one run, which does not show how runs differ".to_owned(),
        runs => format!("how runs differ is known from {runs} accepted ones alone"),
    };
    format!("{known}: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer")
}

/// A number that a law may not have.
fn shown(value: Option<f64>, render: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "none".to_owned(), render)
}

/// What happened to a knee that one side has.
fn knee(finding: &Finding) -> &'static str {
    let is_new = finding.classes.is_some_and(|(_, after)| after == Class::Knee);
    match (finding.outcome, is_new) {
        (Outcome::Regressed | Outcome::Improved, true) => "appeared",
        (Outcome::Regressed | Outcome::Improved, false) => "vanished",
        (_, true) => "is seen in the run only",
        (_, false) => "is seen in the baseline only",
    }
}

fn steps(number: usize) -> String {
    match number {
        0 => "no step".to_owned(),
        1 => "1 step".to_owned(),
        _ => format!("{number} steps"),
    }
}

/// What happened to the class of a law.
fn class(finding: &Finding) -> String {
    let Some((before, after)) = finding.classes else { return String::new() };
    match finding.outcome {
        _ if before == after => format!("law is {after}, as before"),
        Outcome::Pass => format!("law is called {after}, before {before}: both agree within the tolerances"),
        Outcome::Inconclusive => format!("law is called {after}, before {before}: not shown to differ or to agree"),
        _ => format!("law went from {before} to {after}"),
    }
}

/// What slopes are quoted over, with the size that it stands for.
fn slope_step(finding: &Finding) -> (f64, String) {
    match finding.range {
        Some(range) if finding.axis != Axis::PIXELS => finding.axis.slope_unit(range.largest),
        _ => (1.0, finding.axis.singular().to_owned()),
    }
}

/// Why there is nothing to compare.
pub(super) fn why(reason: &Reason, sides: Sides) -> String {
    let name = |side: &Side| sides.name(*side);
    let (before, after) = (name(&Side::Baseline), name(&Side::Run));
    match reason {
        Reason::NotMeasured => "it was not measured; run `cargo bench`, which measures the whole suite".to_owned(),
        Reason::NowhereMeasured { metric } => format!(
            "it is required, and neither the record nor a baseline has it for any workload: measure it with \
             `scalegate run --metric {metric}` or import it, or leave it out of `required` under `[gate]`"
        ),
        Reason::NotMeasuredBy(side) => format!("the {} did not measure it", name(side)),
        Reason::Unavailable(why) => format!("unavailable: {why}"),
        Reason::NoPortableBaseline => "there is no portable baseline; accept a run with `scalegate accept`".to_owned(),
        Reason::NoHostBaseline { class } => {
            format!("host class {class} has no baseline of it; accept a run with `scalegate accept`")
        }
        Reason::NoCounts { metric, key, others } => {
            let others = match &others[..] {
                [] => String::new(),
                keys => format!(" (there are counts for {})", keys.join(", ")),
            };
            format!(
                "not comparable: there is no baseline of it for {key}{others}; record one on the accepted commit with \
                 `scalegate run --metric {metric}` and `scalegate accept --reason …`"
            )
        }
        Reason::NoRecord { class } => {
            format!("no record came from host class {class}; see that its runner is online, and measure again")
        }
        Reason::Differs(fields) => {
            let fields = listed(fields);
            match sides {
                Sides::Baseline => {
                    format!("not comparable with its baseline ({fields}); restore these, or accept a new baseline")
                }
                Sides::Runs => format!("the runs are not comparable ({fields})"),
                Sides::Revisions => format!("the revisions are not comparable ({fields})"),
            }
        }
        Reason::Unusable(side, fault) => format!("{}: {fault}", name(side)),
        Reason::Tolerance { name, value } => format!("the tolerance {name} = {value} is not a positive number"),
        Reason::Absent(side) => format!("the {} has no such measurement", name(side)),
        Reason::TooFewRounds { taken, first, max } => format!(
            "the {after} has {taken} of at most {max} rounds, and is not compared before it has {first}: resume it \
             with `scalegate run --resume`"
        ),
        Reason::MissingSize { size, axis } => {
            format!("the {after} lacks the size of {size} {} that the {before} has", axis.name())
        }
        Reason::NoCommonSizes => "the two sides don't have the same sizes in two rounds or more".to_owned(),
        Reason::TooFewSizes(class) => format!("the sizes are too few for a law with a {class}"),
        Reason::Zero(side) => format!("the {} is zero, of which there is no relative change", name(side)),
        Reason::SeveralValues(side) => format!("the {} has more than one number", name(side)),
        Reason::OneRound(side) => {
            format!(
                "the {} has one round, which doesn't show its noise: measure at least 5, in which sizes take turns",
                name(side)
            )
        }
        Reason::NoLaw(side, error) => format!("{}: {error}", name(side)),
        Reason::NoExpectedUnits => {
            "the record does not say what the image processor makes of each size: measure `vlm/encode` with this \
                                    scalegate, of a model whose `preprocessor_config.json` can be read"
                .to_owned()
        }
        Reason::NoUnitLaw(fault) => expected_units::fault(*fault).to_owned(),
        Reason::NoPreprocessing => {
            "`vlm/preprocess` was not measured at the same sizes, so that its cost can't be subtracted".to_owned()
        }
        Reason::NotInPairs => "the two sides are no pairs of rounds: one lacks a size that the other has".to_owned(),
        Reason::NotItself { change: its } => format!(
            "the base differs from itself by {} (between {} and {}), so that a difference from the head means nothing: repeat it \
             on a quieter machine",
            change(its.estimate),
            change(its.lower),
            change(its.upper)
        ),
    }
}

/// What to know, and what to do about it.
pub(super) fn note(note: &Note) -> String {
    let metric = note.metric.map(crate::metric::Metric::name).unwrap_or_default();
    match &note.fact {
        Fact::NoHostBaselines => format!(
            "host class {} has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`",
            note.host
        ),
        Fact::OtherMachine { changes } => format!(
            "the machine differs from when the baselines of host class {} were accepted ({}): shapes gate, absolute costs don't; \
             accept a run of it as it is now with `scalegate accept`",
            note.host,
            listed(changes)
        ),
        Fact::Ungated { workloads, reason } => {
            format!("{metric} of {} does not gate: {}", workloads.join(", "), why(reason, Sides::Baseline))
        }
        Fact::Undecided { findings, accepted_runs } => {
            let mut workloads: Vec<&str> = findings.iter().map(|finding| &*finding.workload).collect();
            workloads.dedup();
            format!(
                "{metric} of {}: absolute costs are left to shapes, counts and pairs{}; {}",
                workloads.join(", "),
                widest(findings),
                finer(*accepted_runs)
            )
        }
        Fact::Informational { metrics } => {
            let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
            format!("{} does not gate: `gates = false` under `[gate.tolerance]`", names.join(", "))
        }
        Fact::UndecidedOptional { findings } => {
            let (workloads, reasons) = undecided(findings, Sides::Baseline);
            format!("{metric} of {workloads} is undecided{reasons}; it is not required, and decides nothing")
        }
        Fact::UndecidedPairs { findings } => {
            let (workloads, reasons) = undecided(findings, Sides::Revisions);
            format!(
                "{metric} of {workloads} in pairs is undecided and does not gate{reasons}; `scalegate ab` with a longer `--budget` \
                 sees finer"
            )
        }
        Fact::InterimLook { metrics, workloads, taken, max, look, looks } => {
            let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
            let (have, them) = if names.len() > 1 { ("have", "them") } else { ("has", "it") };
            format!(
                "{} of {} {have} {taken} of at most {max} rounds, and this is look {look} of {looks} at {them}; `scalegate run \
                 --resume` continues where something is undecided",
                names.join(", "),
                workloads.join(", ")
            )
        }
    }
}

/// The workloads of what is undecided, and why it is.
fn undecided(findings: &[Finding], sides: Sides) -> (String, String) {
    let mut workloads: Vec<&str> = findings.iter().map(|finding| &*finding.workload).collect();
    workloads.dedup();
    let mut reasons: Vec<String> = findings.iter().filter_map(|its| Some(why(its.reason.as_ref()?, sides))).collect();
    reasons.dedup();
    let reasons = if reasons.is_empty() { widest(findings) } else { format!(": {}", reasons.join("; ")) };
    (workloads.join(", "), reasons)
}

/// The largest of some changes, in brackets.
fn widest(findings: &[Finding]) -> String {
    let size = |finding: &&Finding| finding.change.map_or(0.0, |change| change.estimate.abs());
    let largest = findings.iter().max_by(|a, b| size(a).total_cmp(&size(b)));
    largest.map(|finding| format!(" ({})", brief(finding, findings.len()))).unwrap_or_default()
}

/// The largest of some changes that were not decided.
fn brief(finding: &Finding, of: usize) -> String {
    let which = if of > 1 { "the largest change: " } else { "" };
    let span = finding
        .change
        .map(|its| format!(": {}, between {} and {}", change(its.estimate), change(its.lower), change(its.upper)));
    format!("{which}{} of {}{}", quantity(finding.quantity), finding.workload, span.unwrap_or_default())
}

/// Differences in words.
pub(crate) fn listed(fields: &[Difference]) -> String {
    fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
