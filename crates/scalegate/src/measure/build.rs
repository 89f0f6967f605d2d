//! The fingerprint of this build.

use crate::record::Build;

/// The compiler and its flags, with the hash of the sources that it compiled.
pub fn build(source: String) -> Build {
    Build {
        source,
        rustc: env!("SCALEGATE_RUSTC").to_owned(),
        target: env!("SCALEGATE_TARGET").to_owned(),
        optimisation: env!("SCALEGATE_OPTIMISATION").to_owned(),
    }
}
