//! The fingerprint of this build.

use crate::record::Build;

/// What this library was built from.
pub fn build() -> Build {
    Build {
        source: env!("SCALEGATE_SOURCE").to_owned(),
        rustc: env!("SCALEGATE_RUSTC").to_owned(),
        target: env!("SCALEGATE_TARGET").to_owned(),
        optimisation: env!("SCALEGATE_OPTIMISATION").to_owned(),
    }
}
