use super::*;
use crate::measure::FunctionCount;

type Cost = fn(f64) -> f64;

const SIZES: [u64; 6] = [100, 200, 400, 800, 1600, 3200];

/// Functions with their own instructions by size, and who calls what; a call has all that the callee does below it.
fn profiles(functions: &[(&str, Cost)], calls: &[(&str, &str)]) -> BTreeMap<u64, Profile> {
    let profile = |size: u64| {
        let own: BTreeMap<&str, u64> =
            functions.iter().map(|(name, cost)| (*name, cost(size as f64).round() as u64)).collect();
        let count = |name: &str, own: &u64| FunctionCount {
            own: *own,
            object: (name == "memcpy").then(|| "/lib/libc.so.6".to_owned()),
            ..FunctionCount::default()
        };
        Profile {
            total: own.values().sum(),
            functions: own.iter().map(|(name, own)| ((*name).to_owned(), count(name, own))).collect(),
            calls: calls.iter().map(|(a, b)| (((*a).to_owned(), (*b).to_owned()), own[b])).collect(),
        }
    };
    SIZES.iter().map(|size| (*size, profile(*size))).collect()
}

const CALLS: [(&str, &str); 3] = [("a::main", "a::read"), ("a::main", "a::pair"), ("a::read", "memcpy")];

fn base() -> BTreeMap<u64, Profile> {
    profiles(&BASE, &CALLS)
}

const BASE: [(&str, Cost); 4] =
    [("a::main", |_| 1000.0), ("a::read", |n| 20.0 * n), ("a::pair", |n| 0.5 * n * n), ("memcpy", |n| 4.0 * n)];

fn with(name: &'static str, cost: Cost) -> BTreeMap<u64, Profile> {
    let changed: Vec<_> =
        BASE.into_iter().map(|(its, before)| (its, if its == name { cost } else { before })).collect();
    profiles(&changed, &CALLS)
}

#[test]
fn the_function_that_changed_is_first_with_the_term_that_changed() {
    let changes: [(&str, Cost, &str, Term); 4] = [
        ("a::pair", |n| 0.55 * n * n, "a::pair", Term::Curvature),
        ("a::read", |n| 23.0 * n, "a::read", Term::Slope),
        ("a::main", |_| 9000.0, "a::main", Term::Constant),
        // A helper is on account of its caller.
        ("memcpy", |n| 4.0 * n + 0.03 * n * n, "a::read", Term::Curvature),
    ];
    for (edited, cost, named, term) in changes {
        let explanation = explain(&base(), &with(edited, cost)).unwrap();
        let first = &explanation.parts[0];
        assert_eq!((&*first.name, first.term), (named, Some(term)), "{edited}");
        assert!((explanation.share(first) - 1.0).abs() < 1e-9, "{edited}");
        assert!(explanation.imbalance() < 1e-9 && explanation.unattributed() == 0.0);
    }
}

#[test]
fn what_is_done_above_a_size_alone_is_a_slope_above_it() {
    let again = |n: f64| 20.0 * n + if n > 400.0 { 900.0 + 3.0 * n } else { 0.0 };
    let explanation = explain(&base(), &with("a::read", again)).unwrap();
    assert_eq!((explanation.breakpoint, explanation.parts[0].term), (Some(400.0), Some(Term::SlopeAbove)));
    assert!(explanation.imbalance() < 1e-9);
}

#[test]
fn a_helper_is_named_with_the_function_that_calls_it() {
    let explanation = explain(&base(), &with("memcpy", |n| 9.0 * n)).unwrap();
    assert_eq!(explanation.parts[0].through, [("memcpy".to_owned(), 5.0 * SIZES[explanation.at] as f64)]);
}

#[test]
fn a_function_of_one_side_is_new_or_gone() {
    let mut more: Vec<_> = BASE.to_vec();
    more.push(("a::again", |n| 7.0 * n));
    let new = profiles(&more, &[CALLS[0], CALLS[1], CALLS[2], ("a::main", "a::again")]);
    let explanation = explain(&base(), &new).unwrap();
    assert_eq!((&*explanation.parts[0].name, explanation.parts[0].presence), ("a::again", Presence::New));
    let explanation = explain(&new, &base()).unwrap();
    assert_eq!((&*explanation.parts[0].name, explanation.parts[0].presence), ("a::again", Presence::Gone));
}

#[test]
fn the_terms_of_the_functions_add_up_to_those_of_the_whole() {
    let explanation = explain(&base(), &with("a::read", |n| 23.0 * n + 900.0)).unwrap();
    for (at, (term, before, after)) in explanation.whole.terms.iter().enumerate() {
        let sum =
            |of: fn(&(Term, f64, f64)) -> f64| explanation.parts.iter().map(|part| of(&part.terms[at])).sum::<f64>();
        assert!((sum(|it| it.1) - before).abs() < 1.0, "{term:?}");
        assert!((sum(|it| it.2) - after).abs() < 1.0, "{term:?}");
    }
}

#[test]
fn what_is_of_no_function_is_a_part_of_its_own() {
    let mut head = base();
    for profile in head.values_mut() {
        profile.total += 5000;
    }
    let explanation = explain(&base(), &head).unwrap();
    assert_eq!(explanation.rest.head, [5000.0; 6]);
    assert!(explanation.imbalance() < 1e-9 && explanation.unattributed() > 0.1);
}

#[test]
fn sides_without_symbols_or_common_sizes_are_not_explained() {
    let stripped = profiles(&[("0x000000000010a2b0", |n| 10.0 * n), ("main", |_| 9.0)], &[]);
    let said = explain(&base(), &stripped).unwrap_err();
    assert!(matches!(said, Unexplained::NoSymbols { is_head: true, share } if share > 0.9), "{said:?}");
    assert_eq!(explain(&base(), &BTreeMap::new()).unwrap_err(), Unexplained::NoCommonSizes);
}
