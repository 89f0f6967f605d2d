//! `scalegate import` of files that are not what they are said to be: place, cause, remedy, and no waiting.

use std::time::Duration;

use insta::assert_snapshot;

use crate::support::{HEAD, Place, RUN, list, stderr, without_columns};

/// Formats and a value for `--axis`, where they take one.
const FORMATS: [(&str, &str); 8] = [
    ("csv", ""),
    ("criterion", "--axis items"),
    ("divan", "--axis items"),
    ("go-bench", "--axis items"),
    ("google-benchmark", "--axis items"),
    ("hyperfine", "--axis items"),
    ("llama-bench", ""),
    ("pytest-benchmark", "--axis items"),
];

/// No test waits longer for a command that ought not to wait at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// What each format says of a file, without the remedy.
fn refused_by_each(content: &[u8]) -> String {
    let place = Place::new();
    place.write("file", content);
    list(FORMATS.map(|(format, options)| {
        let message = place.refused(&format!("import {format} file {options}"));
        let (cause, remedy) = message.split_once("\n  help: ").unwrap();
        assert!(!remedy.trim().is_empty());
        (format, without_columns(cause))
    }))
}

#[test]
fn a_page_instead_of_a_file_is_refused() {
    assert_snapshot!(refused_by_each(b"<!DOCTYPE html>\n<html><body>Not found</body></html>\n"), @"
    csv
    error: file:1: the column [column]`workload` is missing
    criterion
    error: file:1: expected value at line 1 column [column]
    divan
    error: file: there is no result of a benchmark in it
    go-bench
    error: file: there is no result of a benchmark in it
    google-benchmark
    error: file: expected value at line 1 column [column]
    hyperfine
    error: file: expected value at line 1 column [column]
    llama-bench
    error: file: expected value at line 1 column [column]
    pytest-benchmark
    error: file: expected value at line 1 column [column]
    ");
}

#[test]
fn what_is_no_text_or_nothing_at_all_is_refused() {
    assert_snapshot!(list([("bytes", refused_by_each(&[0xff, 0xfe, 0x00])), ("nothing", refused_by_each(b""))]), @"
    bytes
    csv
    error: file: it is not UTF-8 text
    criterion
    error: file: it is not UTF-8 text
    divan
    error: file: it is not UTF-8 text
    go-bench
    error: file: it is not UTF-8 text
    google-benchmark
    error: file: it is not UTF-8 text
    hyperfine
    error: file: it is not UTF-8 text
    llama-bench
    error: file: it is not UTF-8 text
    pytest-benchmark
    error: file: it is not UTF-8 text

    nothing
    csv
    error: file:1: the column [column]`workload` is missing
    criterion
    error: file: there is no result of a benchmark in it
    divan
    error: file: there is no result of a benchmark in it
    go-bench
    error: file: there is no result of a benchmark in it
    google-benchmark
    error: file: EOF while parsing a value at line 1 column [column]
    hyperfine
    error: file: EOF while parsing a value at line 1 column [column]
    llama-bench
    error: file: EOF while parsing a value at line 1 column [column]
    pytest-benchmark
    error: file: EOF while parsing a value at line 1 column [column]
    ");
}

#[test]
fn json_without_end_of_depth_is_refused() {
    let deep = "[".repeat(1_000_000);
    let place = Place::new();
    for (format, options) in FORMATS.into_iter().filter(|(format, _)| !["csv", "divan", "go-bench"].contains(format)) {
        for text in [deep.clone(), format!("{{\"reason\":\"benchmark-complete\",\"results\":{deep}")] {
            place.write("file", text);
            let message = place.refused(&format!("import {format} file {options}"));
            assert!(message.starts_with("error: file:"), "{format}: {message}");
        }
    }
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let place = Place::new();
    // Nothing is written: the file is one hole.
    std::fs::File::create(place.path("file")).unwrap().set_len(65 << 20).unwrap();
    for (format, options) in FORMATS {
        let message =
            stderr(&place.command(&format!("import {format} file {options}")).timeout(PATIENCE).assert().code(2));
        assert!(message.starts_with("error: file: it has more than 67108864 bytes\n  help: "), "{format}: {message}");
    }
}

#[test]
fn columns_between_semicolons_are_named() {
    let place = Place::new();
    place.write("costs.csv", HEAD.replace(',', ";") + "x;tokens;wall_time;s;16;0;0,5\n");
    assert_snapshot!(place.refused("import csv costs.csv"), @"
    error: costs.csv:1: its columns are separated by `;`, and not by `,`
      help: write one row per workload, metric, size and round, with the columns of docs/formats.md
    ");
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
    let place = Place::new();
    assert!(std::process::Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let said = FORMATS.map(|(format, options)| {
        let mut command = place.command(&format!("import {format} pipe {options}"));
        (format, stderr(&command.timeout(PATIENCE).assert().code(2)))
    });
    let (_, message) = &said[0];
    assert_snapshot!(message, @"
    error: pipe: it is no file
      help: name the file that the tool wrote, or `-` for standard input; up to 64 MiB of UTF-8 text are read
    ");
    assert!(said.iter().all(|(_, other)| other == message), "{said:?}");
}

#[test]
fn what_is_not_there_or_a_directory_is_refused() {
    let place = Place::new();
    std::fs::create_dir(place.path("directory")).unwrap();
    assert_snapshot!(
        list(["absent", "directory"].map(|name| (name, place.refused(&format!("import hyperfine {name} --axis items"))))),
        @"
        absent
        error: absent: No such file or directory (os error 2)
          help: name the file that the tool wrote, or `-` for standard input; up to 64 MiB of UTF-8 text are read

        directory
        error: directory: it is no file
          help: name the file that the tool wrote, or `-` for standard input; up to 64 MiB of UTF-8 text are read
        "
    );
    assert_snapshot!(place.refused("import criterion directory --axis items"), @"
    error: directory: there is no result of a benchmark in it
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts
    ");
}

#[test]
fn a_dash_is_standard_input() {
    let place = Place::new();
    let text = crate::support::fixture("tools/go_bench.txt");
    place.command("import go-bench - --axis items").write_stdin(text.clone()).assert().success();
    assert_eq!(place.record().series[0].workload, "sort/Sort");
    let broken = text.replacen("18418 ns/op", "fast ns/op", 1);
    let before = place.read(RUN);
    let said = place.command("import go-bench - --axis items").write_stdin(broken).assert().code(2);
    assert_snapshot!(stderr(&said), @r#"
    error: standard input:5: invalid float literal: `fast`
      help: write the file with go test -bench NAME > FILE, with a NAME whose benchmarks all have a size; give it its size with b.Run("items=256", …), one -cpu at a time, and say with --axis what the size counts
    "#);
    assert_eq!(place.read(RUN), before, "the earlier record is kept");
}

#[test]
fn a_benchmark_that_failed_or_was_skipped_is_no_cost() {
    let place = Place::new();
    let go = "BenchmarkSort/n=256-2 10 500 ns/op\n--- FAIL: BenchmarkSort/n=512-2\n";
    let skipped = r#"{"benchmarks":[{"name":"P/4","run_type":"iteration","skipped":true,"skip_message":"no AVX","real_time":0,"time_unit":"ns"}]}"#;
    let cases = [("go-bench", go), ("google-benchmark", skipped)];
    assert_snapshot!(
        list(cases.map(|(format, text)| {
            place.write("file", text);
            (format, place.refused(&format!("import {format} file --axis items")))
        })),
        @r#"
        go-bench
        error: file:2: a benchmark failed: `--- FAIL: BenchmarkSort/n=512-2`
          help: write the file with go test -bench NAME > FILE, with a NAME whose benchmarks all have a size; give it its size with b.Run("items=256", …), one -cpu at a time, and say with --axis what the size counts

        google-benchmark
        error: file: benchmarks[0], P/4: it was skipped: no AVX
          help: run the benchmark with --benchmark_format=json, and with --benchmark_filter if not all have a size; give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or name several arguments with ArgNames, one of them as the axis
        "#
    );
}

#[test]
fn two_benchmarks_of_one_workload_and_size_are_no_repetitions() {
    let place = Place::new();
    let message = |id: &str| {
        format!(
            r#"{{"reason":"benchmark-complete","id":"{id}","iteration_count":[1],"measured_values":[1],"unit":"ns","throughput":[{{"per_iteration":64,"unit":"elements"}}]}}"#
        )
    };
    place.write("file", message("sort/1") + "\n" + &message("sort/2"));
    assert_snapshot!(place.refused("import criterion file --axis items"), @"
    error: file:2: sort/2: it has the size of sort/1, which is 64 items
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts
    ");
    let go = "pkg: a/sort\nBenchmarkSort/n=256-2 10 500 ns/op\npkg: b/sort\nBenchmarkSort/n=512-2 10 500 ns/op\n";
    place.write("file", go);
    assert_snapshot!(place.refused("import go-bench file --axis items"), @r#"
    error: file:4: Sort/n=512: package is b/sort, but a/sort for other sizes of sort/Sort
      help: write the file with go test -bench NAME > FILE, with a NAME whose benchmarks all have a size; give it its size with b.Run("items=256", …), one -cpu at a time, and say with --axis what the size counts
    "#);
}
