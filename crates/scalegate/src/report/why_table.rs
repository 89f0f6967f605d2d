//! The parts of a change as rows: functions by their instructions, operators by their time.

use std::fmt::Write;

use super::why::name;
use crate::Axis;
use crate::metric::Metric;
use crate::units::{cost, share};
use crate::why::{Explanation, Presence};

/// Parts in the table; the others are one row.
const MAX_ROWS: usize = 8;

/// What a table is of.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// What a part is called.
    part: &'static str,
    /// Several of them.
    parts: &'static str,
    /// What is of none of them.
    rest: &'static str,
    /// How costs are written.
    cost: fn(f64) -> String,
}

/// Instructions of functions.
pub(super) const FUNCTIONS: Rows =
    Rows { part: "function", parts: "functions", rest: "of no function", cost: instructions };

/// Wall time of operators.
pub(super) const OPERATORS: Rows =
    Rows { part: "operator", parts: "operators", rest: "outside of operators", cost: seconds };

/// Parts with what they cost on both sides, where the change is largest.
pub(super) fn table(explanation: &Explanation, axis: &Axis, of: Rows) -> String {
    let rows = rows(explanation, axis, of);
    let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in &rows {
        let [first, base, head, change, of_it, term] = row;
        let _ = writeln!(text, "  {first:width$}  {base:>12}  {head:>12}  {change:>12}  {of_it:>8}  {term}");
    }
    text
}

/// The rows of the table with its head; the last ones are what is not listed, and what is of no part.
pub(super) fn rows(explanation: &Explanation, axis: &Axis, of: Rows) -> Vec<[String; 6]> {
    let called = |term| name(term, explanation.breakpoint, axis);
    let at = explanation.at;
    let sum = explanation.whole.change(at);
    let row = |name: String, base: f64, head: f64, term: String| {
        let change = head - base;
        let sign = if change < 0.0 { "" } else { "+" };
        let of_it = if sum == 0.0 { String::new() } else { share(change / sum) };
        [name, (of.cost)(base), (of.cost)(head), format!("{sign}{}", (of.cost)(change)), of_it, term]
    };
    let mut rows = vec![[of.part, "base", "head", "change", "of it", "term"].map(str::to_owned)];
    for part in explanation.parts.iter().take(MAX_ROWS) {
        let term = part.term.map_or_else(String::new, called);
        let law = match part.classes {
            [Some(before), Some(after)] if before != after => format!(", {before} → {after}"),
            _ => String::new(),
        };
        let presence = match part.presence {
            Presence::Both => String::new(),
            Presence::New => " (new)".to_owned(),
            Presence::Gone => " (gone)".to_owned(),
        };
        rows.push(row(format!("{}{presence}", part.name), part.base[at], part.head[at], term + &law));
    }
    let others = explanation.parts.iter().skip(MAX_ROWS);
    let n = others.clone().count();
    if n > 0 {
        let (base, head) = others.fold((0.0, 0.0), |sum, part| (sum.0 + part.base[at], sum.1 + part.head[at]));
        rows.push(row(format!("{n} other {}", of.parts), base, head, String::new()));
    }
    rows.push(row(of.rest.to_owned(), explanation.rest.base[at], explanation.rest.head[at], String::new()));
    let term = explanation.whole.term.map_or_else(String::new, called);
    rows.push(row("all".to_owned(), explanation.whole.base[at], explanation.whole.head[at], term));
    rows
}

/// A count of instructions.
pub(super) fn instructions(count: f64) -> String {
    if count == 0.0 { "0".to_owned() } else { cost(count, Metric::Instructions.unit()) }
}

/// Nanoseconds as a time.
pub(super) fn seconds(nanoseconds: f64) -> String {
    cost(1e-9 * nanoseconds, Metric::WallTime.unit())
}
