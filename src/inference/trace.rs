//! What runs in an inference: the nodes of all graphs, each with its time.
//!
//! tract's own profiler says of itself that it is no valid comparison of two versions; here only a clock is read before and after each
//! node, and what that costs is measured by who asks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use scalegate::workload::{PartTime, Parts};
use tract_onnx::prelude::*;

use super::rewrite::Applied;
use crate::Result;

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// What ran since the trace began, in the order in which it first ran.
#[derive(Default)]
struct Trace {
    graphs: Vec<TracedGraph>,
}

struct TracedGraph {
    file: String,
    rewrites: String,
    nodes: Vec<PartTime>,
    places: HashMap<usize, usize>,
}

/// Runs `work`, and gives the nodes that ran in it on this thread.
///
/// # Errors
/// Those of `work`.
pub(crate) fn traced(work: impl FnOnce() -> Result<()>) -> Result<Parts> {
    TRACE.set(Some(Trace::default()));
    let outcome = work();
    let trace = TRACE.take().unwrap_or_default();
    outcome.map(|()| trace.into_parts())
}

/// Whether somebody wants to know what runs.
pub(super) fn is_wanted() -> bool {
    TRACE.with_borrow(Option::is_some)
}

/// Remembers that a node of the graph in a file ran, and how long it took.
pub(super) fn ran(path: &Path, applied: &Applied, node: &TypedNode, results: &[TValue], took: Duration) {
    TRACE.with_borrow_mut(|trace| {
        let Some(trace) = trace else { return };
        let graph = trace.graph(path, applied);
        let nodes = &mut graph.nodes;
        let place = *graph.places.entry(node.id).or_insert_with(|| {
            nodes.push(PartTime {
                name: node.name.clone(),
                operator: node.op.name().into_owned(),
                form: results.first().map_or_else(String::new, |first| form(first)),
                runs: 0,
                seconds: 0.0,
            });
            nodes.len() - 1
        });
        nodes[place].runs += 1;
        nodes[place].seconds += took.as_secs_f64();
    });
}

/// As `1×512×64 F32`.
fn form(tensor: &Tensor) -> String {
    let dims: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
    let shape = if dims.is_empty() { "scalar".to_owned() } else { dims.join("×") };
    format!("{shape} {:?}", tensor.datum_type())
}

impl Trace {
    fn graph(&mut self, path: &Path, applied: &Applied) -> &mut TracedGraph {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let known = self.graphs.iter().position(|graph| graph.file == file);
        let at = known.unwrap_or_else(|| {
            self.graphs.push(TracedGraph {
                file: file.into_owned(),
                rewrites: applied.to_string(),
                nodes: Vec::new(),
                places: HashMap::new(),
            });
            self.graphs.len() - 1
        });
        &mut self.graphs[at]
    }

    /// A node is named with its file where there are several graphs.
    fn into_parts(self) -> Parts {
        let is_alone = self.graphs.len() == 1;
        let mut parts = Parts::default();
        for graph in self.graphs {
            parts.facts.insert(format!("rewrites of {}", graph.file), graph.rewrites);
            parts.list.extend(graph.nodes.into_iter().map(|node| match is_alone {
                true => node,
                false => PartTime { name: format!("{}:{}", graph.file, node.name), ..node },
            }));
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::inference::Llm;
    use crate::models::materialise_llm;
    use crate::suite::LlmSpec;

    #[test]
    fn the_nodes_of_an_inference_are_told_and_its_result_stays_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let model = Llm::load(&materialise_llm(&LlmSpec::test(), 1, directory.path()).unwrap().path).unwrap();
        let tokens: Vec<i64> = (1..17).collect();
        let plain = model.session(true).prefill(&tokens).unwrap();
        let (mut session, mut logits) = (model.session(true), None);
        let start = Instant::now();
        let parts = traced(|| {
            logits = Some(session.prefill(&tokens)?);
            session.decode(3).map(drop)
        })
        .unwrap();
        let elapsed_s = start.elapsed().as_secs_f64();
        assert_eq!(logits, Some(plain));
        assert!(parts.list.len() > 20, "{parts:?}");
        // A prefill and a step: each node ran twice, and has the form of what it gave first.
        assert!(parts.list.iter().all(|part| part.runs == 2), "{parts:?}");
        let attention = parts.list.iter().find(|part| part.operator.contains("ttention")).unwrap();
        assert!(attention.form.contains("16") && attention.form.ends_with("F32"), "{attention:?}");
        let sum: f64 = parts.list.iter().map(|part| part.seconds).sum();
        assert!(0.0 < sum && sum <= elapsed_s, "{sum} {elapsed_s}");
        let rewrites = parts.facts.values().next().unwrap();
        assert!(rewrites.contains("cache"), "{:?}", parts.facts);
        assert!(!is_wanted());
    }

    #[test]
    fn what_fails_leaves_no_trace() {
        let failed = traced(|| Err(crate::Error::new("a", "b", "c")));
        assert!(failed.is_err() && !is_wanted());
    }
}
