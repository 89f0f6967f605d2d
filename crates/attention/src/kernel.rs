//! The inner loops: a few queries against a block of keys.

#![expect(clippy::inline_always, reason = "what is not inlined does not run on the vector unit that was found")]

use std::ops::Range;

use pulp::Simd;

use super::exp::exp2;
use super::keys::PANEL;

/// Queries that are computed side by side: with two vectors of keys each, their sums fill the registers of AVX2.
pub(super) const SIDE: usize = 6;

/// Keys of a block: with the values that belong to them they stay in the second-level cache, and the scores of a few queries in
/// the first-level one.
pub(super) const BLOCK: usize = 128;

/// The scores of `SIDE` queries, or fewer, with a block of keys.
pub(super) type Scores<const N: usize> = [[f32; BLOCK]; N];

/// What is known of a query after some of its keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Softmax {
    /// The largest score.
    maximum: f32,
    /// Of the powers of the scores less the largest.
    pub(super) sum: f32,
}

impl Softmax {
    /// Of a query before its keys.
    pub(super) const EMPTY: Self = Self { maximum: f32::NEG_INFINITY, sum: 0.0 };
}

/// Products of `N` queries, `[width, N]`, with the keys of a `panel`, `[width, PANEL]`, into the scores from `column` on.
#[inline(always)]
pub(super) fn score<S: Simd, const N: usize>(
    simd: S,
    queries: &[[f32; N]],
    panel: &[f32],
    scores: &mut Scores<N>,
    column: usize,
) {
    // Sums are independent of each other, and have to be many where the queries are few.
    if N <= SIDE / 2 && PANEL / S::F32_LANES >= 4 {
        score_vectors::<S, N, 4>(simd, queries, panel, scores, column);
    } else {
        score_vectors::<S, N, 2>(simd, queries, panel, scores, column);
    }
}

#[inline(always)]
fn score_vectors<S: Simd, const N: usize, const VECTORS: usize>(
    simd: S,
    queries: &[[f32; N]],
    panel: &[f32],
    scores: &mut Scores<N>,
    column: usize,
) {
    let (panel, _) = S::as_simd_f32s(panel);
    let in_row = PANEL / S::F32_LANES;
    for first in (0..in_row).step_by(VECTORS) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; N];
        for (query, keys) in queries.iter().zip(panel.chunks_exact(in_row)) {
            let keys = &keys[first..first + VECTORS];
            for (sums, query) in sums.iter_mut().zip(query) {
                let query = simd.splat_f32s(*query);
                for (sum, keys) in sums.iter_mut().zip(keys) {
                    *sum = simd.mul_add_e_f32s(query, *keys, *sum);
                }
            }
        }
        for (scores, sums) in scores.iter_mut().zip(&sums) {
            let (scores, _) =
                S::as_mut_simd_f32s(&mut scores[column + first * S::F32_LANES..][..VECTORS * S::F32_LANES]);
            scores.copy_from_slice(sums);
        }
    }
}

/// Makes weights of the `scores` of a query, of which it sees those at `seen`: powers of two of what they are less than the
/// largest score so far. Says what the sums over the keys before have to be multiplied by.
#[inline(always)]
pub(super) fn soften<S: Simd>(simd: S, scores: &mut [f32], seen: Range<usize>, softmax: &mut Softmax) -> f32 {
    scores[..seen.start].fill(f32::NEG_INFINITY);
    scores[seen.end..].fill(f32::NEG_INFINITY);
    let (scores, _) = S::as_mut_simd_f32s(scores);
    let mut largest = simd.splat_f32s(f32::NEG_INFINITY);
    for scores in &*scores {
        largest = simd.max_f32s(largest, *scores);
    }
    let before = softmax.maximum;
    let maximum = before.max(simd.reduce_max_f32s(largest));
    softmax.maximum = maximum;
    // A query that sees none of these keys has no score to be less than.
    let shift = simd.splat_f32s(if maximum == f32::NEG_INFINITY { 0.0 } else { maximum });
    let mut sum = simd.splat_f32s(0.0);
    for score in &mut *scores {
        *score = exp2(simd, simd.sub_f32s(*score, shift));
        sum = simd.add_f32s(sum, *score);
    }
    let scale =
        if maximum == before { 1.0 } else { simd.reduce_max_f32s(exp2(simd, simd.splat_f32s(before - maximum))) };
    softmax.sum = softmax.sum * scale + simd.reduce_sum_f32s(sum);
    scale
}

/// What `weigh` adds up.
pub(super) struct Weighed<'a, const N: usize> {
    /// Of `N` queries.
    pub(super) weights: &'a Scores<N>,
    /// The keys of the block that count.
    pub(super) keys: Range<usize>,
    /// The rows of the block, `[rows, padded]`.
    pub(super) values: &'a [f32],
    /// Columns of a row.
    pub(super) padded: usize,
    /// What the sums so far are multiplied by.
    pub(super) scales: [f32; N],
}

/// Adds the weighed values to the `sums` of `N` queries, `[N, padded]`.
#[inline(always)]
pub(super) fn weigh<S: Simd, const N: usize>(simd: S, weighed: &Weighed<'_, N>, sums: &mut [f32]) {
    let mut column = 0;
    while column < weighed.padded {
        let vectors = (weighed.padded - column) / S::F32_LANES;
        let done = if N <= SIDE / 2 && vectors >= 4 {
            weigh_columns::<S, N, 4>(simd, weighed, sums, column)
        } else if vectors >= 2 {
            weigh_columns::<S, N, 2>(simd, weighed, sums, column)
        } else {
            weigh_columns::<S, N, 1>(simd, weighed, sums, column)
        };
        column += done;
    }
}

#[inline(always)]
fn weigh_columns<S: Simd, const N: usize, const VECTORS: usize>(
    simd: S,
    weighed: &Weighed<'_, N>,
    sums: &mut [f32],
    column: usize,
) -> usize {
    let columns = VECTORS * S::F32_LANES;
    let mut acc = [[simd.splat_f32s(0.0); VECTORS]; N];
    for ((acc, sums), scale) in acc.iter_mut().zip(sums.chunks_exact(weighed.padded)).zip(weighed.scales) {
        let (sums, _) = S::as_simd_f32s(&sums[column..column + columns]);
        for (acc, sum) in acc.iter_mut().zip(sums) {
            *acc = simd.mul_f32s(*sum, simd.splat_f32s(scale));
        }
    }
    // Plain ranges that are cut before the loop: `take` and `skip` in it took as many instructions as the products.
    let keys = weighed.keys.start..weighed.keys.end.min(BLOCK);
    let rows = weighed.values[keys.start * weighed.padded + column..].chunks(weighed.padded);
    for (key, row) in keys.zip(rows) {
        let (values, _) = S::as_simd_f32s(&row[..columns]);
        for (acc, weights) in acc.iter_mut().zip(weighed.weights) {
            let weight = simd.splat_f32s(weights[key]);
            for (acc, values) in acc.iter_mut().zip(values) {
                *acc = simd.mul_add_e_f32s(weight, *values, *acc);
            }
        }
    }
    for (acc, sums) in acc.iter().zip(sums.chunks_exact_mut(weighed.padded)) {
        let (sums, _) = S::as_mut_simd_f32s(&mut sums[column..column + columns]);
        sums.copy_from_slice(acc);
    }
    columns
}
