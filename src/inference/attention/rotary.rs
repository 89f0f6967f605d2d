//! Rotary positions as an operator of tract: pairs of values turn by angles.

#![expect(clippy::inline_always, reason = "what is not inlined does not run on the vector unit that was found")]

use pulp::{Arch, Simd, WithSimd};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use super::op::floats;

/// `x · cos + (−second half, first half) · sin` of `x` `[…, rows, width]` and angles `[…, rows, width]` whose other dimensions are
/// 1, all of 32-bit floats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Rotary;

impl Op for Rotary {
    fn name(&self) -> StaticName {
        "Rotary".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Rotary {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (x, cos, sin) = args_3!(inputs);
        let width = x.shape().last().copied().unwrap_or_default();
        ensure!(width > 0 && width.is_multiple_of(2), "pairs of values are turned, and not {width}");
        let (cos, sin) = (floats(&cos)?, floats(&sin)?);
        ensure!(cos.len() == sin.len() && !cos.is_empty(), "there is an angle for each value");
        let mut out = Tensor::zero::<f32>(x.shape())?;
        if x.len() > 0 {
            let mut out = out.try_as_plain_ram_mut()?;
            Arch::new().dispatch(Turned { width, x: floats(&x)?, cos, sin, out: out.as_slice_mut::<f32>()? });
        }
        Ok(tvec![out.into_tvalue()])
    }
}

impl TypedOp for Rotary {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec![inputs[0].without_value()])
    }

    as_op!();
}

struct Turned<'a> {
    width: usize,
    x: &'a [f32],
    cos: &'a [f32],
    sin: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Turned<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { width, x, cos, sin, out } = self;
        // The angles of all rows, again for each head.
        for (x, out) in x.chunks_exact(cos.len()).zip(out.chunks_exact_mut(cos.len())) {
            let angles = cos.chunks_exact(width).zip(sin.chunks_exact(width));
            for ((x, out), (cos, sin)) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(angles) {
                turn(simd, [x, cos, sin].map(|row| row.split_at(width / 2)), out.split_at_mut(width / 2));
            }
        }
    }
}

/// One row, in halves.
#[inline(always)]
fn turn<S: Simd>(simd: S, [x, cos, sin]: [(&[f32], &[f32]); 3], out: (&mut [f32], &mut [f32])) {
    let (first, first_rest) = S::as_mut_simd_f32s(out.0);
    let (second, second_rest) = S::as_mut_simd_f32s(out.1);
    let [x, cos, sin] = [x, cos, sin].map(|(a, b)| (S::as_simd_f32s(a), S::as_simd_f32s(b)));
    for at in 0..first.len() {
        let (a, b) = (x.0.0[at], x.1.0[at]);
        first[at] = simd.sub_f32s(simd.mul_f32s(a, cos.0.0[at]), simd.mul_f32s(b, sin.0.0[at]));
        second[at] = simd.add_f32s(simd.mul_f32s(b, cos.1.0[at]), simd.mul_f32s(a, sin.1.0[at]));
    }
    for at in 0..first_rest.len() {
        let (a, b) = (x.0.1[at], x.1.1[at]);
        first_rest[at] = a * cos.0.1[at] - b * sin.0.1[at];
        second_rest[at] = b * cos.1.1[at] + a * sin.1.1[at];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_turn_by_the_angles_of_their_row() {
        for width in [2, 8, 20, 64] {
            let (heads, rows) = (3, 5);
            let values =
                |count: usize, step: f32| -> Vec<f32> { (0..count).map(|i| (i as f32 * step).sin()).collect() };
            let x = values(heads * rows * width, 0.37);
            let (cos, sin) = (values(rows * width, 0.11), values(rows * width, 0.23));
            let tensor = |shape: &[usize], values: &[f32]| Tensor::from_shape(shape, values).unwrap().into_tvalue();
            let inputs = tvec![
                tensor(&[1, heads, rows, width], &x),
                tensor(&[1, 1, rows, width], &cos),
                tensor(&[1, 1, rows, width], &sin),
            ];
            let got = Rotary.eval(&EvalContext::out_of_plan(), inputs).unwrap();
            for (place, got) in floats(&got[0]).unwrap().iter().enumerate() {
                let (row, column) = (place / width % rows, place % width);
                let half = width / 2;
                let other = if column < half { -x[place + half] } else { x[place - half] };
                let angle = row * width + column;
                let expected = x[place] * cos[angle] + other * sin[angle];
                assert!((got - expected).abs() <= 1e-6, "{width} {place}");
            }
        }
    }
}
