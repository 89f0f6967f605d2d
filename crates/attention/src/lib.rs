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
//! - A row of the output is computed in one order, however the rows are shared out to threads.
//! - The same source runs on every vector unit that `pulp` finds when the program runs: AVX2, AVX-512, NEON.
//!
//! A crate of its own, so that an edit elsewhere does not change what the compiler makes of these loops: as a module of the suite they
//! took up to 9 % more instructions after one.

mod exp;
mod kernel;
mod keys;
mod mask;
mod rows;
mod values;

pub use keys::Keys;
pub use mask::Mask;
pub use rows::Attention;
pub use values::Values;
