//! Which kernels tract runs.

use tract_onnx::prelude::{Datum, tract_linalg};

/// The kernels that tract chose for this processor, as it shows itself to this process: one for products of matrices and
/// one for products with a vector, as `fma_mmm_f32_16x6 fma_mmm_f32_64x1`. Below Valgrind they are others than outside.
pub fn kernel_family() -> String {
    let name = |columns: usize| {
        let dispatch = tract_linalg::mmm::MmmDispatch::native();
        let side = Some(TYPICAL_SIDE);
        let kernel = dispatch.preferred_kernel(f32::datum_type(), side, side, Some(columns));
        kernel.map_or_else(|| tract_linalg::isa::native().nickname().to_owned(), |kernel| kernel.name().to_owned())
    };
    let names = [name(TYPICAL_SIDE), name(1)];
    if names[0] == names[1] { names[0].clone() } else { names.join(" ") }
}

/// A width of the models here; the choice depends on the processor, and hardly on the size.
const TYPICAL_SIDE: usize = 64;
