//! Numbers of twice the working precision, as unevaluated sums of two.

/// `high + low`, with `low` below the last digit of `high` (Dekker, *A floating-point technique for extending the available
/// precision*, Numer. Math. 18, 1971).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Twice {
    pub(crate) high: f64,
    pub(crate) low: f64,
}

impl From<f64> for Twice {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Twice {
    /// The exact product of two numbers.
    pub(crate) fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    pub(crate) fn times(self, by: f64) -> Self {
        let exact = Self::product(self.high, by);
        Self::normalised(exact.high, self.low.mul_add(by, exact.low))
    }

    pub(crate) fn plus(self, other: f64) -> Self {
        let (sum, error) = two_sum(self.high, other);
        Self::normalised(sum, self.low + error)
    }

    fn normalised(high: f64, low: f64) -> Self {
        let (high, low) = two_sum(high, low);
        Self { high, low }
    }
}

/// The sum and its rounding error, in any order of magnitude (Knuth, *The Art of Computer Programming* 2, 4.2.2).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// A sum of products as if in twice the working precision: Algorithm 5.3 of Ogita, Rump and Oishi, *Accurate sum and dot
/// product*, SIAM J. Sci. Comput. 26 (2005).
pub(crate) fn dot(terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut sum, mut error) = (0.0, 0.0);
    for (a, b) in terms {
        let product = Twice::product(a, b);
        let (total, rounding) = two_sum(sum, product.high);
        error += rounding + product.low;
        sum = total;
    }
    sum + error
}
