//! The committed JSON schemas say what the types say.

use std::path::Path;

use schemars::{JsonSchema, schema_for};

use crate::baseline::Baseline;
use crate::record::Run;

/// Set to write the schemas instead of comparing them, after a change on purpose.
const WRITE: &str = "SCALEGATE_WRITE_SCHEMAS";

fn compare<T: JsonSchema>(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    let expected = format!("{:#}\n", schema_for!(T).to_value());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == expected, "{name} differs from its type: raise the schema version, then run with {WRITE}=1");
}

#[test]
fn the_schema_of_a_run_has_not_drifted() {
    compare::<Run>("run.schema.json");
}

#[test]
fn the_schema_of_a_baseline_has_not_drifted() {
    compare::<Baseline>("baseline.schema.json");
}
