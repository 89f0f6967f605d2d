//! Rewrites of a model when it is loaded, so that what is measured is the model and not the way in which it was exported.
//!
//! In go a typed graph and what is known of its lengths ([`Counts`]); out come a graph that computes the same, up to the rounding of
//! floats, and the names of the rules that applied, with how often ([`Applied`]). Every rule is a file, and looks for a
//! pattern:
//!
//! | rule | file | becomes |
//! |---|---|---|
//! | `attention` | `attention.rs` | one operator for two products, scale, mask and softmax |
//! | `sdpa` | `sdpa.rs` | the same, of ONNX's own `Attention` |
//! | `rotary` | `rotary.rs` | one operator for the positions of queries or keys |
//! | `cache` | `cache.rs` | an attention that keeps its keys and values |
//!
//! A pattern that is only nearly there is left alone. What a mask is, and where keys and values come from, is found by computing
//! it for several numbers of tokens ([`mask`], [`moved`]) and not by the names or the order of nodes: that differs between
//! versions of exporters.

mod applied;
mod arrange;
mod attention;
mod cache;
mod counts;
mod mask;
mod moved;
mod partial;
mod products;
mod rotary;
mod scores;
mod sdpa;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::nn::Softmax;
use tract_transformers::ops::sdpa::Sdpa;

pub use applied::Applied;
pub(super) use counts::Counts;

use super::decoder::PAST;
use mask::Masks;

/// `model` after all rules, and those that applied.
pub(super) fn rewritten(mut model: TypedModel, counts: &Counts) -> TractResult<(TypedModel, Applied)> {
    let mut applied = Applied::default();
    let mut masks = Masks::default();
    for id in model.eval_order()? {
        let node = model.node(id);
        let (rule, patch) = if node.op_is::<Softmax>() {
            ("attention", attention::rule(&model, counts, &mut masks, node)?)
        } else if node.op_is::<Sdpa>() {
            ("sdpa", sdpa::rule(&model, counts, &mut masks, node)?)
        } else {
            continue;
        };
        if let Some(patch) = patch {
            patch.apply(&mut model)?;
            applied.add(rule, 1);
        }
    }
    Ok((model, applied))
}

/// A decoder in which tract has recognised rotary positions, with an operator of this crate for them.
pub(super) fn with_rotary(mut model: TypedModel, applied: &mut Applied) -> TractResult<TypedModel> {
    let count = rotary::replaced(&mut model)?;
    if count > 0 {
        applied.add("rotary", count);
    }
    Ok(model)
}

/// A decoder that was `rewritten`, and simplified after that, with the caches in its attentions.
pub(super) fn with_caches(mut model: TypedModel, applied: &mut Applied) -> TractResult<TypedModel> {
    let caches = cache::kept(&mut model, |name| name.starts_with(PAST))?;
    if caches == 0 {
        return Ok(model);
    }
    applied.add("cache", caches);
    model.into_decluttered()
}

#[cfg(test)]
mod tests;
