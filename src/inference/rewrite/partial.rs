//! Parts of a graph, computed while it is loaded: what a value is that depends on counts of tokens alone, and where a value
//! comes from that is only moved.

use std::collections::HashMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

/// What is known beside the graph.
pub(super) struct Known {
    /// What these are.
    pub(super) values: HashMap<OutletId, Tensor>,
    /// Nodes whose output is taken for the input of this position.
    pub(super) passed: HashMap<usize, usize>,
    pub(super) symbols: HashMap<Symbol, TDim>,
}

/// The values of `outlets`, if what is known is all that they depend on.
pub(super) fn values(model: &TypedModel, outlets: &[OutletId], known: &Known) -> Option<TVec<TValue>> {
    let mut part = Part { model, known, copy: TypedModel::default(), made: HashMap::new(), inputs: tvec![] };
    part.copy.symbols = model.symbols.clone();
    let outputs: Option<TVec<OutletId>> = outlets.iter().map(|outlet| part.outlet(*outlet)).collect();
    let (mut copy, inputs) = (part.copy, part.inputs);
    // What cannot be computed is not known: an operator that keeps a state, or one that needs a symbol with no value.
    let run = || {
        copy.select_output_outlets(&outputs.context("more is needed")?)?;
        copy.set_symbols(&known.symbols)?.into_runnable()?.run(inputs)
    };
    run().ok()
}

/// A copy of what is needed of a graph.
struct Part<'a> {
    model: &'a TypedModel,
    known: &'a Known,
    copy: TypedModel,
    made: HashMap<OutletId, OutletId>,
    inputs: TVec<TValue>,
}

impl Part<'_> {
    fn outlet(&mut self, wanted: OutletId) -> Option<OutletId> {
        // As deep as the graph: by a list of what is open, and not by calls.
        let mut open = vec![wanted];
        while let Some(&outlet) = open.last() {
            if self.made.contains_key(&outlet) {
                open.pop();
                continue;
            }
            let node = self.model.node(outlet.node);
            if let Some(value) = self.known.values.get(&outlet) {
                let fact = self.model.outlet_fact(outlet).ok()?.without_value();
                let source = self.copy.add_source(format!("known.{}.{}", outlet.node, outlet.slot), fact).ok()?;
                self.inputs.push(value.clone().into_tvalue());
                self.made.insert(outlet, source);
                continue;
            }
            let needed = match self.known.passed.get(&outlet.node) {
                Some(&input) => &node.inputs[input..=input],
                None => &node.inputs[..],
            };
            let missing: Vec<OutletId> = needed.iter().filter(|it| !self.made.contains_key(it)).copied().collect();
            if !missing.is_empty() {
                open.extend(missing);
                continue;
            }
            let inputs: TVec<OutletId> = needed.iter().map(|it| self.made[it]).collect();
            if self.known.passed.contains_key(&outlet.node) {
                self.made.insert(outlet, inputs[0]);
                continue;
            }
            if self.model.inputs.iter().any(|input| input.node == outlet.node) {
                return None;
            }
            // Names are made unique, so that those of the copy cannot meet.
            let name = format!("{}.{}", node.name, node.id);
            let outputs = self.copy.wire_node(name, node.op.clone(), &inputs).ok()?;
            for (slot, output) in outputs.into_iter().enumerate() {
                self.made.insert(OutletId::new(outlet.node, slot), output);
            }
        }
        self.made.get(&wanted).copied()
    }
}

/// The number that a value consists of, if it is constant and the same everywhere.
pub(super) fn number(model: &TypedModel, outlet: OutletId) -> Option<f32> {
    let value = model.outlet_fact(outlet).ok()?.konst.clone()?;
    if value.len() != 1 || !value.datum_type().is_float() {
        return None;
    }
    let value = value.cast_to::<f32>().ok()?;
    let number = *value.try_as_plain_ram().ok()?.as_slice::<f32>().ok()?.first()?;
    number.is_finite().then_some(number)
}
