//! Double-double arithmetic: numbers of twice the working precision, as unevaluated sums of two.

use std::ops::{Add, Div, Mul, Sub};

/// `high + low`, with `low` below the last digit of `high` (Dekker, *A floating-point technique for extending the available
/// precision*, Numer. Math. 18, 1971): 31 digits in the range of `f64`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct DoubleDouble {
    high: f64,
    low: f64,
}

impl From<f64> for DoubleDouble {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl From<DoubleDouble> for f64 {
    fn from(number: DoubleDouble) -> Self {
        number.high
    }
}

impl DoubleDouble {
    /// The exact product of two numbers.
    pub(crate) fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    /// The square root, 0 for 0: one step of Newton's iteration doubles the digits of that of `high`.
    pub(crate) fn sqrt(self) -> Self {
        let root = self.high.sqrt();
        if root == 0.0 {
            return Self::default();
        }
        let rest = self - Self::product(root, root);
        Self::normalised(root, rest.high / (2.0 * root))
    }

    /// `√(self² + other²)`, without overflow on the way.
    pub(crate) fn hypot(self, other: Self) -> Self {
        let scale = power_of_two_below(self.high.abs().max(other.high.abs()));
        let (a, b) = (self.scaled(scale.recip()), other.scaled(scale.recip()));
        (a * a + b * b).sqrt().scaled(scale)
    }

    /// The product with a power of two, which is exact.
    fn scaled(self, by: f64) -> Self {
        Self { high: self.high * by, low: self.low * by }
    }

    fn normalised(high: f64, low: f64) -> Self {
        let (high, low) = two_sum(high, low);
        Self { high, low }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (sum, error) = two_sum(self.high, other.high);
        Self::normalised(sum, error + (self.low + other.low))
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self { high: -other.high, low: -other.low }
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let exact = Self::product(self.high, other.high);
        Self::normalised(exact.high, exact.low + (self.high * other.low + self.low * other.high))
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    fn div(self, by: Self) -> Self {
        let first = self.high / by.high;
        let rest = self - by * first.into();
        Self::normalised(first, rest.high / by.high)
    }
}

/// The sum and its rounding error, in any order of magnitude (Knuth, *The Art of Computer Programming* 2, 4.2.2).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let second = sum - a;
    (sum, (a - (sum - second)) + (b - second))
}

/// The largest power of two up to `x`: its exponent alone.
fn power_of_two_below(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
    f64::from_bits(x.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance of two numbers that ought to be equal, relative to them.
    fn distance(a: DoubleDouble, b: DoubleDouble) -> f64 {
        f64::from(a - b).abs() / f64::from(b).abs()
    }

    #[test]
    fn each_operation_keeps_thirty_digits() {
        let third = DoubleDouble::from(1.0) / 3.0.into();
        assert!(distance(third * 3.0.into(), 1.0.into()) < 1e-30);
        assert!(distance(third + third + third, 1.0.into()) < 1e-30);
        let root = DoubleDouble::from(2.0).sqrt();
        assert!(distance(root * root, 2.0.into()) < 1e-30);
        assert!(distance(root / third, root * 3.0.into()) < 1e-30);
        // The square of 1 + 2⁻⁴⁰ has a digit that f64 cannot hold.
        let small = (-40.0_f64).exp2();
        let square = DoubleDouble::product(1.0 + small, 1.0 + small);
        assert_eq!(f64::from(square - 1.0.into() - (2.0 * small).into()), small * small);
    }

    #[test]
    fn a_hypotenuse_is_right_near_the_ends_of_the_range() {
        for scale in [1e-300, 1.0, 1e300] {
            let [a, b] = [3.0, 4.0].map(|side| DoubleDouble::from(scale * side));
            assert!((f64::from(a.hypot(b)) / (5.0 * scale) - 1.0).abs() < 1e-15);
        }
        assert_eq!(f64::from(DoubleDouble::default().hypot(0.0.into())), 0.0);
    }

    #[test]
    fn the_root_of_zero_is_zero() {
        assert_eq!(f64::from(DoubleDouble::default().sqrt()), 0.0);
    }
}
