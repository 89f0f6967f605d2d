//! `scalegate import csv` takes nothing on trust.

use crate::support::{Place, TOKENS, line, rows, stderr, stdout};

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

#[test]
fn a_row_that_is_none_is_named_with_its_line() {
    for (row, cause) in [
        ("x,tokens,wall_time,s,32,0", "found record with 6 fields, but the previous record has 7"),
        ("x,tokens,wall_time,s,32,0,1,1", "found record with 8 fields, but the previous record has 7"),
        (",tokens,wall_time,s,32,0,1", "a row without a workload"),
        ("x,pixels,wall_time,s,32,0,1", "axis pixels, but earlier rows of the workload have tokens"),
        ("x,bytes,wall_time,s,32,0,1", "unknown variant `bytes`, expected `tokens` or `pixels`"),
        ("x,tokens,wall_clock,s,32,0,1", "unknown variant `wall_clock`"),
        ("x,tokens,wall_time,s,0,0,1", "a size of zero"),
        ("x,tokens,wall_time,s,32.5,0,1", "size: "),
        ("x,tokens,wall_time,s,-32,0,1", "size: "),
        ("x,tokens,wall_time,s,32,-1,1", "round: "),
        ("x,tokens,wall_time,s,32,0,", "value: "),
        ("x,tokens,wall_time,s,32,0,1e999", "a value of inf"),
    ] {
        let message = refused(&format!("{HEAD}x,tokens,wall_time,s,16,0,1\n{row}\n"));
        assert!(message.contains("costs.csv:3") && message.contains(cause), "{row}: {message}");
    }
}

#[test]
fn a_column_that_is_unknown_or_there_twice_is_named() {
    let message = refused("workload,axis,metric,unit,size,round,value,host\n");
    assert!(message.contains("costs.csv:1: the column `host` is unknown or there twice"), "{message}");
    let message = refused("workload,axis,metric,unit,size,round,value,value\n");
    assert!(message.contains("costs.csv:1: the column `value` is unknown or there twice"), "{message}");
}

#[test]
fn the_order_of_columns_and_rows_does_not_matter() {
    let place = Place::new();
    place.write("costs.csv", format!("{HEAD}x,tokens,wall_time,s,16,0,0.25\nx,tokens,wall_time,s,32,1,0.5\n"));
    place.scalegate("import csv costs.csv --out first.json").success();
    let head = "value,round,size,unit,metric,axis,workload";
    place.write(
        "costs.csv",
        format!("\u{feff}{head}\r\n0.5,1,32,s,wall_time,tokens,x\r\n0.25,0,16,s,wall_time,tokens,x\r\n"),
    );
    place.scalegate("import csv costs.csv --out second.json").success();
    let samples = |name: &str| {
        let run: scalegate::record::Run = scalegate::record::read_json(&place.path(name)).unwrap();
        let mut points: Vec<_> = run.series[0].costs().collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    assert_eq!(samples("first.json"), [(16.0, 0, 0.25), (32.0, 1, 0.5)]);
    assert_eq!(samples("second.json"), samples("first.json"));
}

#[test]
fn an_imported_run_beside_a_suite_is_checked_for_what_it_has() {
    let place = Place::with_suite("");
    place.import(&rows("engine/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    place.scalegate("check").code(0);
    let class = "[gate.host.imported]\nrequired = [\"wall_time\"]\n";
    place.write("suite.toml", format!("{}\n{class}", crate::support::bench::SUITE));
    let text = stdout(&place.scalegate("check").code(3));
    assert!(text.contains("llm/prefill") && text.contains("it was not measured"), "{text}");
}

#[test]
fn an_imported_run_is_of_the_class_that_is_named() {
    let place = Place::new();
    place.write("costs.csv", "workload,axis,metric,unit,size,round,value\nengine/x,tokens,wall_time,s,1,0,1\n");
    let import = |class: &str| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_scalegate"));
        command
            .current_dir(place.path(""))
            .env("SCALEGATE_HOST_CLASS", class)
            .args(["import", "csv", "costs.csv"])
            .assert()
    };
    import("my-laptop").success();
    assert_eq!(place.record().provenance.host.class, "my-laptop");
    import("other").success();
    assert_eq!(place.record().provenance.host.class, "other");
    assert!(stderr(&import("../up").code(2)).contains("is not a name of lower-case letters"));
}
