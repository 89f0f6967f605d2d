//! Instructions of helpers, on account of the functions that call them.
//!
//! A helper's instructions are shared out to its callers in proportion to the instructions below their calls to it, and on to theirs as
//! far as these are helpers (Graham, Kessler and `McKusick`, *gprof: a call graph execution profiler*, SIGPLAN 17, 1982, §4). Of one caller
//! and one helper that is exact, since callgrind has the instructions below each call; through a chain of helpers it is a mean over
//! their callers.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::Profile;

/// What each function costs with its helpers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Account {
    /// By function that is no helper: own instructions and those of its helpers.
    pub(super) functions: BTreeMap<String, f64>,
    /// The part that is executed in a helper, by function and helper.
    pub(super) through: BTreeMap<(String, String), f64>,
}

/// Rounds of passing on; a recursion among helpers leaves less at each.
const MAX_STEPS: usize = 60;

/// What is left of a helper's instructions to pass on, as a share, when it is enough.
const SETTLED: f64 = 1e-6;

/// The callers of each function with the share of its instructions that is below their calls.
struct Callers<'a>(BTreeMap<&'a str, Vec<(&'a str, f64)>>);

impl<'a> Callers<'a> {
    fn new(profile: &'a Profile) -> Self {
        let mut callers: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
        for ((caller, callee), count) in &profile.calls {
            callers.entry(callee).or_default().push((caller, *count as f64));
        }
        for list in callers.values_mut() {
            let sum: f64 = list.iter().map(|(_, count)| count).sum();
            for (_, count) in list {
                *count /= sum.max(f64::MIN_POSITIVE);
            }
        }
        Self(callers)
    }

    /// Passes an amount on from `name` to those that keep it.
    fn passed_on(&self, name: &'a str, amount: f64, keeps: &dyn Fn(&str) -> bool) -> BTreeMap<&'a str, f64> {
        let mut kept: BTreeMap<&str, f64> = BTreeMap::new();
        let mut open = BTreeMap::from([(name, amount)]);
        for _ in 0..MAX_STEPS {
            let mut next: BTreeMap<&str, f64> = BTreeMap::new();
            for (name, amount) in open {
                let callers = self.0.get(name).map_or(&[][..], Vec::as_slice);
                if callers.is_empty() {
                    // Nobody calls it: it stands for itself.
                    *kept.entry(name).or_default() += amount;
                }
                for (caller, share) in callers {
                    let place = if keeps(caller) { &mut kept } else { &mut next };
                    *place.entry(caller).or_default() += amount * share;
                }
            }
            open = next;
            if open.values().sum::<f64>() <= SETTLED * amount {
                break;
            }
        }
        // What goes round in a circle stays with the helper that it began in.
        *kept.entry(name).or_default() += open.values().sum::<f64>();
        kept.retain(|_, amount| *amount > 0.0);
        kept
    }
}

/// The account of a profile in which `is_helper` says whose instructions are passed on.
pub(super) fn account(profile: &Profile, is_helper: &dyn Fn(&str) -> bool) -> Account {
    let callers = Callers::new(profile);
    let keeps = |name: &str| !is_helper(name);
    let mut account = Account::default();
    for (name, its) in &profile.functions {
        let own = its.own as f64;
        if keeps(name) {
            *account.functions.entry(name.clone()).or_default() += own;
            continue;
        }
        for (to, amount) in callers.passed_on(name, own, &keeps) {
            *account.functions.entry(to.to_owned()).or_default() += amount;
            if to != name {
                *account.through.entry((to.to_owned(), name.clone())).or_default() += amount;
            }
        }
    }
    account
}

impl Account {
    /// The same with the instructions of functions that are not in `kept` on account of their callers that are. What both sides have goes
    /// to callers that both have, as `is_in_both` says: a function between them that one side has alone would else have, as a change,
    /// what it only calls.
    pub(super) fn without_small(
        self,
        profile: &Profile,
        kept: &BTreeSet<String>,
        is_in_both: &dyn Fn(&str) -> bool,
    ) -> Self {
        let callers = Callers::new(profile);
        let keeps = |name: &str| kept.contains(name);
        let keeps_of_both = |name: &str| keeps(name) && is_in_both(name);
        let mut account = Self::default();
        for (name, amount) in self.functions {
            if keeps(&name) || !callers.0.contains_key(name.as_str()) {
                *account.functions.entry(name).or_default() += amount;
                continue;
            }
            let Some((&key, _)) = callers.0.get_key_value(name.as_str()) else { continue };
            let takes: &dyn Fn(&str) -> bool = if is_in_both(&name) { &keeps_of_both } else { &keeps };
            for (to, amount) in callers.passed_on(key, amount, takes) {
                *account.functions.entry(to.to_owned()).or_default() += amount;
                if to != name {
                    *account.through.entry((to.to_owned(), name.clone())).or_default() += amount;
                }
            }
        }
        for ((function, helper), amount) in self.through {
            if keeps(&function) {
                *account.through.entry((function, helper)).or_default() += amount;
            }
        }
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::FunctionCount;

    fn profile(own: &[(&str, u64)], calls: &[(&str, &str, u64)]) -> Profile {
        let count = |own| FunctionCount { own, ..FunctionCount::default() };
        Profile {
            total: own.iter().map(|(_, own)| own).sum(),
            functions: own.iter().map(|(name, own)| ((*name).to_owned(), count(*own))).collect(),
            calls: calls.iter().map(|(a, b, count)| (((*a).to_owned(), (*b).to_owned()), *count)).collect(),
        }
    }

    fn helper(name: &str) -> bool {
        name.starts_with("core") || name == "memcpy"
    }

    #[test]
    fn a_helper_is_shared_out_by_what_its_callers_made_it_do() {
        let profile = profile(
            &[("a", 10), ("b", 20), ("core::grow", 5), ("memcpy", 65)],
            &[("a", "core::grow", 40), ("b", "memcpy", 30), ("core::grow", "memcpy", 35)],
        );
        let account = account(&profile, &helper);
        assert_eq!(account.functions, BTreeMap::from([("a".to_owned(), 50.0), ("b".to_owned(), 50.0)]));
        assert_eq!(account.through[&("b".to_owned(), "memcpy".to_owned())], 30.0);
        assert_eq!(account.through[&("a".to_owned(), "memcpy".to_owned())], 35.0);
    }

    #[test]
    fn nothing_is_lost_in_a_recursion_or_without_a_caller() {
        let profile = profile(
            &[("a", 10), ("core::x", 40), ("core::y", 50), ("memcpy", 7)],
            &[("a", "core::x", 90), ("core::x", "core::y", 50), ("core::y", "core::x", 50)],
        );
        let account = account(&profile, &helper);
        let sum: f64 = account.functions.values().sum();
        assert!((sum - 107.0).abs() < 1e-9, "{account:?}");
        assert!((account.functions["a"] - 100.0).abs() < 0.01, "{account:?}");
        assert_eq!(account.functions["memcpy"], 7.0);
    }

    #[test]
    fn small_functions_are_on_account_of_their_callers() {
        let profile = profile(&[("a", 90), ("small", 1), ("memcpy", 9)], &[("a", "small", 10), ("small", "memcpy", 9)]);
        let account = account(&profile, &helper);
        assert_eq!(account.functions["small"], 10.0);
        let account = account.without_small(&profile, &BTreeSet::from(["a".to_owned()]), &|_| true);
        assert_eq!(account.functions, BTreeMap::from([("a".to_owned(), 100.0)]));
        assert_eq!(account.through, BTreeMap::from([(("a".to_owned(), "small".to_owned()), 10.0)]));
    }

    #[test]
    fn a_function_of_one_side_takes_no_small_ones_of_both() {
        let profile = profile(
            &[("main", 50), ("new", 40), ("old small", 6), ("new small", 4)],
            &[("main", "new", 50), ("new", "old small", 6), ("new", "new small", 4)],
        );
        let kept = BTreeSet::from(["main".to_owned(), "new".to_owned()]);
        let account = account(&profile, &helper).without_small(&profile, &kept, &|name| !name.starts_with("new"));
        assert_eq!(account.functions, BTreeMap::from([("main".to_owned(), 56.0), ("new".to_owned(), 44.0)]));
    }
}
