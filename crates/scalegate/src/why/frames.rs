//! Instructions as a tree of calls, for a differential flame graph.
//!
//! Callgrind knows who calls whom and not by which way: below a caller, what a callee does is shared out to the ways that lead to the
//! caller in proportion to their instructions (Graham, Kessler and `McKusick`, *gprof*, 1982). With one way to each function the tree is
//! exact.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::Profile;

/// Deeper calls are part of the frame above.
const MAX_DEPTH: usize = 16;

/// A frame with less of the whole is part of the one above.
const MIN_SHARE: f64 = 0.004;

/// A function as it is reached by one way, on both sides.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// The function; empty for the root.
    pub name: String,
    /// Instructions in it and below it, in the base.
    pub base: f64,
    /// The same in the head.
    pub head: f64,
    /// What it calls, by name.
    pub children: Vec<Frame>,
}

/// The tree of two profiles of one size.
pub(super) fn frames(base: &Profile, head: &Profile) -> Frame {
    let mut ways: BTreeMap<Vec<&str>, [f64; 2]> = BTreeMap::new();
    for (side, profile) in [base, head].into_iter().enumerate() {
        let graph = Graph::new(profile);
        for root in graph.roots() {
            graph.walk(&mut vec![root], graph.inclusive(root), &mut |way, amount| {
                ways.entry(way.to_vec()).or_default()[side] += amount;
            });
        }
    }
    let [base, head] = [base, head].map(|profile| profile.total as f64);
    let mut root = Frame { base, head, ..Frame::default() };
    // A way comes after the one that it goes on from.
    for (way, [base, head]) in ways {
        let mut parent = &mut root;
        for name in &way[..way.len() - 1] {
            let Some(at) = parent.children.iter().position(|child| child.name == *name) else { break };
            parent = &mut parent.children[at];
        }
        parent.children.push(Frame { name: way[way.len() - 1].to_owned(), base, head, children: Vec::new() });
    }
    root
}

struct Graph<'a> {
    profile: &'a Profile,
    callees: BTreeMap<&'a str, Vec<(&'a str, f64)>>,
    called: BTreeSet<&'a str>,
}

impl<'a> Graph<'a> {
    fn new(profile: &'a Profile) -> Self {
        let mut callees: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
        let mut called = BTreeSet::new();
        for ((caller, callee), count) in &profile.calls {
            callees.entry(caller).or_default().push((callee, *count as f64));
            called.insert(callee.as_str());
        }
        Self { profile, callees, called }
    }

    /// Functions that nobody is known to call.
    fn roots(&self) -> Vec<&'a str> {
        let all = self.profile.functions.keys().map(String::as_str).chain(self.callees.keys().copied());
        all.filter(|name| !self.called.contains(name)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn inclusive(&self, name: &str) -> f64 {
        let own = self.profile.functions.get(name).map_or(0, |its| its.own) as f64;
        own + self.callees.get(name).map_or(0.0, |list| list.iter().map(|(_, count)| count).sum())
    }

    /// Visits what is reached by `way`, of which `amount` is executed in its last function and below.
    fn walk(&self, way: &mut Vec<&'a str>, amount: f64, visit: &mut dyn FnMut(&[&'a str], f64)) {
        if amount < MIN_SHARE * self.profile.total as f64 {
            return;
        }
        visit(way, amount);
        let Some(&name) = way.last() else { return };
        let share = amount / self.inclusive(name).max(1.0);
        for &(callee, count) in self.callees.get(name).map_or(&[][..], Vec::as_slice) {
            if way.len() < MAX_DEPTH && !way.contains(&callee) {
                way.push(callee);
                self.walk(way, share * count, visit);
                way.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::FunctionCount;

    fn profile(memcpy: u64) -> Profile {
        let count = |own| FunctionCount { own, ..FunctionCount::default() };
        let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        Profile {
            total: 100 + memcpy,
            functions: [("main", 10), ("f", 60), ("g", 30), ("memcpy", memcpy)]
                .map(|(name, own)| (name.to_owned(), count(own)))
                .into(),
            calls: BTreeMap::from([
                (edge("main", "f"), 60 + memcpy / 2),
                (edge("main", "g"), 30 + memcpy / 2),
                (edge("f", "memcpy"), memcpy / 2),
                (edge("g", "memcpy"), memcpy / 2),
                (edge("memcpy", "f"), 0),
            ]),
        }
    }

    #[test]
    fn a_tree_has_both_sides_of_each_way_and_no_circle() {
        let root = frames(&profile(20), &profile(60));
        let main = &root.children[0];
        assert_eq!((&*main.name, main.base, main.head), ("main", 120.0, 160.0));
        let ways: Vec<(&str, f64, f64)> = main.children.iter().map(|it| (&*it.name, it.base, it.head)).collect();
        assert_eq!(ways, [("f", 70.0, 90.0), ("g", 40.0, 60.0)]);
        assert_eq!((main.children[1].children[0].base, main.children[1].children[0].head), (10.0, 30.0));
    }

    #[test]
    fn a_way_of_one_side_is_nothing_on_the_other() {
        let root = frames(&profile(0), &profile(60));
        let memcpy = &root.children[0].children[0].children[0];
        assert_eq!((&*memcpy.name, memcpy.base, memcpy.head), ("memcpy", 0.0, 30.0));
    }
}
