//! Causes as JSON; `docs/instructions.md` describes the form.

use serde_json::{Value, json};

use super::why::unexplained;
use crate::why::{Changed, Explanation, GraphChange, NodeChange, Operators, Part, Presence, Why, WorkloadWhy};

/// Everything that is known of a change.
pub fn why_json(why: &Why) -> String {
    format!("{:#}\n", why_value(why))
}

pub(super) fn why_value(why: &Why) -> Value {
    let workloads: Vec<Value> = why.workloads.iter().map(|its| workload(its, &why.sides)).collect();
    let alone = |(workload, is_head): &(crate::workload::WorkloadName, bool)| json!({"workload": workload, "side": if *is_head { "head" } else { "base" }});
    let files = match &why.files {
        Ok(files) => json!(files.iter().map(|file| &file.path).collect::<Vec<_>>()),
        Err(_) => Value::Null,
    };
    json!({
        "schema": 1,
        "base": why.sides[0],
        "head": why.sides[1],
        "workloads": workloads,
        "alone": why.alone.iter().map(alone).collect::<Vec<_>>(),
        "differences": why.differences,
        "changed_files": files,
    })
}

fn workload(its: &WorkloadWhy, sides: &[String; 2]) -> Value {
    let mut value =
        json!({"workload": its.workload, "axis": its.axis, "changed": its.is_changed(), "tolerance": its.tolerance});
    match &its.outcome {
        Err(reason) => value["reason"] = json!(unexplained(reason, sides)),
        Ok(explanation) => {
            value["sizes"] = json!(explanation.sizes);
            value["largest_change_at"] = json!(explanation.sizes[explanation.at]);
            value["breakpoint"] = json!(explanation.breakpoint);
            value["all"] = part(explanation, &explanation.whole);
            value["of_no_function"] = part(explanation, &explanation.rest);
            value["functions"] = explanation.parts.iter().map(|its| part(explanation, its)).collect();
        }
    }
    if let Some(change) = &its.graph {
        value["graph"] = graph(change);
    }
    if let Some(its) = &its.operators {
        value["operators"] = operators(its);
    }
    value
}

fn graph(change: &GraphChange) -> Value {
    let node = |its: &NodeChange| {
        let (what, before, after) = match &its.change {
            Changed::New => ("new", Value::Null, Value::Null),
            Changed::Gone => ("gone", Value::Null, Value::Null),
            Changed::Operator(before) => ("operator", json!(before), json!(its.operator)),
            Changed::Runs(before, after) => ("runs", json!(before), json!(after)),
            Changed::Form(before, after) => ("form", json!(before), json!(after)),
        };
        json!({"node": its.name, "operator": its.operator, "change": what, "before": before, "after": after})
    };
    json!({
        "size": change.size,
        "nodes": change.nodes,
        "changes": change.changes.iter().map(node).collect::<Vec<_>>(),
        "facts": change.facts,
    })
}

/// Wall time in nanoseconds.
fn operators(its: &Operators) -> Value {
    let Operators { explanation, errors, overhead, pairs } = its;
    let operator = |its: &Part| {
        let mut value = part(explanation, its);
        // The names that functions have these under.
        for (from, to) in [("function", "operator"), ("through", "nodes")] {
            if let Some(found) = value.as_object_mut().and_then(|fields| fields.remove(from)) {
                value[to] = found;
            }
        }
        value
    };
    json!({
        "unit": "ns",
        "sizes": explanation.sizes,
        "largest_change_at": explanation.sizes[explanation.at],
        "error": errors,
        "overhead": overhead,
        "pairs": pairs,
        "changed": its.is_changed(),
        "all": part(explanation, &explanation.whole),
        "outside": part(explanation, &explanation.rest),
        "operators": explanation.parts.iter().map(operator).collect::<Vec<_>>(),
    })
}

fn part(explanation: &Explanation, part: &Part) -> Value {
    let share = explanation.share(part);
    let terms: Vec<Value> =
        part.terms.iter().map(|(term, base, head)| json!({"term": term, "base": base, "head": head})).collect();
    let mut value = json!({
        "base": part.base,
        "head": part.head,
        // No share of a change that is none.
        "share": if share.is_finite() { json!(share) } else { Value::Null },
        "term": part.term,
        "terms": terms,
        "law": {"base": part.classes[0], "head": part.classes[1]},
    });
    if !part.name.is_empty() {
        value["function"] = json!(part.name);
        value["file"] = json!(part.file);
        value["side"] = json!(match part.presence {
            Presence::Both => "both",
            Presence::New => "head",
            Presence::Gone => "base",
        });
        value["inclusive"] = json!({"base": part.inclusive[0], "head": part.inclusive[1]});
        value["through"] =
            part.through.iter().map(|(name, change)| json!({"function": name, "change": change})).collect();
    }
    value
}
