//! Whether the nodes of a graph can be put in an order in which each finds its inputs made.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto};

/// Refuses a graph with a cycle or with an output that nothing makes, here and in the graphs within its nodes.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    let mut open = vec![graph];
    while let Some(graph) = open.pop() {
        if let Some(node) = cycle(graph) {
            return Err(format!("the graph goes in a circle through the node {}", name(node)));
        }
        for node in &graph.node {
            for attribute in &node.attribute {
                open.extend(attribute.g.iter().chain(&attribute.graphs));
            }
        }
    }
    match dangling_output(graph) {
        Some(name) => Err(format!("nothing in the graph makes the output {name}")),
        None => Ok(()),
    }
}

/// A node that waits for itself, by Kahn's algorithm.
fn cycle(graph: &GraphProto) -> Option<&NodeProto> {
    let mut maker = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        maker.extend(node.output.iter().filter(|name| !name.is_empty()).map(|name| (name.as_str(), index)));
    }
    let mut waiting = vec![0_usize; graph.node.len()];
    let mut takers = vec![Vec::new(); graph.node.len()];
    for (index, node) in graph.node.iter().enumerate() {
        for &from in node.input.iter().filter_map(|name| maker.get(name.as_str())) {
            takers[from].push(index);
            waiting[index] += 1;
        }
    }
    let mut ready: Vec<usize> = (0..waiting.len()).filter(|&index| waiting[index] == 0).collect();
    while let Some(index) = ready.pop() {
        for &taker in &takers[index] {
            waiting[taker] -= 1;
            if waiting[taker] == 0 {
                ready.push(taker);
            }
        }
    }
    waiting.iter().position(|&count| count > 0).map(|index| &graph.node[index])
}

fn name(node: &NodeProto) -> &str {
    if node.name.is_empty() { &node.op_type } else { &node.name }
}

fn dangling_output(graph: &GraphProto) -> Option<&str> {
    let made: HashSet<&str> = (graph.node.iter().flat_map(|node| &node.output).map(String::as_str))
        .chain(graph.initializer.iter().map(|tensor| tensor.name.as_str()))
        .chain(graph.input.iter().map(|input| input.name.as_str()))
        .collect();
    graph.output.iter().map(|output| output.name.as_str()).find(|name| !made.contains(name))
}
