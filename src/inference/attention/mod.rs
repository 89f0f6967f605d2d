//! Attention as operators of tract: over keys and values that come in, or over those of all tokens so far.
//!
//! Rows are shared out to the threads of tract's executor. What is computed is in the crate `scalegate-attention`.

mod cached;
mod op;
mod rotary;

pub(super) use cached::CachedAttention;
pub(super) use op::Attention;
pub(super) use rotary::Rotary;
pub(super) use scalegate_attention::Mask;
