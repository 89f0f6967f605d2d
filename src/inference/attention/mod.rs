//! Attention over many keys, of heads that may share them: softmax(queries · keysᵀ · scale + mask) · values.
//!
//! In go queries `[heads, count, width]`, [`Keys`] and [`Values`] of as many tokens as there are, and a [`Mask`]; out come
//! `[heads, count, value width]`. Heads that share keys and values are neighbours, as in grouped-query attention.
//!
//! Promised:
//! - Memory beside inputs and output does not grow with the number of keys: keys are read in blocks, and the softmax is
//!   corrected as larger scores are found (online softmax: Milakov and Gimelshein 2018, arXiv 1805.02867; in blocks: Dao and
//!   others 2022, arXiv 2205.14135).
//! - Blocks in which no query may look are not computed.
//! - Results do not depend on the number of threads, bit for bit: a row is computed by one thread, in one order.
//! - The same source runs on every vector unit that `pulp` finds when the program runs: AVX2, AVX-512, NEON.

mod cached;
mod exp;
mod kernel;
mod keys;
mod mask;
mod op;
mod rotary;
mod rows;
mod values;

pub(super) use cached::CachedAttention;
pub(super) use mask::Mask;
pub(super) use op::Attention;
pub(super) use rotary::Rotary;

use keys::Keys;
use rows::attend;
use values::Values;
