//! The outer loops: which queries meet which keys.

#![expect(clippy::inline_always, reason = "what is not inlined does not run on the vector unit that was found")]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::kernel::{BLOCK, SIDE, Scores, Softmax, Weighed, score, soften, weigh};
use crate::keys::PANEL;
use crate::{Keys, Mask, Values};

/// Queries that go through the keys together: what is kept of them stays in the first-level cache.
const QUERIES: usize = 8 * SIDE;

/// Below so many tokens the queries of all heads that share keys go through them together, so that keys are read once.
const FEW: usize = 16;

/// What attention is computed from. There is a key and a value for each query and for each token before the first one's.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// `[heads, count, width]`, of neighbouring tokens that have keys.
    pub queries: &'a [f32],
    /// Tokens that have queries; at least one.
    pub count: usize,
    /// Tokens before that of the first query.
    pub past: usize,
    /// What products of queries and keys are multiplied by.
    pub scale: f32,
    /// Which keys a query may look at.
    pub mask: Mask,
    /// The keys of all tokens.
    pub keys: &'a Keys,
    /// The values of all tokens.
    pub values: &'a Values,
}

impl Attention<'_> {
    /// Rows of the output: queries of all heads, one head after the other.
    pub fn rows(&self) -> usize {
        self.queries.len() / self.keys.width()
    }

    /// Rows that are best computed together, by one thread; a part of the output begins at a multiple of these.
    pub fn together(&self) -> usize {
        if self.count < FEW { self.in_group() } else { 1 }
    }

    /// Computes rows from `first` on, `[rows, value width]`, of the output `[heads, count, value width]`.
    pub fn compute(&self, first: usize, out: &mut [f32]) {
        Arch::new().dispatch(Rows { inputs: self, in_group: self.in_group(), first, out });
    }

    /// Rows that share keys: those of neighbouring heads.
    fn in_group(&self) -> usize {
        self.rows() / self.keys.heads()
    }
}

/// Some rows of the output, one after the other.
struct Rows<'a> {
    inputs: &'a Attention<'a>,
    /// Rows that share keys: those of neighbouring heads.
    in_group: usize,
    /// The first of the rows.
    first: usize,
    out: &'a mut [f32],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { inputs, in_group, first, mut out } = self;
        let width = inputs.values.width();
        let mut scratch = Scratch::of(inputs);
        let mut row = first;
        while !out.is_empty() {
            let in_part = if inputs.count < FEW { in_group } else { inputs.count };
            let rows = QUERIES.min(in_part - row % in_part).min(out.len() / width);
            let (block, rest) = out.split_at_mut(rows * width);
            scratch.compute(simd, inputs, row / in_group, row..row + rows);
            scratch.write(block, width);
            row += rows;
            out = rest;
        }
    }
}

/// What is kept of the queries that go through the keys together.
struct Scratch {
    /// Queries times scale, as many beside each other as are computed side by side: `[parts, width, SIDE]`, of the last part
    /// `[width, fewer]`.
    queries: Vec<f32>,
    seen: Vec<Range<usize>>,
    softmax: Vec<Softmax>,
    /// `[rows, padded]`.
    sums: Vec<f32>,
    padded: usize,
}

impl Scratch {
    fn of(inputs: &Attention<'_>) -> Self {
        Self {
            queries: Vec::new(),
            seen: Vec::new(),
            softmax: Vec::new(),
            sums: Vec::new(),
            padded: inputs.values.padded(),
        }
    }

    #[inline(always)]
    fn compute<S: Simd>(&mut self, simd: S, inputs: &Attention<'_>, head: usize, rows: Range<usize>) {
        self.begin(inputs, rows);
        let start = self.seen.iter().map(|seen| seen.start).min().unwrap_or(0);
        let end = self.seen.iter().map(|seen| seen.end).max().unwrap_or(0);
        for block in (start / BLOCK * BLOCK..end).step_by(BLOCK) {
            let block = Block { keys: inputs.keys.of_head(head), values: inputs.values.of_head(head), start: block };
            for part in 0..self.seen.len().div_ceil(SIDE) {
                match (self.seen.len() - part * SIDE).min(SIDE) {
                    1 => self.part::<S, 1>(simd, inputs, &block, part),
                    2 => self.part::<S, 2>(simd, inputs, &block, part),
                    3 => self.part::<S, 3>(simd, inputs, &block, part),
                    4 => self.part::<S, 4>(simd, inputs, &block, part),
                    5 => self.part::<S, 5>(simd, inputs, &block, part),
                    _ => self.part::<S, SIDE>(simd, inputs, &block, part),
                }
            }
        }
    }

    fn begin(&mut self, inputs: &Attention<'_>, rows: Range<usize>) {
        let (width, keys) = (inputs.keys.width(), inputs.keys.count());
        // The softmax is one of powers of two.
        let scale = inputs.scale * std::f32::consts::LOG2_E;
        self.seen.clear();
        self.seen.extend(rows.clone().map(|row| inputs.mask.seen(inputs.past + row % inputs.count, keys)));
        self.softmax.clear();
        self.softmax.resize(rows.len(), Softmax::EMPTY);
        self.sums.clear();
        self.sums.resize(rows.len() * self.padded, 0.0);
        self.queries.resize(rows.len() * width, 0.0);
        let queries = &inputs.queries[rows.start * width..rows.end * width];
        for (to, from) in self.queries.chunks_mut(SIDE * width).zip(queries.chunks(SIDE * width)) {
            let side = from.len() / width;
            for (place, query) in from.chunks_exact(width).enumerate() {
                to[place..].iter_mut().step_by(side).zip(query).for_each(|(to, from)| *to = from * scale);
            }
        }
    }

    /// `N` queries with a block of keys.
    #[inline(always)]
    fn part<S: Simd, const N: usize>(&mut self, simd: S, inputs: &Attention<'_>, block: &Block<'_>, part: usize) {
        let rows = part * SIDE..part * SIDE + N;
        let within = |seen: &Range<usize>| {
            let clamp = |key: usize| key.clamp(block.start, block.start + BLOCK) - block.start;
            clamp(seen.start)..clamp(seen.end)
        };
        let mut seen = [const { 0..0 }; N];
        seen.iter_mut().zip(&self.seen[rows.clone()]).for_each(|(to, from)| *to = within(from));
        let start = seen.iter().map(|seen| seen.start).min().unwrap_or(0);
        let end = seen.iter().map(|seen| seen.end).max().unwrap_or(0);
        if start >= end {
            return;
        }
        let (width, padded) = (inputs.keys.width(), self.padded);
        let panels = start / PANEL..end.div_ceil(PANEL);
        let mut scores: Scores<N> = [[0.0; BLOCK]; N];
        let (queries, _) = self.queries[rows.start * width..rows.end * width].as_chunks::<N>();
        for panel in panels.clone() {
            let keys = &block.keys[(block.start / PANEL + panel) * width * PANEL..][..width * PANEL];
            score(simd, queries, keys, &mut scores, panel * PANEL);
        }
        let mut scales = [1.0; N];
        let columns = panels.start * PANEL..panels.end * PANEL;
        for (row, seen) in seen.iter().enumerate() {
            // A row of an empty range sees nothing of the block; where in it the range is empty does not matter.
            let from = seen.start.clamp(columns.start, columns.end) - columns.start;
            let to = seen.end.clamp(columns.start, columns.end) - columns.start;
            let softmax = &mut self.softmax[rows.start + row];
            scales[row] = soften(simd, &mut scores[row][columns.clone()], from..to, softmax);
        }
        let values = &block.values[block.start * padded..(block.start + end) * padded];
        let weighed = Weighed { weights: &scores, keys: start..end, values, padded, scales };
        weigh(simd, &weighed, &mut self.sums[rows.start * padded..rows.end * padded]);
    }

    fn write(&self, out: &mut [f32], width: usize) {
        let sums = self.sums.chunks_exact(self.padded).zip(&self.softmax);
        for (out, (sums, softmax)) in out.chunks_exact_mut(width).zip(sums) {
            let share = softmax.sum.recip();
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum * share);
        }
    }
}

/// The keys and values of a head, of which a block begins at `start`.
struct Block<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    start: usize,
}
