//! An untrusted ONNX file: scalegate's own checks (parts, order, data, external data beside it), and then tract's parser.
//!
//! It ends there: a model without the inputs and outputs of a language model, which mutations hardly put together, is refused
//! before tract infers its types. What planning and running may cost is not scalegate's promise.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scalegate_suite::inference::Llm;

const MODEL: &str = "model.onnx";

fuzz_target!(
    // libFuzzer takes every panic for a finding; those that scalegate catches are none. One that leaves the target
    // still is.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let directory = scalegate_fuzz::directory(&[(MODEL, bytes), ("weights.bin", &[0x3f; 32])]);
        if let Err(error) = Llm::load(&directory.path().join(MODEL)) {
            assert!(error.place().ends_with(MODEL) && !error.remedy().is_empty());
        }
    }
);
