//! Who measured, and what went on meanwhile: a column or a row for each host.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Page;
use crate::record::{Provenance, Run};
use crate::report::escape::escape;

type Fields = Vec<(String, String)>;

pub(super) fn fingerprints(html: &mut String, page: &Page) {
    let each = |of: fn(&Provenance) -> Fields| page.runs.iter().map(|run| of(&run.run.provenance)).collect::<Vec<_>>();
    html.push_str("<h2>Where it was measured</h2>\n");
    for (title, columns) in [("Host", each(host)), ("Build", each(build)), ("Under test", each(subject))] {
        side_by_side(html, title, &columns);
    }
}

/// A field; what an imported record doesn't hold is said to be missing.
fn named(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), if value.is_empty() { "not told".to_owned() } else { value.to_owned() })
}

fn host(provenance: &Provenance) -> Fields {
    let host = &provenance.host;
    vec![
        named("class", &host.class),
        named("processor", &host.cpu),
        named("architecture", &host.architecture),
        named("cores", &host.cores.join(" + ")),
        named(
            "memory",
            &Some(host.memory_gib).filter(|gib| *gib > 0).map(|gib| format!("{gib} GiB")).unwrap_or_default(),
        ),
        named("system", &host.os),
        named("kernel", &host.kernel),
        named("governor", host.governor.as_deref().unwrap_or("not told")),
    ]
}

fn build(provenance: &Provenance) -> Fields {
    let build = &provenance.build;
    vec![
        named("source", &build.source),
        named("compiler", &build.rustc),
        named("target", &build.target),
        named("optimisation", &build.optimisation),
    ]
}

fn subject(provenance: &Provenance) -> Fields {
    provenance.subject.iter().map(|(name, value)| named(name, value)).collect()
}

/// A row for each field, a column for each host.
fn side_by_side(html: &mut String, title: &str, columns: &[Fields]) {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in columns.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return;
    }
    let _ = writeln!(html, "<h3>{title}</h3>\n<div class=\"scroll\"><table class=\"fields\">");
    for name in names {
        let value = |fields: &Fields| fields.iter().find(|(field, _)| field == name).map(|(_, value)| escape(value));
        let cells: String =
            columns.iter().map(|fields| format!("<td>{}</td>", value(fields).unwrap_or_default())).collect();
        let _ = writeln!(html, "<tr><th scope=\"row\">{}</th>{cells}</tr>", escape(name));
    }
    html.push_str("</table></div>\n");
}

/// A table of the conditions that the runs recorded, by workload: the metrics of a workload share their windows.
pub(super) fn conditions(html: &mut String, page: &Page) {
    let mut rows = String::new();
    for run in page.runs {
        let host = if page.has_several_hosts() { run.run.provenance.host.class.as_str() } else { "" };
        for (workload, conditions) in recorded(run.run) {
            let words: Vec<String> = conditions
                .iter()
                .map(|(name, values)| {
                    let values: Vec<&str> = values.iter().copied().collect();
                    format!("{}: {}", name.replace('_', " "), values.join(" or "))
                })
                .collect();
            let host = if host.is_empty() { String::new() } else { format!("<td>{}</td>", escape(host)) };
            let (workload, words) = (escape(workload), escape(&words.join("; ")));
            let _ = writeln!(rows, "<tr><th scope=\"row\">{workload}</th>{host}<td>{words}</td></tr>");
        }
    }
    if !rows.is_empty() {
        let _ = writeln!(
            html,
            "<h2>What went on meanwhile</h2>\n<div class=\"scroll\"><table class=\"fields\">\n{rows}</table></div>"
        );
    }
}

/// The conditions of each workload; what its metrics disagree in has several values.
fn recorded(run: &Run) -> BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> {
    let mut recorded: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for series in &run.series {
        for (name, value) in &series.conditions {
            let values = recorded.entry(&series.workload).or_default().entry(name).or_default();
            values.insert(value);
        }
    }
    recorded
}
