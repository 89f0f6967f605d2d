//! `scalegate import csv` takes nothing on trust.

use std::path::Path;

use insta::assert_snapshot;
use scalegate::analysis::{self, Expected};
use scalegate::baseline::Store;
use scalegate::config::Config;
use scalegate::gate::Verdict;

use crate::support::{HEAD, Place, TOKENS, line, list, rows, stderr, stdout};

fn refused(csv: &str) -> String {
    let place = Place::new();
    place.write("costs.csv", csv);
    place.refused("import csv costs.csv")
}

/// What is said of rows that follow a valid one.
fn refused_rows<'a>(rows: impl IntoIterator<Item = &'a str>) -> String {
    list(rows.into_iter().map(|row| (row, refused(&format!("{HEAD}x,tokens,wall_time,s,16,0,1\n{row}\n")))))
}

#[test]
fn a_missing_column_is_named() {
    assert_snapshot!(refused("workload,axis,metric,unit,size,value\nx,tokens,wall_time,s,1,1\n"), @"
    error: costs.csv:1: the column `round` is missing
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
}

#[test]
fn a_value_that_is_no_cost_is_named_with_its_line() {
    assert_snapshot!(
        refused_rows([
            "x,tokens,wall_time,s,32,0,NaN",
            "x,tokens,wall_time,s,32,0,-1",
            "x,tokens,wall_time,s,32,0,inf",
            "x,tokens,wall_time,s,32,0,x",
            "x,tokens,wall_time,s,32,0,",
            "x,tokens,wall_time,s,32,0,1e999",
        ]),
        @"
        x,tokens,wall_time,s,32,0,NaN
        error: costs.csv:3: a value of NaN; costs are finite and not negative
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,0,-1
        error: costs.csv:3: a value of -1; costs are finite and not negative
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,0,inf
        error: costs.csv:3: a value of inf; costs are finite and not negative
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,0,x
        error: costs.csv:3: value: invalid float literal
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,0,
        error: costs.csv:3: value: cannot parse float from empty string
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,0,1e999
        error: costs.csv:3: a value of inf; costs are finite and not negative
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md
        "
    );
}

#[test]
fn a_second_row_for_a_size_and_round_is_named_with_its_line() {
    assert_snapshot!(refused_rows(["x,tokens,wall_time,s,16,0,1"]), @"
    x,tokens,wall_time,s,16,0,1
    error: costs.csv:3: size 16 and round 0 have a row already
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
}

#[test]
fn another_unit_is_named_with_its_line() {
    assert_snapshot!(refused_rows(["x,tokens,wall_time,ms,32,0,1"]), @"
    x,tokens,wall_time,ms,32,0,1
    error: costs.csv:3: unit `ms`, but wall_time is in `s`
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
}

#[test]
fn an_empty_file_is_refused() {
    assert_snapshot!(refused(HEAD), @"
    error: costs.csv: the run is empty
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
    assert_snapshot!(refused(""), @"
    error: costs.csv:1: the column `workload` is missing
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
}

#[test]
fn a_row_that_is_none_is_named_with_its_line() {
    assert_snapshot!(
        refused_rows([
            "x,tokens,wall_time,s,32,0",
            "x,tokens,wall_time,s,32,0,1,1",
            ",tokens,wall_time,s,32,0,1",
            "x,pixels,wall_time,s,32,0,1",
            "x,,wall_time,s,32,0,1",
            "x,tokens (),wall_time,s,32,0,1",
            "x,tokens,wall_clock,s,32,0,1",
            "x,tokens,wall_time,s,0,0,1",
            "x,tokens,wall_time,s,32.5,0,1",
            "x,tokens,wall_time,s,-32,0,1",
            "x,tokens,wall_time,s,32,-1,1",
        ]),
        @"
        x,tokens,wall_time,s,32,0
        error: costs.csv:3: CSV error: record 2 (line: 3, byte: 71): found record with 6 fields, but the previous record has 7 fields
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,0,1,1
        error: costs.csv:3: CSV error: record 2 (line: 3, byte: 71): found record with 8 fields, but the previous record has 7 fields
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        ,tokens,wall_time,s,32,0,1
        error: costs.csv:3: a row without a workload
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,pixels,wall_time,s,32,0,1
        error: costs.csv:3: axis pixels, but earlier rows of the workload have tokens
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,,wall_time,s,32,0,1
        error: costs.csv:3: an axis has an empty name
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens (),wall_time,s,32,0,1
        error: costs.csv:3: the unit of an axis has an empty name
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_clock,s,32,0,1
        error: costs.csv:3: unknown variant `wall_clock`, expected one of `wall_time`, `cpu_time`, `instructions`, `instructions_hw`, `heap_bytes`, `heap_blocks`, `d1_misses`, `ll_misses`, `branches`, `cpu_auc`, `rss_auc`, `peak_rss`, `energy`, `utilisation`, `mean_power`, `tokens_per_joule`, `perplexity`
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,0,0,1
        error: costs.csv:3: a size of zero
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32.5,0,1
        error: costs.csv:3: size: invalid digit found in string
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,-32,0,1
        error: costs.csv:3: size: invalid digit found in string
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md

        x,tokens,wall_time,s,32,-1,1
        error: costs.csv:3: round: invalid digit found in string
          help: write one row per workload, metric, size and round, with the columns of docs/formats.md
        "
    );
}

#[test]
fn a_column_that_is_unknown_or_there_twice_is_named() {
    assert_snapshot!(refused("workload,axis,metric,unit,size,round,value,host\n"), @"
    error: costs.csv:1: the column `host` is unknown or there twice
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
    assert_snapshot!(refused("workload,axis,metric,unit,size,round,value,value\n"), @"
    error: costs.csv:1: the column `value` is unknown or there twice
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
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
fn an_axis_of_any_name_comes_back() {
    let place = Place::new();
    let axes = ["tokens", "pixels", "bytes", "items", "file (B)"];
    let row = |axis: &str| format!("of {axis},{axis},wall_time,s,16,0,1\n");
    place.import(&axes.map(row).concat());
    let mut found: Vec<String> = place.record().series.iter().map(|series| series.axis.to_string()).collect();
    found.sort_unstable();
    assert_eq!(found, ["bytes", "file (B)", "items", "pixels", "tokens"]);
}

#[test]
fn an_imported_run_is_checked_for_what_it_has_and_what_its_class_requires() {
    let place = Place::new();
    place.write("scalegate.toml", "[gate]\nrequired = [\"wall_time\", \"instructions\"]\n");
    let costs = rows("engine/prefill", "tokens", &TOKENS, 8, line);
    place.import(&costs);
    place.scalegate("accept --reason first").success();
    place.scalegate("check").code(0);
    // A metric of which the record knows only that it could not be measured.
    let no_energy = r#""series":[{"workload":"engine/prefill","axis":"tokens","metric":"energy","unit":"J","unavailable":"no meter"},"#;
    place.edit(crate::support::RUN, "\"series\":[", no_energy);
    place.scalegate("check").code(0);
    place.write("scalegate.toml", "[gate.host.imported]\nrequired = [\"wall_time\", \"energy\"]\n");
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 5 quantities, 2 inconclusive, 3 within tolerance

    inconclusive  engine/prefill energy (shape)
      not compared: unavailable: no meter

    inconclusive  engine/prefill energy (cost)
      not compared: host class imported has no baseline of it; accept a run with `scalegate accept`

    pass  engine/prefill wall_time: class, growth, curvature share

    note: wall_time of engine/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of engine/prefill: +0.0 %, between -34.6 % and +52.8 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn what_is_measured_here_is_expected_of_an_import_whose_class_has_requirements() {
    let place = Place::new();
    place.import(&rows("engine/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    let expected = Expected { workloads: vec!["sort/stable".into()], is_complete: true, ..Expected::default() };
    let check = |settings: &str| {
        let gate = Config::parse(Path::new("scalegate.toml"), settings).unwrap().gate;
        analysis::check(&[place.record()], &Store::new(place.path("baselines")), &gate, &expected).unwrap()
    };
    assert_eq!(check("[gate]\nrequired = [\"wall_time\"]\n").verdict, Verdict::Pass);
    let check = check("[gate.host.imported]\nrequired = [\"wall_time\"]\n");
    assert_eq!(check.verdict, Verdict::Inconclusive);
    let missing: Vec<&str> =
        check.findings.iter().map(|finding| &*finding.workload).filter(|it| *it != "engine/prefill").collect();
    assert_eq!(missing, ["sort/stable"]);
}

#[test]
fn an_imported_run_is_of_the_class_that_is_named() {
    let place = Place::new();
    place.write("costs.csv", format!("{HEAD}engine/x,tokens,wall_time,s,1,0,1\n"));
    let import = |class: &str| place.command("import csv costs.csv").env("SCALEGATE_HOST_CLASS", class).assert();
    import("my-laptop").success();
    assert_eq!(place.record().provenance.host.class, "my-laptop");
    import("other").success();
    assert_eq!(place.record().provenance.host.class, "other");
    assert_snapshot!(stderr(&import("../up").code(2)), @"
    error: SCALEGATE_HOST_CLASS: `../up` is not a name of lower-case letters, digits and dashes
      help: set it to a name such as `macbook-m2`, or unset it
    ");
    assert_eq!(place.record().provenance.host.class, "other");
}
