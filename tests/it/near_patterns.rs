//! Graphs near the patterns that are rewritten when a model is loaded: rewritten right, or left alone.
//!
//! An export gets one to three changes at random places: another mask, a bias, a scale for each head, another use of an inner
//! value. Run as it is and after the rewrites, it has to give the same logits.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use prost::Message;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use scalegate_suite::inference::{Llm, Options};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// Heads of the fixtures.
const HEADS: usize = 4;
const FAMILIES: [&str; 5] = ["llama", "mistral", "falcon", "gpt2", "gemma2"];
/// Relative to the largest logit.
const ROUNDING: f32 = 1e-5;

fn fixture(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(family).join("model.onnx")
}

/// A change of a graph; false if it does not have what would be changed.
type Change = fn(&mut GraphProto, &mut ChaCha8Rng) -> bool;

const CHANGES: [(&str, Change); 14] = [
    ("a scale for each head", scale_for_each_head),
    ("another scale of the keys", another_scale),
    ("scaled values", scaled_values),
    ("a bias for each head", bias_for_each_head),
    ("a bias over the keys that is one number", constant_bias),
    ("a mask that looks ahead", look_ahead),
    ("a mask without a token's own key", without_own),
    ("a mask that is or instead of and", or_instead_of_and),
    ("closed places that are open a little", finite_mask),
    ("another window", another_window),
    ("a guard that gives ones", guard_of_ones),
    ("weights that are used again", weights_used_again),
    ("a cache that is used again", cache_used_again),
    ("keys repeated in another order", repeated_in_turn),
];

fn places(graph: &GraphProto, found: impl Fn(&NodeProto) -> bool) -> Vec<usize> {
    graph.node.iter().enumerate().filter(|(_, node)| found(node)).map(|(place, _)| place).collect()
}

fn any(graph: &GraphProto, rng: &mut ChaCha8Rng, found: impl Fn(&NodeProto) -> bool) -> Option<usize> {
    places(graph, found).choose(rng).copied()
}

fn is(node: &NodeProto, kind: &str) -> bool {
    node.op_type == kind
}

fn constant(graph: &mut GraphProto, name: &str, dims: &[i64], values: &[f32]) -> String {
    graph.initializer.push(TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float.into(),
        float_data: values.to_vec(),
        ..TensorProto::default()
    });
    name.to_owned()
}

fn node(kind: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: kind.to_owned(),
        name: output.to_owned(),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// Puts a node of `kind` with the constant `other` behind input `input` of the node at `place`.
fn put_before(graph: &mut GraphProto, place: usize, input: usize, kind: &str, other: &str, rng: &mut impl Rng) {
    let name = format!("near.{}", rng.random::<u64>());
    let old = std::mem::replace(&mut graph.node[place].input[input], name.clone());
    graph.node.insert(place, node(kind, &[&old, other], &name));
}

/// The softmax of an attention, and the product of queries and keys before it.
fn softmax(graph: &GraphProto, rng: &mut ChaCha8Rng) -> usize {
    any(graph, rng, |node| is(node, "Softmax")).unwrap()
}

fn maker(graph: &GraphProto, name: &str) -> Option<usize> {
    graph.node.iter().position(|node| node.output.iter().any(|output| output == name))
}

/// The product of queries and keys before a softmax.
fn scores(graph: &GraphProto, rng: &mut ChaCha8Rng) -> Option<usize> {
    let add = maker(graph, &graph.node[softmax(graph, rng)].input[0]).filter(|&add| is(&graph.node[add], "Add"))?;
    let inputs = graph.node[add].input.iter().filter_map(|input| maker(graph, input));
    inputs.into_iter().find(|&input| is(&graph.node[input], "MatMul"))
}

fn random_constant(graph: &mut GraphProto, rng: &mut ChaCha8Rng, dims: &[i64]) -> String {
    let name = format!("near.{}", rng.random::<u64>());
    let values: Vec<f32> = (0..dims.iter().product()).map(|_| rng.random_range(0.3..1.5)).collect();
    constant(graph, &name, dims, &values)
}

fn scale_for_each_head(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = scores(graph, rng) else { return false };
    let dims: &[i64] = if rng.random() { &[HEADS as i64, 1, 1] } else { &[1, HEADS as i64, 1, 1] };
    let scale = random_constant(graph, rng, dims);
    put_before(graph, place, 0, "Mul", &scale, rng);
    true
}

fn another_scale(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = scores(graph, rng) else { return false };
    let scale = random_constant(graph, rng, &[]);
    let input = usize::from(rng.random::<bool>());
    put_before(graph, place, input, "Mul", &scale, rng);
    true
}

fn scaled_values(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let softmax = softmax(graph, rng);
    let weights = graph.node[softmax].output[0].clone();
    let takes = |node: &NodeProto, name: &str| node.input.iter().any(|input| input == name);
    let guarded = graph.node.iter().find(|node| is(node, "Where") && takes(node, &weights));
    let weights = guarded.map_or(weights, |guard| guard.output[0].clone());
    let Some(place) = any(graph, rng, |node| is(node, "MatMul") && takes(node, &weights)) else { return false };
    let scale = random_constant(graph, rng, &[]);
    put_before(graph, place, 1, "Mul", &scale, rng);
    true
}

fn bias_for_each_head(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let place = softmax(graph, rng);
    let bias = random_constant(graph, rng, &[1, HEADS as i64, 1, 1]);
    put_before(graph, place, 0, "Add", &bias, rng);
    true
}

fn constant_bias(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let place = softmax(graph, rng);
    let bias = random_constant(graph, rng, &[1]);
    put_before(graph, place, 0, "Add", &bias, rng);
    true
}

fn look_ahead(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = any(graph, rng, |node| is(node, "LessOrEqual")) else { return false };
    graph.node[place].input.swap(0, 1);
    true
}

fn without_own(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = any(graph, rng, |node| is(node, "LessOrEqual") || is(node, "Greater")) else { return false };
    let other = if is(&graph.node[place], "LessOrEqual") { "Less" } else { "GreaterOrEqual" };
    other.clone_into(&mut graph.node[place].op_type);
    true
}

fn or_instead_of_and(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = any(graph, rng, |node| is(node, "And")) else { return false };
    "Or".clone_into(&mut graph.node[place].op_type);
    true
}

/// The tensor of a constant, wherever it is.
fn tensor<'a>(graph: &'a mut GraphProto, name: &str) -> Option<&'a mut TensorProto> {
    if let Some(place) = graph.initializer.iter().position(|tensor| tensor.name == name) {
        return Some(&mut graph.initializer[place]);
    }
    let place = maker(graph, name)?;
    graph.node[place].attribute.iter_mut().find_map(|attribute| attribute.t.as_mut())
}

fn finite_mask(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let add = maker(graph, &graph.node[softmax(graph, rng)].input[0].clone());
    let Some(add) = add.filter(|&add| is(&graph.node[add], "Add")) else { return false };
    let inputs = graph.node[add].input.clone();
    let choice = inputs.iter().filter_map(|input| maker(graph, input)).find(|&input| is(&graph.node[input], "Where"));
    let Some(choice) = choice else { return false };
    let shut = graph.node[choice].input[2].clone();
    let value: f32 = *[-1.0, -30.0, -1e4, -1e9].choose(rng).unwrap();
    let Some(shut) = tensor(graph, &shut) else { return false };
    shut.float_data.clear();
    shut.raw_data = value.to_le_bytes().to_vec();
    true
}

fn another_window(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = any(graph, rng, |node| is(node, "Sub") && node.name.contains("model/Sub")) else { return false };
    let window: i64 = rng.random_range(0..30);
    let name = graph.node[place].input[1].clone();
    let Some(size) = tensor(graph, &name) else { return false };
    size.int64_data.clear();
    size.raw_data = window.to_le_bytes().to_vec();
    true
}

fn guard_of_ones(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let tests: Vec<String> =
        graph.node.iter().filter(|node| is(node, "IsNaN")).map(|node| node.output[0].clone()).collect();
    let Some(place) = any(graph, rng, |node| is(node, "Where") && tests.contains(&node.input[0])) else { return false };
    graph.node[place].input[1] = constant(graph, "near.one", &[1], &[1.0]);
    true
}

/// Adds the sum over `value` to the logits, a little of it.
fn add_to_logits(graph: &mut GraphProto, value: &str, rng: &mut ChaCha8Rng) {
    let name = format!("near.{}", rng.random::<u64>());
    let part = constant(graph, &format!("{name}.part"), &[], &[0.01]);
    let keep = AttributeProto {
        name: "keepdims".to_owned(),
        r#type: AttributeType::Int.into(),
        i: 0,
        ..AttributeProto::default()
    };
    let sum = NodeProto { attribute: vec![keep], ..node("ReduceSum", &[value], &format!("{name}.sum")) };
    let part = node("Mul", &[&format!("{name}.sum"), &part], &format!("{name}.share"));
    let logits = maker(graph, "logits").unwrap();
    let before = format!("{name}.logits");
    graph.node[logits].output[0].clone_from(&before);
    let sum_up = node("Add", &[&before, &format!("{name}.share")], "logits");
    graph.node.extend([sum, part, sum_up]);
}

fn weights_used_again(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let weights = graph.node[softmax(graph, rng)].output[0].clone();
    add_to_logits(graph, &weights, rng);
    true
}

fn cache_used_again(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let caches: Vec<String> =
        graph.output.iter().filter(|it| it.name.starts_with("present.")).map(|it| it.name.clone()).collect();
    let cache = caches.choose(rng).unwrap().clone();
    add_to_logits(graph, &cache, rng);
    true
}

/// Repeats keys or values as 0, 1, 0, 1 in place of 0, 0, 1, 1: the new dimension comes before the heads.
fn repeated_in_turn(graph: &mut GraphProto, rng: &mut ChaCha8Rng) -> bool {
    let five = |node: &NodeProto| is(node, "Concat") && node.input.len() == 5 && node.name.contains("attn");
    let Some(shape) = any(graph, rng, five) else { return false };
    graph.node[shape].input.swap(1, 2);
    // The `Unsqueeze` of the cache that the `Expand` to this shape takes.
    let mut reached = vec![graph.node[shape].output[0].clone()];
    while let Some(name) = reached.pop() {
        for taker in graph.node.iter().filter(|node| node.input.contains(&name)) {
            if is(taker, "Expand") {
                let Some(place) = maker(graph, &taker.input[0]) else { return false };
                if !is(&graph.node[place], "Unsqueeze") {
                    return false;
                }
                let axis = TensorProto {
                    name: format!("near.{}", rng.random::<u64>()),
                    dims: vec![1],
                    data_type: DataType::Int64.into(),
                    int64_data: vec![1],
                    ..TensorProto::default()
                };
                graph.node[place].input[1].clone_from(&axis.name);
                graph.initializer.push(axis);
                return true;
            }
            reached.push(taker.output[0].clone());
        }
    }
    false
}

/// The logits after a prompt and after two tokens; none of a model that cannot be loaded or run.
fn logits(path: &Path, rewrites: bool) -> Option<Vec<f32>> {
    let llm = Llm::load_on(path, Options { rewrites, ..Options::default() }).ok()?;
    let mut session = llm.session(true);
    let prompt: Vec<i64> = (0..13).map(|token| (token * 37 + 11) % 128).collect();
    let mut all = session.prefill(&prompt).ok()?.values().to_vec();
    for token in [5, 77] {
        all.extend(session.decode(token).ok()?.values());
    }
    Some(all)
}

/// How many of `cases` changed exports could be run, and how many of those were still rewritten.
fn near(seed: u64, cases: usize) -> (usize, usize) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("model.onnx");
    let (mut run, mut rewritten) = (0, 0);
    for case in 0..cases {
        let mut rng = ChaCha8Rng::seed_from_u64(seed * 1_000_000 + case as u64);
        let family = FAMILIES.choose(&mut rng).unwrap();
        let bytes = std::fs::read(fixture(family)).unwrap();
        let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
        let graph = model.graph.as_mut().unwrap();
        let mut changes = Vec::new();
        for _ in 0..rng.random_range(1..=3) {
            let (name, change) = CHANGES.choose(&mut rng).unwrap();
            if change(graph, &mut rng) {
                changes.push(*name);
            }
        }
        std::fs::write(&path, model.encode_to_vec()).unwrap();
        let Some(expected) = logits(&path, false) else { continue };
        let label = format!("case {case} of seed {seed}: {family} with {}", changes.join(", "));
        let found = logits(&path, true).unwrap_or_else(|| panic!("{label}: no longer runs"));
        run += 1;
        let applied = Llm::load(&path).unwrap().applied().clone();
        rewritten += usize::from(!applied.is_empty());
        let largest = expected.iter().map(|logit| logit.abs()).fold(0.0, f32::max);
        for (expected, found) in expected.iter().zip(&found) {
            let same = (expected - found).abs() <= ROUNDING * largest || expected.is_nan() && found.is_nan();
            assert!(same, "{label}: {found} instead of {expected} (largest {largest}; {applied})");
        }
    }
    (run, rewritten)
}

#[test]
fn graphs_near_the_patterns_are_rewritten_right_or_left_alone() {
    let (run, rewritten) = near(1, 60);
    assert!(run >= 30 && rewritten >= 15, "{run} ran, {rewritten} were rewritten");
}

/// `cargo test --release --test it near_patterns -- --ignored --nocapture`, for docs/models.md.
#[test]
#[ignore = "takes minutes"]
fn two_thousand_graphs_near_the_patterns() {
    let (run, rewritten) = near(2, 2000);
    eprintln!("{run} ran, {rewritten} of them with rewrites");
}
