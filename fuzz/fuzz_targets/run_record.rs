//! An untrusted run record or baseline: it is refused with place and remedy, or it is sound, which is that it can be written
//! and read again as the same, exported and joined.

#![no_main]

use std::fmt::Debug;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use scalegate::baseline::Baseline;
use scalegate::export;
use scalegate::record::{Document, Join, Run, read_json, write_json};

const FILE: &str = "run.json";

fuzz_target!(|bytes: &[u8]| {
    let directory = scalegate_fuzz::directory(&[(FILE, bytes)]);
    if let Some(run) = read::<Run>(directory.path()) {
        // A run in which every metric was unavailable has nothing to export, and says so.
        let _ = (export::csv(&run), export::bencher(&run), export::benchmark_action(&run));
        Join::default().add(FILE, run).expect("a record on its own differs from none");
    }
    read::<Baseline>(directory.path());
});

fn read<D: Document + PartialEq + Debug>(directory: &Path) -> Option<D> {
    let document = match read_json::<D>(&directory.join(FILE)) {
        Ok(document) => document,
        Err(error) => {
            assert!(error.place().ends_with(FILE) && !error.remedy().is_empty());
            return None;
        }
    };
    let copy = directory.join("copy.json");
    write_json(&copy, &document).expect("what was read can be written");
    assert_eq!(read_json::<D>(&copy).expect("what was written can be read"), document);
    Some(document)
}
