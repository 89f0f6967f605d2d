//! What of two laws is compared: one law for both sides, so that a class that flips by chance changes no number.

use std::rc::Rc;

use super::change::{Change, Measured, Reading};
use super::{Case, Quantity, Range, Reason, Scope, Side, between_runs};
use crate::Axis;
use crate::law::{Class, FitError, FitOptions, Form, Observations, Panel, Sample, Stairs};

/// A case, laid out for a decision.
#[derive(Debug, Clone)]
pub(super) enum Comparison {
    /// There is nothing to compare, for this reason.
    Missing(Reason),
    /// Both sides cost nothing at all.
    Free,
    /// Both sides have a law.
    Laws(Laws),
}

/// Two laws and the changes between them.
#[derive(Debug, Clone)]
pub(super) struct Laws {
    pub(super) classes: (Class, Class),
    pub(super) items: Vec<Item>,
    /// Changes that were not read, and would have been if noise had been other.
    unread: usize,
}

/// One quantity on both sides.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) quantity: Quantity,
    pub(super) range: Range,
    pub(super) baseline: f64,
    pub(super) run: f64,
    pub(super) change: Option<Change>,
    /// Steps up to the size that cost grows to, on both sides, if both are staircases.
    pub(super) steps: Option<(usize, usize)>,
}

/// A quantity, read by one form of law on both sides at some sizes.
#[derive(Debug, Clone, Copy)]
struct Read {
    quantity: Quantity,
    form: Form,
    range: Range,
}

/// One side of a comparison.
#[derive(Debug)]
struct Fitted {
    sample: Sample,
    form: Form,
    breakpoint: Option<f64>,
}

impl Comparison {
    pub(super) fn new(case: &Case, sides: &mut Sides) -> Self {
        match compare(case, sides) {
            Ok(comparison) => comparison,
            Err(reason) => Self::Missing(reason),
        }
    }

    /// The number of changes that could raise an alarm.
    pub(super) fn changes(&self) -> usize {
        match self {
            Self::Laws(laws) => laws.items.iter().filter(|item| item.change.is_some()).count() + laws.unread,
            Self::Missing(_) | Self::Free => 0,
        }
    }
}

fn compare(case: &Case, sides: &mut Sides) -> Result<Comparison, Reason> {
    if let Some(reason) = &case.withheld {
        return Err(reason.clone());
    }
    if let Some((name, value)) = case.tolerances.first_invalid() {
        return Err(Reason::Tolerance { name, value });
    }
    let baseline = case.baseline.as_ref().ok_or(Reason::Absent(Side::Baseline))?;
    let run = case.run.as_ref().ok_or(Reason::Absent(Side::Run))?;
    if let (Some(&first), Some(&max)) = (case.looks.first(), case.looks.last())
        && run.n_rounds() < first as usize
    {
        return Err(Reason::TooFewRounds { taken: run.n_rounds(), first, max });
    }
    let run = at_sizes_of(baseline, run, &case.axis)?;
    if case.scope == Scope::Value {
        return value(baseline, &run, case.noise).map(Comparison::Laws);
    }
    let is_free = |o: &Observations| o.points().all(|(_, _, cost)| cost == 0.0);
    if is_free(baseline) && is_free(&run) {
        return Ok(Comparison::Free);
    }
    let (baseline, run) = if case.paired {
        sides.of_pairs(baseline, &run)?
    } else {
        let needs_rounds = case.noise.is_none() && !case.varies_between_runs();
        (sides.of(baseline, Side::Baseline, needs_rounds)?, sides.of(&run, Side::Run, needs_rounds)?)
    };
    let further = further(case, &baseline)?;
    if baseline.sample.panel.sizes != run.sample.panel.sizes {
        return Err(Reason::NoCommonSizes);
    }
    let sizes = &baseline.sample.panel.sizes;
    let (smallest, largest) = (sizes[0], sizes[sizes.len() - 1]);
    let whole = Range { smallest, largest, bend: baseline.breakpoint.or(run.breakpoint).unwrap_or(smallest) };
    let (reads, unread) = match Stairs::of_both([baseline.stairs(), run.stairs()], sizes.len()) {
        // Noise chooses which sizes are compared by themselves, and any of them that it throws far enough for an alarm is.
        Some(stairs) if case.scope == Scope::Shape && case.noise.is_none() => {
            (on_treads(case, stairs, [&baseline, &run]), sizes.len() - 1)
        }
        Some(stairs) => (on_treads(case, stairs, [&baseline, &run]), 0),
        None => (quantities(case.scope, &baseline, &run, whole), 0),
    };
    let mut items = Vec::new();
    for Read { quantity, form, range } in reads {
        let steps = steps_up_to(range.largest, &baseline, &run).filter(|_| quantity.is_growth());
        let reading = reading(quantity, form, [&baseline, &run], case.noise);
        if case.paired {
            let (before, after, change) = Change::of_pairs(&baseline.sample, &run.sample, reading, quantity, range)
                .ok_or(Reason::TooFewSizes(form.class()))?;
            items.push(Item { quantity, range, baseline: before, run: after, change, steps });
            continue;
        }
        let measure = |side: &Fitted| Measured::new(&side.sample, reading, quantity, range, case.noise);
        let (Some(before), Some(after)) = (measure(&baseline), measure(&run)) else {
            return Err(Reason::TooFewSizes(form.class()));
        };
        if !case.varies_between_runs() {
            let change = Change::between(&before, &after, quantity.is_relative());
            items.push(Item { quantity, range, baseline: before.estimate(), run: after.estimate(), change, steps });
            continue;
        }
        let of_further = further.iter().map(|it| Measured::new(it, reading, quantity, range, None));
        let accepted: Vec<Measured> = std::iter::once(Some(before))
            .chain(of_further)
            .collect::<Option<_>>()
            .ok_or(Reason::TooFewSizes(form.class()))?;
        let change = Change::from_accepted(&accepted, &after);
        let baseline = between_runs::mean(accepted.iter().map(Measured::estimate));
        items.push(Item { quantity, range, baseline, run: after.estimate(), change, steps });
    }
    Ok(Comparison::Laws(Laws { classes: (baseline.form.class(), run.form.class()), items, unread }))
}

/// The further accepted runs of costs that vary between runs, at the sizes of the first.
fn further(case: &Case, baseline: &Fitted) -> Result<Vec<Sample>, Reason> {
    let of = |observations: &Observations| {
        let sizes = &baseline.sample.panel.sizes;
        let costs = observations.restricted_to(sizes).ok_or(Reason::NoCommonSizes)?;
        let sample = Panel::new(&costs).and_then(Sample::new).map_err(|error| Reason::NoLaw(Side::Baseline, error))?;
        if sample.panel.sizes == *sizes { Ok(sample) } else { Err(Reason::NoCommonSizes) }
    };
    if case.varies_between_runs() { case.further.iter().map(of).collect() } else { Ok(Vec::new()) }
}

/// What a quantity is read off on both sides. A law tells the cost of a size with less noise than that size alone does; but
/// where the law is off at an end of the sizes on one side, it is not the cost that it tells, and a change there can pass
/// unseen.
fn reading(quantity: Quantity, form: Form, sides: [&Fitted; 2], noise: Option<f64>) -> Reading {
    let is_off = |side: &Fitted| {
        let last = side.sample.panel.sizes.len() - 1;
        let at = |index: usize| side.sample.is_off_at(index, form, noise);
        match quantity {
            Quantity::CostSmallest => at(0),
            Quantity::CostLargest => at(last),
            Quantity::Growth => at(0) || at(last),
            _ => false,
        }
    };
    if sides.into_iter().any(is_off) { Reading::Costs } else { Reading::Law(form) }
}

/// The number of what follows no law, on both sides.
fn value(baseline: &Observations, run: &Observations, noise: Option<f64>) -> Result<Laws, Reason> {
    let single = |observations: &Observations, side: Side| {
        let mut points = observations.points();
        match (points.next(), points.next()) {
            (Some((size, _, value)), None) if value > 0.0 => Ok((size, value)),
            (Some(_), None) => Err(Reason::Zero(side)),
            _ => Err(Reason::SeveralValues(side)),
        }
    };
    let ((size, before), (_, after)) = (single(baseline, Side::Baseline)?, single(run, Side::Run)?);
    let bound = noise.unwrap_or(0.0);
    let change = Change::between(&Measured::exact(before, bound), &Measured::exact(after, bound), true);
    let range = Range { smallest: size, largest: size, bend: size };
    let item = Item { quantity: Quantity::Value, range, baseline: before, run: after, change, steps: None };
    Ok(Laws { classes: (Class::Constant, Class::Constant), items: vec![item], unread: 0 })
}

/// The run at the sizes of the baseline, all of which it has to have.
fn at_sizes_of(baseline: &Observations, run: &Observations, axis: &Axis) -> Result<Observations, Reason> {
    if let Some(missing) = baseline.sizes().iter().find(|size| !run.sizes().contains(size)) {
        return Err(Reason::MissingSize { size: *missing, axis: axis.clone() });
    }
    run.restricted_to(baseline.sizes()).ok_or(Reason::Absent(Side::Run))
}

/// The sides of all cases. A run takes part in several cases, and its knee test is what a check takes its time for.
#[derive(Debug)]
pub(super) struct Sides {
    options: FitOptions,
    known: Vec<(Observations, Result<Rc<Fitted>, FitError>)>,
    pairs: Vec<(Pair, Result<FittedPair, Reason>)>,
}

type Pair = (Observations, Observations);
type FittedPair = (Rc<Fitted>, Rc<Fitted>);

impl Sides {
    pub(super) fn new(options: FitOptions) -> Self {
        Self { options, known: Vec::new(), pairs: Vec::new() }
    }

    fn of(&mut self, observations: &Observations, side: Side, needs_rounds: bool) -> Result<Rc<Fitted>, Reason> {
        if needs_rounds && observations.n_rounds() < 2 {
            return Err(Reason::OneRound(side));
        }
        let known = self.known.iter().find(|(others, _)| others == observations).map(|(_, fitted)| fitted.clone());
        let fitted = known.unwrap_or_else(|| {
            let fitted = Panel::new(observations).and_then(|panel| Fitted::new(panel, &self.options)).map(Rc::new);
            self.known.push((observations.clone(), fitted.clone()));
            fitted
        });
        fitted.map_err(|error| Reason::NoLaw(side, error))
    }

    /// Both sides of pairs of rounds. What was fitted for one case serves the other of the same workload.
    fn of_pairs(&mut self, baseline: &Observations, run: &Observations) -> Result<(Rc<Fitted>, Rc<Fitted>), Reason> {
        if baseline.n_rounds() < 2 {
            return Err(Reason::OneRound(Side::Baseline));
        }
        if (baseline.rounds(), baseline.sizes()) != (run.rounds(), run.sizes()) || !baseline.is_complete() {
            return Err(Reason::NotInPairs);
        }
        let key = (baseline.clone(), run.clone());
        if let Some((_, known)) = self.pairs.iter().find(|(other, _)| *other == key) {
            return known.clone();
        }
        let fitted = Panel::paired(baseline, run).map_err(|error| Reason::NoLaw(Side::Baseline, error)).and_then(
            |(before, after)| {
                let of = |panel, side| {
                    Fitted::new(panel, &self.options).map(Rc::new).map_err(|error| Reason::NoLaw(side, error))
                };
                Ok((of(before, Side::Baseline)?, of(after, Side::Run)?))
            },
        );
        self.pairs.push((key, fitted.clone()));
        fitted
    }
}

impl Fitted {
    fn new(panel: Panel, options: &FitOptions) -> Result<Self, FitError> {
        let sample = Sample::new(panel)?;
        let (form, curve) = sample.select(options.seed, options.resamples)?;
        Ok(Self { sample, form, breakpoint: curve.breakpoint() })
    }

    fn stairs(&self) -> Option<Stairs> {
        match self.form {
            Form::Staircase(stairs) => Some(stairs),
            _ => None,
        }
    }
}

/// How many steps each side has up to a size, if both are staircases.
fn steps_up_to(size: f64, baseline: &Fitted, run: &Fitted) -> Option<(usize, usize)> {
    let index = baseline.sample.panel.sizes.iter().position(|its| *its == size)?;
    Some((baseline.stairs()?.n_steps_up_to(index), run.stairs()?.n_steps_up_to(index)))
}

/// What is compared if a side is a staircase: by its shape, what cost grows by from the smallest size to each tread.
///
/// Both sides are read by a staircase with the steps of both, so that a step that moved, came or went leaves a tread between where it is on
/// one side and where it is on the other, and what cost grows by to that tread says by how much it is dearer or cheaper, wherever the steps
/// of each side are. With a slope, the ends of a tread differ, and both are compared.
///
/// A staircase with those steps need not follow a law that has none, or a size that was dearer from the start, and a change there would
/// pass unseen. So a size has a tread for itself, which is its cost, where either side is off the staircase by more than rounds let expect,
/// and where the two are off it so differently that a change would be half of what is tolerated further than it seems.
fn on_treads(case: &Case, stairs: Stairs, sides: [&Fitted; 2]) -> Vec<Read> {
    let sizes = &sides[0].sample.panel.sizes;
    let stairs = followed(case, stairs, sides);
    let form = Form::Staircase(stairs);
    let up_to = |index: usize| Range { smallest: sizes[0], largest: sizes[index], bend: sizes[0] };
    let last = sizes.len() - 1;
    let of_whole = |quantity| Read { quantity, form, range: up_to(last) };
    match case.scope {
        Scope::Absolute => [Quantity::CostSmallest, Quantity::CostLargest].map(of_whole).to_vec(),
        Scope::Value => Vec::new(),
        Scope::Shape => {
            // Along a flat tread nothing grows.
            let ends = stairs.ends(sizes.len()).into_iter().flat_map(|(first, last)| match stairs.is_sloped() {
                true if first < last => vec![first, last],
                _ if first == 0 => Vec::new(),
                _ => vec![last],
            });
            let treads = ends.filter(|index| (1..last).contains(index));
            let treads = treads.map(|index| Read { quantity: Quantity::Tread, form, range: up_to(index) });
            treads.chain([of_whole(Quantity::Growth)]).collect()
        }
    }
}

/// By this part of what is tolerated, as logarithms, a size may change by more than its tread without being compared by itself.
const HIDDEN: f64 = 0.5;

/// The staircase that follows both sides at every size, with a tread for each that it would not follow else.
fn followed(case: &Case, stairs: Stairs, sides: [&Fitted; 2]) -> Stairs {
    let n_sizes = sides[0].sample.panel.sizes.len();
    let whole = if case.scope == Scope::Absolute { Quantity::CostLargest } else { Quantity::Growth };
    let most = HIDDEN * whole.tolerance(&case.tolerances).ln_1p();
    let mut stairs = stairs;
    // Each turn has one size more on a tread of its own.
    for _ in 0..n_sizes {
        let form = Form::Staircase(stairs);
        let [before, after] = sides.map(|side| side.sample.off(form));
        let is_hidden = |index: usize| (after[index] - before[index]).abs() > most;
        let is_off = |index: usize| sides.iter().any(|side| side.sample.is_off_at(index, form, case.noise));
        let alone: Vec<usize> = (0..n_sizes).filter(|&index| is_hidden(index) || is_off(index)).collect();
        let next = stairs.with_alone(&alone, n_sizes);
        if next == stairs {
            break;
        }
        stairs = next;
    }
    stairs
}

/// The quantities of a scope, with the form that both sides are read by.
///
/// Smooth laws are read by a line if both sides are no more than that, else by a parabola; knees by a knee that is curved
/// below if one side is. A knee against a smooth law is read by the knee's form on both sides, and only for what both have: a
/// knee that noise hides would be read by a parabola that is off by more than the tolerance, and raise a false alarm,
/// while a knee's form follows a law that has lost it as far as it goes on rising.
fn quantities(scope: Scope, baseline: &Fitted, run: &Fitted, range: Range) -> Vec<Read> {
    let is_knee = |side: &Fitted| side.form.class() == Class::Knee;
    let is_straight = |side: &Fitted| matches!(side.form, Form::Constant | Form::Line);
    let curved_knee = baseline.form == Form::CurvedKnee || run.form == Form::CurvedKnee;
    let form = match (is_knee(baseline) || is_knee(run), is_straight(baseline) && is_straight(run)) {
        (true, _) if curved_knee => Form::CurvedKnee,
        (true, _) => Form::Knee,
        (false, true) => Form::Line,
        (false, false) => Form::Quadratic,
    };
    let mut list: Vec<Quantity> = match scope {
        Scope::Absolute => vec![Quantity::CostSmallest, Quantity::CostLargest],
        Scope::Shape => vec![Quantity::Growth],
        Scope::Value => Vec::new(),
    };
    match (scope, is_knee(baseline), is_knee(run)) {
        (Scope::Absolute, true, true) => list.extend([Quantity::Slope, Quantity::Level]),
        // A constant has no slope to speak of; what it costs at both ends is gated.
        (Scope::Absolute, false, false) if baseline.form != Form::Constant => list.push(Quantity::Slope),
        (Scope::Absolute | Scope::Value, ..) => {}
        (Scope::Shape, true, true) => {
            list.extend([Quantity::Breakpoint, Quantity::SlopeRatio]);
            if curved_knee {
                list.push(Quantity::CurvatureShare);
            }
        }
        (Scope::Shape, false, false) => {
            let curvature = Read { quantity: Quantity::CurvatureShare, form: Form::Quadratic, range };
            return list.into_iter().map(|quantity| Read { quantity, form, range }).chain([curvature]).collect();
        }
        (Scope::Shape, ..) => list.push(Quantity::Knee),
    }
    list.into_iter().map(|quantity| Read { quantity, form, range }).collect()
}
