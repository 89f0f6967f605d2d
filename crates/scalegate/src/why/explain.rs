//! Two profiles of a workload become parts and their changes.

use std::collections::{BTreeMap, BTreeSet};

use super::attribution::{Account, account};
use super::callers::callers;
use super::frames::{Frame, frames};
use super::helpers::{is_helper, is_unnamed};
use crate::law::{self, Class, FitOptions, Observations, Term, Terms};
use crate::measure::Profile;

/// A function that is less than this of the whole at every size, on both sides, is on account of its callers.
const SMALL: f64 = 0.005;

/// A function whose change is at least this part of the whole's is not small, however little it costs.
const SMALL_CHANGE: f64 = 0.1;

/// So many functions have their laws classified: those that a reader sees.
const CLASSIFIED: usize = 12;

/// Without symbols, functions have addresses: with more than this of the instructions in such, nothing is explained.
const MAX_UNNAMED: f64 = 0.5;

/// Why nothing is explained.
#[derive(Debug, Clone, PartialEq)]
pub enum Unexplained {
    /// The two sides have no size in common.
    NoCommonSizes,
    /// A side has no symbols: this share of its instructions is in code without a name.
    NoSymbols {
        /// Whether it is the head.
        is_head: bool,
        /// The share.
        share: f64,
    },
}

/// The instructions of a workload on two sides, by function.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The sizes that both sides have, ascending.
    pub sizes: Vec<u64>,
    /// All instructions.
    pub whole: Part,
    /// Functions with what they call that is not theirs, the largest change first.
    pub parts: Vec<Part>,
    /// What is of no function.
    pub rest: Part,
    /// The breakpoint that terms refer to: the knee of the law, or else the size that the change begins above.
    pub breakpoint: Option<f64>,
    /// The place in `sizes` of the largest relative change of the whole.
    pub at: usize,
    /// The tree of calls there.
    pub calls: Frame,
}

/// Instructions of a function, of the whole, or of what is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The function; empty for what is none.
    pub name: String,
    /// The file of its source, if there is debug information.
    pub file: Option<String>,
    /// Which side has it.
    pub presence: Presence,
    /// By size, in the base.
    pub base: Vec<f64>,
    /// By size, in the head.
    pub head: Vec<f64>,
    /// The same with all that it calls, by size and side; empty for what is no function.
    pub inclusive: [Vec<f64>; 2],
    /// The terms of both sides and what each is at the largest size; empty if the sizes are too few.
    pub terms: Vec<(Term, f64, f64)>,
    /// The term that its change is.
    pub term: Option<Term>,
    /// The classes of its laws; of functions that changed little, none.
    pub classes: [Option<Class>; 2],
    /// Who calls it more than before, the nearest first; of functions that changed little, none.
    pub callers: Vec<String>,
    /// Functions on its account with their changes at the size of the largest change, the largest first.
    pub through: Vec<(String, f64)>,
}

/// Which side has a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Both have it.
    Both,
    /// It is new.
    New,
    /// It is gone.
    Gone,
}

impl Part {
    /// The change at a size, by its place.
    pub fn change(&self, at: usize) -> f64 {
        self.head[at] - self.base[at]
    }
}

impl Explanation {
    /// The relative change of the whole at each size.
    pub fn changes(&self) -> Vec<f64> {
        self.whole.base.iter().zip(&self.whole.head).map(|(base, head)| head / base - 1.0).collect()
    }

    /// The part of the whole's change that a part has, where the whole changed most.
    pub fn share(&self, part: &Part) -> f64 {
        part.change(self.at) / self.whole.change(self.at)
    }

    /// The largest change of a part relative to the whole's cost, over the sizes.
    fn weight(&self, part: &Part) -> f64 {
        let relative = |at: usize| part.change(at).abs() / self.whole.base[at];
        (0..self.sizes.len()).map(relative).fold(0.0, f64::max)
    }

    /// By how much parts and rest differ from the whole, at most, relative to the whole.
    pub fn imbalance(&self) -> f64 {
        let off = |side: fn(&Part) -> &Vec<f64>, at: usize| {
            let sum: f64 = self.parts.iter().chain([&self.rest]).map(|part| side(part)[at]).sum();
            (sum / side(&self.whole)[at] - 1.0).abs()
        };
        let both = |at: usize| off(|part| &part.base, at).max(off(|part| &part.head, at));
        (0..self.sizes.len()).map(both).fold(0.0, f64::max)
    }

    /// The part of the whole that is of no function, at most.
    pub fn unattributed(&self) -> f64 {
        let at = |at: usize| {
            (self.rest.base[at] / self.whole.base[at]).abs().max((self.rest.head[at] / self.whole.head[at]).abs())
        };
        (0..self.sizes.len()).map(at).fold(0.0, f64::max)
    }
}

/// One side of a workload: its profiles and accounts by size.
struct Side<'a> {
    profiles: Vec<&'a Profile>,
    accounts: Vec<Account>,
}

/// Explains the change from `base` to `head`, by size.
///
/// # Errors
/// No size in common, or a side without symbols.
pub fn explain(base: &BTreeMap<u64, Profile>, head: &BTreeMap<u64, Profile>) -> Result<Explanation, Unexplained> {
    explain_beyond(base, head, &BTreeMap::new())
}

/// The same of what does not repeat: the largest change is that which is most beyond the relative error of its size.
pub(super) fn explain_beyond(
    base: &BTreeMap<u64, Profile>,
    head: &BTreeMap<u64, Profile>,
    errors: &BTreeMap<u64, f64>,
) -> Result<Explanation, Unexplained> {
    let sizes: Vec<u64> = base.keys().copied().filter(|size| head.contains_key(size)).collect();
    if sizes.is_empty() {
        return Err(Unexplained::NoCommonSizes);
    }
    let mut sides = [side(base, &sizes, false)?, side(head, &sizes, true)?];
    let totals = sides.each_ref().map(|side| side.profiles.iter().map(|its| its.total as f64).collect::<Vec<_>>());
    let kept = kept(&sides, &totals);
    let [before, after] = sides.each_ref().map(|side| -> BTreeSet<String> {
        side.accounts.iter().flat_map(|account| account.functions.keys().cloned()).collect()
    });
    let is_in_both = |name: &str| before.contains(name) && after.contains(name);
    for side in &mut sides {
        let accounts = std::mem::take(&mut side.accounts).into_iter().zip(&side.profiles);
        side.accounts = accounts.map(|(account, profile)| account.without_small(profile, &kept, &is_in_both)).collect();
    }
    let change = |at: usize| (totals[1][at] / totals[0][at] - 1.0).abs();
    let beyond = |at: usize| change(at) - errors.get(&sizes[at]).copied().unwrap_or(0.0);
    let at = (0..sizes.len()).max_by(|a, b| beyond(*a).total_cmp(&beyond(*b))).unwrap_or(0);
    let x: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
    let fits = totals.each_ref().map(|costs| fit(&x, costs));
    let knee = fits.iter().flatten().find_map(|fit| fit.curve.breakpoint());
    // What is done above a size alone, as where an image is made smaller, is seen in the change if not in the law.
    let begins = || law::begins_above(&x, &(0..x.len()).map(change).collect::<Vec<_>>());
    let with = |breakpoint: Option<f64>| Some((Terms::new(&x, &totals[0], breakpoint)?, breakpoint));
    let found = knee.and_then(|its| with(Some(its))).or_else(|| with(Some(begins()?))).or_else(|| with(None));
    let (terms, breakpoint) = found.unzip();
    let breakpoint = breakpoint.flatten();
    let maker = Maker { sides: &sides, terms: terms.as_ref(), at };
    let whole = maker.part(String::new(), totals.clone());
    let names: BTreeSet<&String> =
        sides.iter().flat_map(|side| &side.accounts).flat_map(|account| account.functions.keys()).collect();
    let parts: Vec<Part> = names.into_iter().map(|name| maker.function(name)).collect();
    let left = |side: usize| -> Vec<f64> {
        let sum =
            |at: usize| parts.iter().map(|part| if side == 0 { part.base[at] } else { part.head[at] }).sum::<f64>();
        (0..x.len())
            .map(|at| totals[side][at] - sum(at))
            .map(|left| if left.abs() < 0.5 { 0.0 } else { left })
            .collect()
    };
    let rest = maker.part(String::new(), [left(0), left(1)]);
    let calls = frames(sides[0].profiles[at], sides[1].profiles[at]);
    let mut explanation = Explanation { sizes, whole, parts, rest, breakpoint, at, calls };
    let mut parts = std::mem::take(&mut explanation.parts);
    parts.sort_by(|a, b| explanation.weight(b).total_cmp(&explanation.weight(a)).then_with(|| a.name.cmp(&b.name)));
    let classify =
        |part: &mut Part| part.classes = [&part.base, &part.head].map(|costs| fit(&x, costs).map(|fit| fit.class));
    parts.iter_mut().take(CLASSIFIED).chain([&mut explanation.whole]).for_each(classify);
    for part in parts.iter_mut().take(CLASSIFIED).filter(|part| part.change(at) != 0.0) {
        part.callers = callers(&part.name, part.change(at), sides[0].profiles[at], sides[1].profiles[at]);
    }
    explanation.parts = parts;
    Ok(explanation)
}

fn side<'a>(all: &'a BTreeMap<u64, Profile>, sizes: &[u64], is_head: bool) -> Result<Side<'a>, Unexplained> {
    let profiles: Vec<&Profile> = sizes.iter().map(|size| &all[size]).collect();
    let of = |profile: &&Profile| {
        let unnamed = profile.functions.iter().filter(|(name, _)| is_unnamed(name));
        unnamed.map(|(_, its)| its.own as f64).sum::<f64>() / profile.total as f64
    };
    let share = profiles.iter().map(of).fold(0.0, f64::max);
    if share > MAX_UNNAMED {
        return Err(Unexplained::NoSymbols { is_head, share });
    }
    let accounts = profiles.iter().map(|profile| account(profile, &|name| is_helper(name, profile))).collect();
    Ok(Side { profiles, accounts })
}

/// Functions that are not small.
fn kept(sides: &[Side<'_>; 2], totals: &[Vec<f64>; 2]) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for (at, (&whole_before, &whole_after)) in totals[0].iter().zip(&totals[1]).enumerate() {
        let [base, head] = sides.each_ref().map(|side| &side.accounts[at].functions);
        let changed = (whole_after - whole_before).abs();
        for name in base.keys().chain(head.keys()) {
            let [before, after] = [base, head].map(|functions| functions.get(name).copied().unwrap_or(0.0));
            let is_large = before >= SMALL * whole_before || after >= SMALL * whole_after;
            // A change that is a rounding of the whole is none.
            let is_moved = (after - before).abs() >= SMALL_CHANGE * changed && changed >= 1e-4 * whole_before;
            if is_large || is_moved {
                kept.insert(name.clone());
            }
        }
    }
    kept
}

/// What parts are made from.
struct Maker<'a> {
    sides: &'a [Side<'a>; 2],
    terms: Option<&'a Terms>,
    at: usize,
}

impl Maker<'_> {
    fn function(&self, name: &str) -> Part {
        let of = |side: &Side<'_>| -> Vec<f64> {
            side.accounts.iter().map(|account| account.functions.get(name).copied().unwrap_or(0.0)).collect()
        };
        let inclusive =
            |side: &Side<'_>| -> Vec<f64> { side.profiles.iter().map(|its| inclusive(its, name)).collect() };
        let is_in = |side: &Side<'_>| side.profiles.iter().any(|its| its.functions.contains_key(name));
        let presence = match self.sides.each_ref().map(is_in) {
            [false, true] => Presence::New,
            [true, false] => Presence::Gone,
            _ => Presence::Both,
        };
        let mut file = self.sides.iter().rev().flat_map(|side| &side.profiles);
        let file = file.find_map(|its| its.functions.get(name)?.file.clone());
        let mut through: BTreeMap<&str, f64> = BTreeMap::new();
        for (side, sign) in self.sides.iter().zip([-1.0, 1.0]) {
            for ((function, helper), amount) in &side.accounts[self.at].through {
                if function == name {
                    *through.entry(helper).or_default() += sign * amount;
                }
            }
        }
        let mut through: Vec<(String, f64)> =
            through.into_iter().map(|(name, change)| (name.to_owned(), change)).collect();
        through.retain(|(_, change)| change.abs() >= 0.5);
        through.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let costs = self.sides.each_ref().map(of);
        let inclusive = self.sides.each_ref().map(inclusive);
        Part { file, presence, inclusive, through, ..self.part(name.to_owned(), costs) }
    }

    fn part(&self, name: String, [base, head]: [Vec<f64>; 2]) -> Part {
        let change: Vec<f64> = base.iter().zip(&head).map(|(base, head)| head - base).collect();
        let of = |costs: &[f64]| self.terms.and_then(|terms| terms.of(costs)).unwrap_or_default();
        let terms =
            of(&base).into_iter().zip(of(&head)).map(|((term, before), (_, after))| (term, before, after)).collect();
        Part {
            name,
            file: None,
            presence: Presence::Both,
            inclusive: [Vec::new(), Vec::new()],
            term: self.terms.and_then(|terms| terms.of_change(&change)),
            terms,
            classes: [None, None],
            callers: Vec::new(),
            through: Vec::new(),
            base,
            head,
        }
    }
}

/// Instructions of a function with all that it calls. Functions that call each other in turns have them twice.
fn inclusive(profile: &Profile, name: &str) -> f64 {
    let own = profile.functions.get(name).map_or(0, |its| its.own) as f64;
    let calls = profile.calls.iter().filter(|((caller, _), _)| caller == name).map(|(_, count)| *count as f64);
    (own + calls.sum::<f64>()).min(profile.total as f64)
}

/// The law of counts, which repeat; `None` without one, as of a function that some sizes don't call.
fn fit(sizes: &[f64], costs: &[f64]) -> Option<law::Fit> {
    let cells = sizes.iter().zip(costs).map(|(size, cost)| (*size, 0, *cost));
    law::fit(&Observations::new(cells).ok()?, &FitOptions::default()).ok()
}

#[cfg(test)]
mod tests;
