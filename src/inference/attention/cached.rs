//! Attention as an operator of tract that keeps the keys and values of all tokens it has seen.

use scalegate_attention::{Keys, Mask, Values};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;
use tract_transformers::ops::dyn_kv_cache::DynKeyValueCacheState;

use super::op::{Rule, attended, dims, floats, output};

/// Attention of queries `[heads, count, width]`, of the last `count` tokens, over the keys and values of all tokens so far, to which
/// it adds those that come in: `[heads with keys, new, width]`. The output is `[heads, count, value width]`.
///
/// The cache is in the state of the plan and grows in place: a step copies what is new, and all that there is when the room
/// doubles.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct CachedAttention {
    /// The input that the keys of earlier tokens had before.
    pub(in super::super) name: String,
    /// Its type and shape, in which the number of earlier tokens is a symbol.
    pub(in super::super) past: TypedFact,
    /// Where in that shape the symbol is.
    pub(in super::super) axis: usize,
    /// What products of queries and keys are multiplied by.
    pub(in super::super) scale: f32,
    pub(in super::super) mask: Mask,
}

impl Eq for CachedAttention {}

impl Op for CachedAttention {
    fn name(&self) -> StaticName {
        "CachedAttention".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{}, scale {}", self.mask, self.scale)])
    }

    op_as_typed_op!();
}

impl EvalOp for CachedAttention {
    not_out_of_plan!();

    fn state(&self, _context: &EvalContext) -> TractResult<Option<Box<dyn OpState>>> {
        Ok(Some(Box::new(Cache { op: self.clone(), stored: None })))
    }
}

impl TypedOp for CachedAttention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [queries, keys, values] = inputs else { bail!("attention takes queries, keys and values") };
        ensure!(keys.shape[1] == values.shape[1], "there are as many keys as values");
        output(queries, keys, values)
    }

    as_op!();
}

#[derive(Debug, Clone)]
struct Cache {
    op: CachedAttention,
    /// Absent before the first token.
    stored: Option<(Keys, Values)>,
}

impl OpState for Cache {
    fn init_tensor_fact(&self) -> Option<(String, TypedFact)> {
        Some((self.op.name.clone(), self.op.past.clone()))
    }

    fn has_init_tensor_fact(&self) -> bool {
        true
    }

    fn resolve_symbols(&mut self, state: &mut TurnState) -> TractResult<()> {
        let shape = self.stored.as_ref().map(|(keys, _)| {
            let mut shape: TVec<usize> = tvec![1; self.op.past.rank()];
            shape[self.op.axis] = keys.count();
            shape
        });
        DynKeyValueCacheState::resolve_symbols(state, self.op.past.clone(), shape.as_deref())
    }

    fn eval(&mut self, _context: &EvalContext, _op: &dyn Op, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (queries, new_keys, new_values) = args_3!(inputs);
        let [heads, count, width] = dims(&new_keys)?;
        let [value_heads, value_count, value_width] = dims(&new_values)?;
        ensure!((heads, count) == (value_heads, value_count), "every token has keys and values");
        let (keys, values) =
            self.stored.get_or_insert_with(|| (Keys::new(heads, width), Values::new(heads, value_width)));
        keys.push(floats(new_keys.cast_to::<f32>()?.as_ref())?, count);
        values.push(floats(new_values.cast_to::<f32>()?.as_ref())?, count);
        let rule = Rule { scale: self.op.scale, mask: self.op.mask, after: 0 };
        attended(&queries, keys, values, &rule)
    }

    fn reset_lanes(&mut self, _lanes: &[LaneId]) -> TractResult<()> {
        bail!("the cache is one sequence's")
    }
}
