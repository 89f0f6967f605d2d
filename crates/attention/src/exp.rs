//! Powers of two, a vector at a time.

#![expect(clippy::inline_always, reason = "what is not inlined does not run on the vector unit that was found")]

use std::f32::consts::LN_2;

use pulp::Simd;

/// 2^x for -0.5 ≤ x ≤ 0.5, from the constant up: of the polynomials of degree 6 the one of the smallest relative error
/// (2e-9 before rounding), by iteratively weighted least squares.
const COEFFICIENTS: [f32; 7] =
    [1.0, LN_2, 0.240_226_46, 0.055_503_286, 0.009_618_489, 0.001_339_993_1, 0.000_153_458_11];

/// Where the results would leave the normal floats, they are 0.
const SMALLEST: f32 = -126.0;

/// 1.5 · 2^23: a float of this size has no digits after the point, so that adding it rounds.
const ROUNDING: f32 = 12_582_912.0;

/// 2^x for x ≤ 0, and 0 for x < -126; off by at most 2 units in the last place.
#[inline(always)]
pub(super) fn exp2<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let rounding = simd.splat_f32s(ROUNDING);
    let vanishes = simd.less_than_f32s(x, simd.splat_f32s(SMALLEST));
    // Nothing that is no number may reach the exponent: minus infinity less itself is none.
    let x = simd.max_f32s(x, simd.splat_f32s(SMALLEST));
    let shifted = simd.add_f32s(x, rounding);
    let fraction = simd.sub_f32s(x, simd.sub_f32s(shifted, rounding));
    let mut power = simd.splat_f32s(COEFFICIENTS[6]);
    for coefficient in COEFFICIENTS[..6].iter().rev() {
        power = simd.mul_add_e_f32s(power, fraction, simd.splat_f32s(*coefficient));
    }
    // The last bits of `shifted` are the whole part, and the exponent of a float begins at bit 23 and counts from -127.
    let whole = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    let exponent = simd.add_u32s(whole, simd.splat_u32s(127 << 23));
    let result = simd.mul_f32s(power, simd.transmute_f32s_u32s(exponent));
    simd.select_f32s(vanishes, simd.splat_f32s(0.0), result)
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct Exp2<'a>(&'a mut [f32]);

    impl WithSimd for Exp2<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (vectors, rest) = S::as_mut_simd_f32s(self.0);
            assert!(rest.is_empty());
            for x in vectors {
                *x = exp2(simd, *x);
            }
        }
    }

    fn computed(values: &[f32]) -> Vec<f32> {
        let mut values = values.to_vec();
        Arch::new().dispatch(Exp2(&mut values));
        values
    }

    #[test]
    fn powers_of_two_are_within_two_units_in_the_last_place_of_those_in_double_precision() {
        // Every float between -126 and 0 would be 2^31 of them; these are spread over all exponents.
        let inputs: Vec<f32> = (0..1 << 20).map(|step| -126.0 * (step as f32 / (1 << 20) as f32).powi(3)).collect();
        let worst = inputs.iter().zip(computed(&inputs)).map(|(&input, output)| {
            let exact = f64::from(input).exp2();
            ((f64::from(output) - exact) / exact).abs()
        });
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= 2.0 * f64::from(f32::EPSILON), "{worst:e}");
    }

    #[test]
    fn what_is_too_small_is_zero_and_two_to_the_zero_is_one() {
        let mut inputs = vec![0.0f32; 16];
        inputs[1] = -1.0;
        inputs[2] = -126.5;
        inputs[3] = f32::MIN;
        inputs[4] = f32::NEG_INFINITY;
        assert_eq!(computed(&inputs)[..5], [1.0, 0.5, 0.0, 0.0, 0.0]);
    }
}
