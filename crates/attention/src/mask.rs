//! Which keys a query may look at.

use std::fmt;
use std::ops::Range;

/// Which keys a query may look at. Queries are the last of the tokens whose keys there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mask {
    /// All, as in a vision tower.
    Open,
    /// Its own and those before it; of these the last `window` at most, its own among them.
    Causal {
        /// Absent for all of them.
        window: Option<usize>,
    },
}

impl Mask {
    /// The keys that the query of the token at `position` sees, of `count` keys.
    ///
    /// ```
    /// use scalegate_attention::Mask;
    ///
    /// assert_eq!(Mask::Causal { window: Some(3) }.seen(7, 10), 5..8);
    /// ```
    pub fn seen(self, position: usize, count: usize) -> Range<usize> {
        match self {
            Self::Open => 0..count,
            Self::Causal { window } => {
                let end = (position + 1).min(count);
                window.map_or(0, |window| end.saturating_sub(window))..end
            }
        }
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::Causal { window: None } => f.write_str("causal"),
            Self::Causal { window: Some(window) } => write!(f, "causal, window {window}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_the_query_itself() {
        let mask = Mask::Causal { window: Some(3) };
        assert_eq!(mask.seen(0, 10), 0..1);
        assert_eq!(mask.seen(2, 10), 0..3);
        assert_eq!(mask.seen(7, 10), 5..8);
        assert_eq!(Mask::Causal { window: None }.seen(7, 10), 0..8);
        assert_eq!(Mask::Open.seen(7, 10), 0..10);
    }
}
