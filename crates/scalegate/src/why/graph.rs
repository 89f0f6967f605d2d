//! Two graphs become the nodes in which they differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{Difference, Graph, Node};

/// How the graph of a workload changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphChange {
    /// The size at which both ran.
    pub size: u64,
    /// Nodes of the head.
    pub nodes: usize,
    /// Nodes that differ, in the order in which they run; those that are gone come last.
    pub changes: Vec<NodeChange>,
    /// What else decides what runs and differs, as the rewrites that applied.
    pub facts: Vec<Difference>,
}

/// A node that is not as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    /// Its name.
    pub name: String,
    /// What it does in the head; of a node that is gone, what it did.
    pub operator: String,
    /// What is not as before.
    pub change: Changed,
}

/// In what a node is not as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is new.
    New,
    /// It is gone.
    Gone,
    /// It did something else, namely this.
    Operator(String),
    /// It runs a number of times: before and after.
    Runs(u64, u64),
    /// It yields another type or shape: before and after.
    Form(String, String),
}

impl NodeChange {
    fn new(node: &Node, change: Changed) -> Self {
        Self { name: node.name.clone(), operator: node.operator.clone(), change }
    }
}

/// How `head` differs from `base`; `None` if they ran at different sizes.
pub fn compare(base: &Graph, head: &Graph) -> Option<GraphChange> {
    if base.size != head.size {
        return None;
    }
    let before: BTreeMap<&str, &Node> = base.nodes.iter().map(|node| (&*node.name, node)).collect();
    let kept: BTreeSet<&str> = head.nodes.iter().map(|node| &*node.name).collect();
    let mut gone: Vec<&Node> = base.nodes.iter().filter(|node| !kept.contains(&*node.name)).collect();
    let mut changes = Vec::new();
    for node in &head.nodes {
        let change = match before.get(&*node.name) {
            None => {
                // The same under another number: where names are made unique, these hang on the order in which nodes are made.
                if let Some(at) = gone.iter().position(|its| is_same_but_for_number(its, node)) {
                    gone.remove(at);
                    continue;
                }
                Changed::New
            }
            Some(its) if its.operator != node.operator => Changed::Operator(its.operator.clone()),
            Some(its) if its.runs != node.runs => Changed::Runs(its.runs, node.runs),
            Some(its) if its.form != node.form => Changed::Form(its.form.clone(), node.form.clone()),
            Some(_) => continue,
        };
        changes.push(NodeChange::new(node, change));
    }
    changes.extend(gone.into_iter().map(|node| NodeChange::new(node, Changed::Gone)));
    let names: BTreeSet<&String> = base.facts.keys().chain(head.facts.keys()).collect();
    let of = |graph: &Graph, name: &String| graph.facts.get(name).cloned().unwrap_or_else(|| "absent".to_owned());
    let facts =
        names.into_iter().map(|name| Difference { field: name.clone(), before: of(base, name), after: of(head, name) });
    let facts = facts.filter(|fact| fact.before != fact.after).collect();
    Some(GraphChange { size: head.size, nodes: head.nodes.len(), changes, facts })
}

fn is_same_but_for_number(one: &Node, other: &Node) -> bool {
    (&one.operator, &one.form, one.runs) == (&other.operator, &other.form, other.runs)
        && without_number(&one.name) == without_number(&other.name)
}

/// `x2` of `x2.1`.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}

impl GraphChange {
    /// Whether it runs what it ran before.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.facts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, operator: &str, form: &str, runs: u64) -> Node {
        Node { name: name.into(), operator: operator.into(), form: form.into(), runs }
    }

    fn graph(size: u64, nodes: Vec<Node>, rewrites: &str) -> Graph {
        Graph { size, nodes, facts: [("rewrites".to_owned(), rewrites.to_owned())].into() }
    }

    #[test]
    fn nodes_are_told_apart_by_what_became_of_them() {
        let base = vec![
            node("a", "Softmax", "1×4 F32", 1),
            node("b", "EinSum", "1×4 F32", 1),
            node("c", "EinSum", "1×4 F32", 1),
            node("d", "Cast", "4 I64", 1),
            node("e", "Cast", "4 I64", 1),
        ];
        let head = vec![
            node("b", "EinSum", "1×8 F32", 1),
            node("c", "EinSum", "1×4 F32", 3),
            node("d", "Reshape", "4 I64", 1),
            node("e", "Cast", "4 I64", 1),
            node("f", "Concat", "8 F32", 1),
        ];
        let change = compare(&graph(4, base, "attention 8"), &graph(4, head, "none")).unwrap();
        let found: Vec<(&str, &Changed)> = change.changes.iter().map(|it| (&*it.name, &it.change)).collect();
        let expected = [
            ("b", Changed::Form("1×4 F32".into(), "1×8 F32".into())),
            ("c", Changed::Runs(1, 3)),
            ("d", Changed::Operator("Cast".into())),
            ("f", Changed::New),
            ("a", Changed::Gone),
        ];
        assert_eq!(found, expected.iter().map(|(name, change)| (*name, change)).collect::<Vec<_>>());
        assert_eq!((change.nodes, change.facts.len(), change.is_empty()), (5, 1, false));
    }

    #[test]
    fn a_node_under_another_number_is_the_same() {
        let of = |names: [&str; 2], form: &str| {
            graph(4, names.map(|name| node(name, "Slice", form, 1)).into_iter().collect(), "none")
        };
        let change = |head: Graph| compare(&of(["rotary.x2.1", "rotary.x2"], "4 F32"), &head).unwrap().changes.len();
        assert_eq!(change(of(["rotary.x2", "rotary.x2.2"], "4 F32")), 0);
        assert_eq!(change(of(["rotary.x2", "rotary.x3"], "4 F32")), 2);
        assert_eq!(change(of(["rotary.x2", "rotary.x2.2"], "8 F32")), 3, "one of another shape, one new and one gone");
    }

    #[test]
    fn a_graph_does_not_differ_from_itself_nor_compare_with_one_of_another_size() {
        let of = |size| graph(size, vec![node("a", "Softmax", "1×4 F32", 1)], "none");
        assert!(compare(&of(4), &of(4)).unwrap().is_empty());
        assert_eq!(compare(&of(4), &of(8)), None);
    }
}
