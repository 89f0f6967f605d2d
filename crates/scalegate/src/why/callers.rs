//! By which way a change reached a function: a reviewer opens the caller that was edited, which need not be where the instructions are.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::Profile;

/// Calls with less of the function's change below them are not followed.
const MIN_SHARE: f64 = 0.2;

/// Callers that are kept, the nearest first.
const MAX_CALLERS: usize = 30;

/// Who calls `name` so that `change` more instructions are below these calls than before, and who calls these, the nearest first.
pub(super) fn callers(name: &str, change: f64, base: &Profile, head: &Profile) -> Vec<String> {
    let mut changes: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for (profile, sign) in [(base, -1.0), (head, 1.0)] {
        for ((caller, callee), count) in &profile.calls {
            *changes.entry(callee).or_default().entry(caller).or_default() += sign * *count as f64;
        }
    }
    let (mut found, mut seen) = (Vec::new(), BTreeSet::from([name]));
    let mut open = vec![name];
    while !open.is_empty() && found.len() < MAX_CALLERS {
        let mut next: BTreeMap<&str, f64> = BTreeMap::new();
        for (caller, more) in open.iter().filter_map(|callee| changes.get(callee)).flatten() {
            *next.entry(caller).or_default() += more;
        }
        let mut next: Vec<(&str, f64)> = next.into_iter().collect();
        next.retain(|(caller, more)| more / change >= MIN_SHARE && seen.insert(*caller));
        next.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        open = next.into_iter().map(|(caller, _)| caller).collect();
        found.extend(open.iter().map(|caller| (*caller).to_owned()));
    }
    found.truncate(MAX_CALLERS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_from_the_function_to_the_caller_that_calls_it_more() {
        let profile = |calls: &[(&str, &str, u64)]| Profile {
            calls: calls.iter().map(|(a, b, count)| (((*a).to_owned(), (*b).to_owned()), *count)).collect(),
            ..Profile::default()
        };
        let base = profile(&[("main", "load", 100), ("main", "step", 50), ("load", "clone", 90)]);
        let head = profile(&[
            ("main", "load", 100),
            ("main", "step", 150),
            ("step", "to_vec", 100),
            ("to_vec", "clone", 95),
            ("load", "clone", 90),
        ]);
        assert_eq!(callers("clone", 95.0, &base, &head), ["to_vec", "step", "main"]);
        assert!(callers("main", 95.0, &base, &head).is_empty());
    }
}
