//! Which kernels tract runs.

use tract_onnx::prelude::tract_linalg;

/// The family of kernels that tract chose for this processor, as it shows itself to this process: `neon`, `fma`, `avx512`.
/// Below Valgrind that is another one than outside.
pub fn kernel_family() -> &'static str {
    tract_linalg::isa::native().nickname()
}
