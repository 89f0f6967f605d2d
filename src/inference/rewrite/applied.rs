//! Which rules applied to a model.

use std::collections::BTreeMap;
use std::fmt;

/// The names of rules, with how often each applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied(BTreeMap<&'static str, usize>);

impl Applied {
    pub(super) fn add(&mut self, rule: &'static str, count: usize) {
        *self.0.entry(rule).or_default() += count;
    }

    /// Whether none applied.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As `attention 8, cache 8`; `none`.
impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (index, (rule, count)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{rule} {count}")?;
        }
        Ok(())
    }
}
