//! Causes in words: five lines for a reviewer, and a table of functions.

use std::fmt::Write;

use super::why_table::{FUNCTIONS, OPERATORS, instructions, rows, seconds, table};
use crate::Axis;
use crate::law::{Class, Term};
use crate::metric::Metric;
use crate::units::{change, rounded, rounded_size, share};
use crate::why::{
    Changed, ChangedFile, Explanation, GraphChange, NodeChange, Operators, Part, Presence, Unexplained, Why,
    WorkloadWhy,
};

/// Functions with less of the change are not named.
const MIN_SHARE: f64 = 0.05;

/// Functions that are named.
const MAX_NAMED: usize = 3;

/// Files that are listed.
const MAX_FILES: usize = 6;

/// Five lines and a table for each workload whose instructions changed; what did not change in a line.
pub fn why_text(why: &Why) -> String {
    let mut text = String::new();
    for (its, explanation) in changed(why) {
        for (label, line) in lines(why, its, explanation) {
            let _ = if label.is_empty() { writeln!(text, "{line}") } else { writeln!(text, "  {label:8}{line}") };
        }
        text.push_str(&table(explanation, &its.axis, FUNCTIONS));
        text.push('\n');
        text.push_str(&times(its));
    }
    for its in why.workloads.iter().filter(|its| !its.is_changed()) {
        let _ = writeln!(text, "{}", nothing(its, &why.sides));
        for (label, line) in parts(its) {
            let _ = writeln!(text, "  {label:8}{line}");
        }
        text.push_str(&times(its));
    }
    for (workload, is_head) in &why.alone {
        let _ = writeln!(text, "{workload}: {} alone has it", why.sides[usize::from(*is_head)]);
    }
    text
}

/// The same in Markdown, as a part of a job's summary.
pub fn why_markdown(why: &Why) -> String {
    // A block by indentation: no text within can end it.
    let lines: String = why_text(why).lines().map(|line| format!("    {line}\n")).collect();
    format!("\n### Where it comes from\n\n{lines}")
}

/// The lines of each workload that changed, for where there is no room for tables.
pub fn why_lines(why: &Why) -> Vec<String> {
    changed(why)
        .flat_map(|(its, explanation)| lines(why, its, explanation))
        .map(|(label, line)| match label {
            "" => line,
            label => format!("{label}: {line}"),
        })
        .collect()
}

/// The functions of each workload that changed, a line each.
pub fn why_functions(why: &Why) -> Vec<String> {
    let of = |(its, explanation): (&WorkloadWhy, &Explanation)| -> Vec<String> {
        let row = |row: [String; 6]| {
            let [name, base, head, change, of_it, term] = row;
            format!("{}: {name}: {base} → {head} ({change}, {of_it} of the change) {term}", its.workload)
        };
        rows(explanation, &its.axis, FUNCTIONS).into_iter().skip(1).map(row).collect()
    };
    changed(why).flat_map(of).collect()
}

/// The workloads whose instructions changed, with what explains them, the largest change first.
pub(super) fn changed(why: &Why) -> impl Iterator<Item = (&WorkloadWhy, &Explanation)> {
    let changed = why.workloads.iter().filter(|its| its.is_changed());
    let mut all: Vec<_> = changed.filter_map(|its| Some((its, its.outcome.as_ref().ok()?))).collect();
    let largest = |explanation: &Explanation| explanation.changes()[explanation.at].abs();
    all.sort_by(|a, b| largest(b.1).total_cmp(&largest(a.1)));
    all.into_iter()
}

/// Of a workload that did not change, or could not be explained.
pub(super) fn nothing(its: &WorkloadWhy, sides: &[String; 2]) -> String {
    match &its.outcome {
        Err(reason) => format!("{}: not explained: {}", its.workload, unexplained(reason, sides)),
        Ok(explanation) => format!(
            "{}: instructions as before (the largest change: {} at {}; ±{} % tolerated), so that there is nothing to name",
            its.workload,
            signed_percent(explanation.changes()[explanation.at]),
            rounded_size(explanation.sizes[explanation.at] as f64, &its.axis),
            rounded(100.0 * its.tolerance)
        ),
    }
}

/// Why there are no functions to name.
pub(super) fn unexplained(reason: &Unexplained, sides: &[String; 2]) -> String {
    match reason {
        Unexplained::NoCommonSizes => {
            format!("{} and {} have no size in common; count the same sizes", sides[0], sides[1])
        }
        Unexplained::NoSymbols { is_head, share: its } => format!(
            "{} of the instructions of {} are in code without a name; build without `strip`",
            share(*its),
            sides[usize::from(*is_head)]
        ),
    }
}

/// What, how sure, where, which term, what to look at; and what is known of its parts. Each has its label.
pub(super) fn lines(why: &Why, its: &WorkloadWhy, explanation: &Explanation) -> Vec<(&'static str, String)> {
    let five = [
        ("", what(its, explanation)),
        ("sure", sure(explanation)),
        ("where", place(explanation)),
        ("term", terms(explanation, &its.axis)),
        ("look at", look_at(why, explanation)),
    ];
    five.into_iter().chain(parts(its)).collect()
}

/// What became of the graph, and where wall time went, as far as that is known.
pub(super) fn parts(its: &WorkloadWhy) -> Vec<(&'static str, String)> {
    let graph = its.graph.as_ref().map(|graph| ("graph", graph_line(graph, &its.axis)));
    let time = its.operators.as_ref().map(|operators| ("time", time_line(operators, &its.axis)));
    graph.into_iter().chain(time).collect()
}

/// Which nodes are not as before.
fn graph_line(graph: &GraphChange, axis: &Axis) -> String {
    let size = rounded_size(graph.size as f64, axis);
    if graph.is_empty() {
        return format!("the same {} nodes, with results of the same shapes, at {size}", graph.nodes);
    }
    let mut kinds: Vec<([&str; 2], Vec<&NodeChange>)> = Vec::new();
    for change in &graph.changes {
        let kind = match change.change {
            Changed::New => ["is new", "are new"],
            Changed::Gone => ["is gone", "are gone"],
            Changed::Operator(_) => ["has another operator", "have another operator"],
            Changed::Runs(..) => ["runs another number of times", "run another number of times"],
            Changed::Form(..) => ["has another shape", "have another shape"],
        };
        match kinds.iter_mut().find(|(its, _)| *its == kind) {
            Some((_, all)) => all.push(change),
            None => kinds.push((kind, vec![change])),
        }
    }
    let of = |([one, many], all): &([&str; 2], Vec<&NodeChange>)| match &all[..] {
        [its] => format!("1 node {one}: {}", node(its)),
        all => format!("{} nodes {many}, the first {}", all.len(), node(all[0])),
    };
    let facts = graph.facts.iter().map(ToString::to_string);
    let all: Vec<String> = facts.chain(kinds.iter().map(of)).collect();
    format!("at {size}, {}", all.join("; "))
}

/// A node with what is not as before.
fn node(its: &NodeChange) -> String {
    let named = format!("{} {}", its.operator, its.name);
    match &its.change {
        Changed::New | Changed::Gone => named,
        Changed::Operator(before) => format!("{named}, {before} before"),
        Changed::Runs(before, after) => format!("{named}, {before} → {after} times"),
        Changed::Form(before, after) => format!("{named}, {before} → {after}"),
    }
}

/// Which operators have the change of wall time.
fn time_line(operators: &Operators, axis: &Axis) -> String {
    let Operators { explanation, errors, overhead, pairs } = operators;
    let at = explanation.at;
    let whole = format!(
        "{} ± {} % at {} ({} → {}) in {pairs} pairs, with clocks around the nodes that cost {}",
        change(explanation.changes()[at]),
        rounded(100.0 * errors[at]),
        rounded_size(explanation.sizes[at] as f64, axis),
        seconds(explanation.whole.base[at]),
        seconds(explanation.whole.head[at]),
        signed_percent(*overhead)
    );
    if !operators.is_changed() {
        return format!("no operator is to be named: {whole}");
    }
    let operator = |part: &Part| {
        let its = part.change(at);
        let nodes = part.through.iter().filter(|(_, change)| change.signum() == its.signum());
        let first = nodes.take(1).map(|(name, change)| format!(", of which {} in {name}", signed_share(change / its)));
        let term = part.term.map_or_else(String::new, |term| format!(", {}", name(term, explanation.breakpoint, axis)));
        format!("{} has {} of the change{}{term}", part.name, share(explanation.share(part)), first.collect::<String>())
    };
    let counts = |part: &&Part| explanation.share(part) >= MIN_SHARE;
    let mut named: Vec<String> = explanation.parts.iter().filter(counts).take(MAX_NAMED).map(operator).collect();
    let outside = explanation.share(&explanation.rest);
    if outside >= MIN_SHARE {
        named.push(format!("{} of it is outside of operators", share(outside)));
    }
    format!("{whole}: {}", named.join("; "))
}

/// The table of operators, if wall time changed.
fn times(its: &WorkloadWhy) -> String {
    let changed = its.operators.as_ref().filter(|operators| operators.is_changed());
    changed.map_or_else(String::new, |operators| table(&operators.explanation, &its.axis, OPERATORS) + "\n")
}

/// What changed.
fn what(its: &WorkloadWhy, explanation: &Explanation) -> String {
    let at = explanation.at;
    let whole = &explanation.whole;
    format!(
        "{}: instructions {} at {} ({} → {}), {}",
        its.workload,
        change(explanation.changes()[at]),
        rounded_size(explanation.sizes[at] as f64, &its.axis),
        instructions(whole.base[at]),
        instructions(whole.head[at]),
        law(whole.classes)
    )
}

/// How sure that is.
fn sure(explanation: &Explanation) -> String {
    let error = Metric::Instructions.error_bound().unwrap_or(0.0);
    format!(
        "counts repeat to {} %; the functions are {} of all instructions on both sides",
        rounded(100.0 * error),
        share(1.0 - explanation.unattributed())
    )
}

/// Functions that have the change.
fn place(explanation: &Explanation) -> String {
    let named: Vec<String> = named(explanation).iter().map(|part| function(explanation, part)).collect();
    match named.len() {
        0 => "no function has a twentieth of the change: it is spread over many".to_owned(),
        _ => named.join("; "),
    }
}

fn named(explanation: &Explanation) -> Vec<&Part> {
    let counts = |part: &&Part| explanation.share(part).abs() >= MIN_SHARE;
    explanation.parts.iter().filter(counts).take(MAX_NAMED).collect()
}

fn function(explanation: &Explanation, part: &Part) -> String {
    let presence = match part.presence {
        Presence::Both => "",
        Presence::New => " (new)",
        Presence::Gone => " (gone)",
    };
    let own = part.change(explanation.at);
    let through: Vec<String> = part
        .through
        .iter()
        .filter(|(_, change)| change.abs() >= 0.2 * own.abs())
        .take(2)
        .map(|(name, change)| format!("{} in {name}", signed_share(change / own)))
        .collect();
    let through = if through.is_empty() { String::new() } else { format!(", of which {}", through.join(", ")) };
    format!("{}{presence} has {} of the change{through}", part.name, share(explanation.share(part)))
}

/// Which terms changed, of the whole and of the first function.
fn terms(explanation: &Explanation, axis: &Axis) -> String {
    let Some(first) = explanation.parts.first() else { return "there is no function".to_owned() };
    let Some(term) = first.term else {
        return "the sizes are too few to tell terms; at least 4 are needed".to_owned();
    };
    let last = explanation.sizes.len() - 1;
    let largest = rounded_size(explanation.sizes[last] as f64, axis);
    let cost = explanation.whole.base[last];
    let called = |term| name(term, explanation.breakpoint, axis);
    let of = |(term, before, after): &(Term, f64, f64)| {
        format!("{} {}", called(*term), signed_percent((after - before) / cost))
    };
    let all: Vec<String> = explanation.whole.terms.iter().map(of).collect();
    let law = match first.classes {
        [Some(before), Some(after)] if before != after => format!(" ({before} → {after})"),
        _ => String::new(),
    };
    format!("{} of {}{law}; of all, as parts of the cost at {largest}: {}", called(term), first.name, all.join(", "))
}

/// A term as readers know it.
pub(super) fn name(term: Term, breakpoint: Option<f64>, axis: &Axis) -> String {
    match term {
        Term::Constant => "constant".to_owned(),
        Term::Slope => "slope".to_owned(),
        Term::Linearithmic => "slope (n log n)".to_owned(),
        Term::Curvature => "curvature".to_owned(),
        Term::SlopeAbove => match breakpoint {
            Some(at) => format!("slope above {}", rounded_size(at, axis)),
            None => "slope above the knee".to_owned(),
        },
    }
}

/// Where a reviewer looks: definitions in files that changed, and what else did.
fn look_at(why: &Why, explanation: &Explanation) -> String {
    let mut parts = Vec::new();
    match &why.files {
        Err(reason) => parts.push(format!("what changed in the sources is not known: {reason}")),
        Ok(files) => parts.extend(places(files, &named(explanation))),
    }
    if !why.differences.is_empty() {
        let list: Vec<String> = why.differences.iter().take(MAX_FILES).map(ToString::to_string).collect();
        parts.push(format!("also different: {}", list.join("; ")));
    }
    parts.join("; ")
}

fn places(files: &[ChangedFile], functions: &[&Part]) -> Vec<String> {
    let defining = |name: &String| files.iter().find_map(|file| Some((file, file.line_of(name)?, name.clone())));
    // Each definition once, with the functions that it calls.
    let mut definitions: Vec<(String, Vec<&str>)> = Vec::new();
    let mut others: Vec<&str> = files.iter().map(|file| &*file.path).collect();
    for part in functions {
        // What was edited may be who calls it, by however many steps.
        let Some((file, line, name)) = defining(&part.name).or_else(|| part.callers.iter().find_map(defining)) else {
            continue;
        };
        others.retain(|path| *path != file.path);
        let called = (name != part.name).then_some(part.name.as_str());
        let definition = format!("{}:{line}, which changed and defines {name}", file.path);
        match definitions.iter_mut().find(|(its, _)| *its == definition) {
            Some((_, all)) => all.extend(called),
            None => definitions.push((definition, called.into_iter().collect())),
        }
    }
    let mut found: Vec<String> = definitions
        .into_iter()
        .map(|(definition, called)| match called.is_empty() {
            true => definition,
            false => format!("{definition}, which calls {}", called.join(" and ")),
        })
        .collect();
    let more = others.len().saturating_sub(MAX_FILES);
    others.truncate(MAX_FILES);
    let list = others.join(", ");
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    match (found.is_empty(), list.is_empty()) {
        (true, true) => {
            found.push("no file of the repository changed: compare dependencies, compiler and settings".to_owned());
        }
        (true, false) => {
            found.push(format!("no file that changed defines these or what calls them; changed: {list}{rest}"));
        }
        (false, true) => {}
        (false, false) => found.push(format!("also changed: {list}{rest}")),
    }
    found
}

fn law(classes: [Option<Class>; 2]) -> String {
    match classes {
        [Some(before), Some(after)] if before == after => format!("law {after}, as before"),
        [Some(before), Some(after)] => format!("law {before} → {after}"),
        _ => "no law".to_owned(),
    }
}

fn signed_percent(value: f64) -> String {
    format!("{:+.2} %", 100.0 * value)
}

fn signed_share(value: f64) -> String {
    format!("{:.0} %", 100.0 * value)
}
