//! What each format holds of one small run, and that comma-separated values come back as they went.

use super::{bencher, benchmark_action, csv};
use crate::Axis;
use crate::metric::Metric;
use crate::record::{Provenance, Run, Sample, Series};

fn series(metric: Metric, samples: &[(u64, u32, &[f64])]) -> Series {
    let samples: Vec<Sample> = samples
        .iter()
        .map(|(size, round, values)| Sample { size: *size, round: *round, values: values.to_vec() })
        .collect();
    Series {
        unavailable: samples.is_empty().then(|| "no meter".to_owned()),
        samples,
        ..Series::new("llm/prefill, \"quoted\"", Axis::TOKENS, metric)
    }
}

fn run() -> Run {
    let mut run = Run::new(Provenance::imported());
    run.series = vec![
        series(
            Metric::WallTime,
            &[(16, 0, &[0.00125, 0.0015, 0.00175]), (16, 1, &[0.1 + 0.2]), (1024, 0, &[1e-9]), (1024, 1, &[0.25, 0.5])],
        ),
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
    insta::assert_snapshot!(text(bencher(&run())), @r##"
    {
      "llm/prefill, \"quoted\" 1024 tokens": {
        "wall-time": {
          "lower_value": 1e-9,
          "upper_value": 0.375,
          "value": 0.1875000005
        }
      },
      "llm/prefill, \"quoted\" 16 tokens": {
        "instructions": {
          "lower_value": 123456789.0,
          "upper_value": 123456789.0,
          "value": 123456789.0
        },
        "tokens-per-joule": {
          "lower_value": 7.0,
          "upper_value": 7.0,
          "value": 7.0
        },
        "wall-time": {
          "lower_value": 0.0015,
          "upper_value": 0.30000000000000004,
          "value": 0.15075000000000002
        }
      }
    }
    "##);
}

#[test]
fn benchmark_action_has_what_is_better_when_smaller() {
    insta::assert_snapshot!(text(benchmark_action(&run())), @r##"
    [
      {
        "name": "llm/prefill, \"quoted\" wall_time at 16 tokens",
        "unit": "s",
        "value": 0.15075000000000002,
        "range": "± 0.14925000000000002",
        "extra": "median over rounds (n = 2) on imported"
      },
      {
        "name": "llm/prefill, \"quoted\" wall_time at 1024 tokens",
        "unit": "s",
        "value": 0.1875000005,
        "range": "± 0.1874999995",
        "extra": "median over rounds (n = 2) on imported"
      },
      {
        "name": "llm/prefill, \"quoted\" instructions at 16 tokens",
        "unit": "instructions",
        "value": 123456789.0,
        "range": "± 0",
        "extra": "median over rounds (n = 1) on imported"
      }
    ]
    "##);
}

#[test]
fn csv_has_a_row_per_size_and_round() {
    insta::assert_snapshot!(text(csv(&run())), @r##"
    workload,axis,metric,unit,size,round,value
    "llm/prefill, ""quoted""",tokens,wall_time,s,16,0,0.0015
    "llm/prefill, ""quoted""",tokens,wall_time,s,16,1,0.30000000000000004
    "llm/prefill, ""quoted""",tokens,wall_time,s,1024,0,0.000000001
    "llm/prefill, ""quoted""",tokens,wall_time,s,1024,1,0.375
    "llm/prefill, ""quoted""",tokens,instructions,instructions,16,0,123456789
    "llm/prefill, ""quoted""",tokens,tokens_per_joule,tokens/J,16,0,7
    "##);
}

#[test]
fn what_csv_exports_csv_imports() {
    let run = run();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), csv(&run).unwrap()).unwrap();
    let again = crate::import::csv(file.path()).unwrap().run;
    let costs = |run: &Run| {
        let measured = run.series.iter().filter(|series| !series.samples.is_empty());
        let mut all: Vec<_> = measured
            .map(|it| (it.workload.clone(), it.metric, it.axis.clone(), it.costs().collect::<Vec<_>>()))
            .collect();
        all.sort_by_key(|(workload, metric, ..)| (workload.clone(), *metric));
        all
    };
    assert_eq!(costs(&again), costs(&run));
}

#[test]
fn a_run_without_samples_is_not_exported_as_an_empty_one() {
    let mut run = run();
    run.series.retain(|series| series.metric == Metric::Energy);
    let said = [bencher, benchmark_action, csv].map(|export| export(&run).unwrap_err().to_string());
    insta::assert_snapshot!(said.join("\n"), @"
    export: no series of the run has samples that this format can hold
      help: measure with `cargo bench`, or name another record
    export: no series of the run has samples that this format can hold
      help: measure with `cargo bench`, or name another record
    export: no series of the run has samples that this format can hold
      help: measure with `cargo bench`, or name another record
    ");
}
