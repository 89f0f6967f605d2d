//! Seeded random numbers.

use rand_chacha::rand_core::Rng;

/// Uniform in (0, 1), never at either end.
pub fn uniform(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// Box and Muller's transform of two uniform numbers (Ann. Math. Statist. 29, 1958).
pub fn standard_normal(rng: &mut impl Rng) -> f64 {
    let (radius, angle) = ((-2.0 * uniform(rng).ln()).sqrt(), std::f64::consts::TAU * uniform(rng));
    radius * angle.cos()
}

/// Wilson and Hilferty's approximation (PNAS 17, 1931), good to a percent from one degree of freedom on.
pub fn chi_squared(df: f64, rng: &mut impl Rng) -> f64 {
    let c = 2.0 / (9.0 * df);
    df * (1.0 - c + standard_normal(rng) * c.sqrt()).powi(3).max(0.0)
}
