//! Who measured, and what went on meanwhile: a column or a row for each host.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::page::Page;
use crate::record::{Provenance, Run, UNKNOWN};

type Fields = Vec<(String, String)>;

pub(super) fn fingerprints(page: &Page) -> Markup {
    let each = |of: fn(&Provenance) -> Fields| page.runs.iter().map(|run| of(&run.run.provenance)).collect::<Vec<_>>();
    html! {
        h2 { "Where it was measured" }
        @for (title, columns) in [("Host", each(host)), ("Build", each(build)), ("Under test", each(subject))] {
            (side_by_side(title, &columns))
        }
    }
}

/// A field; what an imported record doesn't hold is unknown.
fn named(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), if value.is_empty() || value == UNKNOWN { "unknown".to_owned() } else { value.to_owned() })
}

fn host(provenance: &Provenance) -> Fields {
    let host = &provenance.host;
    vec![
        named("class", &host.class),
        named("CPU", &host.cpu),
        named("architecture", &host.architecture),
        named("cores", &host.cores.join(" + ")),
        named(
            "memory",
            &Some(host.memory_gib).filter(|gib| *gib > 0).map(|gib| format!("{gib} GiB")).unwrap_or_default(),
        ),
        named("system", &host.os),
        named("kernel", &host.kernel),
        named("governor", host.governor.as_deref().unwrap_or_default()),
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
fn side_by_side(title: &str, columns: &[Fields]) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in columns.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |fields: &'_ Fields, name: &str| {
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    html! {
        @if !names.is_empty() {
            h3 { (title) }
            div class="scroll" {
                table class="fields" {
                    @for name in names {
                        tr { th scope="row" { (name) } @for fields in columns { td { (value(fields, name)) } } }
                    }
                }
            }
        }
    }
}

/// A table of the conditions that the runs recorded, by workload: the metrics of a workload share their windows.
pub(super) fn conditions(page: &Page) -> Markup {
    let runs: Vec<_> = page.runs.iter().map(|run| (&*run.run.provenance.host.class, recorded(run.run))).collect();
    html! {
        @if runs.iter().any(|(_, recorded)| !recorded.is_empty()) {
            h2 { "What went on meanwhile" }
            div class="scroll" {
                table class="fields" {
                    @for (host, recorded) in &runs {
                        @for (workload, conditions) in recorded {
                            tr {
                                th scope="row" { (workload) }
                                @if page.has_several_hosts() { td { (host) } }
                                td { (listed(conditions)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn listed(conditions: &BTreeMap<&str, BTreeSet<&str>>) -> String {
    let condition = |(name, values): (&&str, &BTreeSet<&str>)| {
        let values: Vec<&str> = values.iter().copied().collect();
        format!("{}: {}", name.replace('_', " "), values.join(" or "))
    };
    conditions.iter().map(condition).collect::<Vec<_>>().join("; ")
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
