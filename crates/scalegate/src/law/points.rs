//! One series to fit: sizes, relative costs and weights, all of order one.

/// Pooled costs at ascending sizes, in units in which the largest size is 1.
///
/// Errors are multiplicative, so that a residual counts relative to the cost: the weight of a point is one over a
/// cost. Not over the observed one, which would favour the points that came out low (the fit would sink by twice the
/// variance), but over that of a first, flexible fit, see [`super::form::relative_weights`].
#[derive(Debug, Clone)]
pub(crate) struct Points<'a> {
    /// Sizes over the largest size.
    pub(crate) x: &'a [f64],
    /// The largest size, in the user's unit.
    pub(crate) x_max: f64,
    pub(crate) y: Vec<f64>,
    /// Square roots of the weights: residuals times these are relative.
    pub(crate) w: &'a [f64],
}

impl Points<'_> {
    pub(crate) fn len(&self) -> usize {
        self.x.len()
    }

    pub(crate) fn weighted_y(&self) -> Vec<f64> {
        self.y.iter().zip(self.w).map(|(y, w)| y * w).collect()
    }

    pub(crate) fn weighted(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        self.x.iter().zip(self.w).map(|(&x, w)| f(x) * w).collect()
    }
}
