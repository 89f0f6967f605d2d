//! `scalegate import csv` takes nothing on trust.

use crate::support::{Place, stderr};

fn refused(csv: &str) -> String {
    let place = Place::new();
    place.write("costs.csv", csv);
    let message = stderr(&place.scalegate("import csv costs.csv").code(2));
    assert!(!place.path("target/scalegate/run.json").exists(), "nothing is written");
    message
}

const HEAD: &str = "workload,axis,metric,unit,size,round,value\n";

#[test]
fn a_missing_column_is_named() {
    let message = refused("workload,axis,metric,unit,size,value\nx,tokens,wall_time,s,1,1\n");
    assert!(message.contains("costs.csv:1: the column `round` is missing"), "{message}");
}

#[test]
fn a_value_that_is_no_cost_is_named_with_its_line() {
    for (value, cause) in
        [("NaN", "a value of NaN"), ("-1", "a value of -1"), ("inf", "a value of inf"), ("x", "value: ")]
    {
        let message = refused(&format!("{HEAD}x,tokens,wall_time,s,16,0,1\nx,tokens,wall_time,s,32,0,{value}\n"));
        assert!(message.contains("costs.csv:3") && message.contains(cause), "{message}");
    }
}

#[test]
fn a_second_row_for_a_size_and_round_is_named_with_its_line() {
    let message = refused(&format!("{HEAD}x,tokens,wall_time,s,16,0,1\nx,tokens,wall_time,s,16,0,1\n"));
    assert!(message.contains("costs.csv:3: size 16 and round 0 have a row already"), "{message}");
}

#[test]
fn another_unit_is_named_with_its_line() {
    let message = refused(&format!("{HEAD}x,tokens,wall_time,s,16,0,1\nx,tokens,wall_time,ms,32,0,1\n"));
    assert!(message.contains("costs.csv:3: unit `ms`, but wall_time is in `s`"), "{message}");
}

#[test]
fn an_empty_file_is_refused() {
    assert!(refused(HEAD).contains("the run is empty"));
    assert!(refused("").contains("the column `workload` is missing"));
}
