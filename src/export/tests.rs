//! What each format holds of one small run, and that comma-separated values come back as they went.

use std::collections::BTreeMap;

use super::{bencher, benchmark_action, csv};
use crate::metric::Metric;
use crate::record::{Provenance, Run, Sample, Series};
use crate::suite::Axis;

fn series(metric: Metric, samples: &[(u64, u32, &[f64])]) -> Series {
    let samples: Vec<Sample> =
        samples.iter().map(|(size, round, values)| Sample { size: *size, round: *round, values: values.to_vec() }).collect();
    Series {
        workload: "llm/prefill, \"quoted\"".to_owned(),
        axis: Axis::Tokens,
        metric,
        unit: metric.unit().to_owned(),
        measured: None,
        protocol: BTreeMap::new(),
        conditions: BTreeMap::new(),
        unavailable: samples.is_empty().then(|| "no meter".to_owned()),
        samples,
    }
}

fn run() -> Run {
    let mut run = Run::new(Provenance::imported());
    run.series = vec![
        series(Metric::WallTime, &[
            (16, 0, &[0.00125, 0.0015, 0.00175]),
            (16, 1, &[0.1 + 0.2]),
            (1024, 0, &[1e-9]),
            (1024, 1, &[0.25, 0.5]),
        ]),
        series(Metric::Instructions, &[(16, 0, &[123_456_789.0])]),
        series(Metric::TokensPerJoule, &[(16, 0, &[7.0])]),
        series(Metric::Energy, &[]),
    ];
    run
}

fn text(bytes: crate::Result<Vec<u8>>) -> String {
    String::from_utf8(bytes.unwrap()).unwrap()
}

#[test]
fn bencher_has_a_benchmark_per_size_and_a_measure_per_metric() {
    insta::assert_snapshot!(text(bencher(&run())), @"");
}

#[test]
fn benchmark_action_has_what_is_better_when_smaller() {
    insta::assert_snapshot!(text(benchmark_action(&run())), @"");
}

#[test]
fn csv_has_a_row_per_size_and_round() {
    insta::assert_snapshot!(text(csv(&run())), @"");
}

#[test]
fn what_csv_exports_csv_imports() {
    let run = run();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), csv(&run).unwrap()).unwrap();
    let again = crate::import::csv(file.path()).unwrap();
    let costs = |run: &Run| {
        let measured = run.series.iter().filter(|series| !series.samples.is_empty());
        let mut all: Vec<_> = measured.map(|it| (it.workload.clone(), it.metric, it.axis, it.costs().collect::<Vec<_>>())).collect();
        all.sort_by_key(|(workload, metric, ..)| (workload.clone(), *metric));
        all
    };
    assert_eq!(costs(&again), costs(&run));
}

#[test]
fn a_run_without_samples_is_not_exported_as_an_empty_one() {
    let mut run = run();
    run.series.retain(|series| series.metric == Metric::Energy);
    for export in [bencher, benchmark_action, csv] {
        assert!(export(&run).unwrap_err().to_string().contains("no series of the run has samples"));
    }
}
