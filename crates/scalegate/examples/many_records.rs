//! Writes records as many runners would send them, to see how well they join. Their costs are made up.
//!
//!     cargo run --release -p scalegate --example many_records -- DIRECTORY [RECORDS] [WORKLOADS]

use std::path::PathBuf;
use std::process::ExitCode;

use scalegate::Axis;
use scalegate::metric::Metric;
use scalegate::record::{self, Provenance, Run, Sample, Series};

const SIZES: [u64; 8] = [16, 32, 64, 128, 192, 256, 512, 1024];
const ROUNDS: u32 = 5;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: many_records DIRECTORY [RECORDS] [WORKLOADS]");
        return ExitCode::from(2);
    };
    let mut number = |default| arguments.next().map_or(Some(default), |text| text.parse().ok());
    let (Some(records), Some(workloads)) = (number(1000), number(100)) else {
        eprintln!("RECORDS and WORKLOADS are numbers");
        return ExitCode::from(2);
    };
    for shard in 0..records {
        let path = directory.join(format!("shard-{shard:04}.json"));
        if let Err(error) = record::write_json(&path, &shard_record(shard, workloads)) {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn shard_record(shard: u32, workloads: u32) -> Run {
    let series = (0..workloads).map(|index| Series {
        protocol: [("made-up".to_owned(), "yes".to_owned())].into(),
        samples: (0..ROUNDS).flat_map(|round| SIZES.map(|size| sample(shard, index, round, size))).collect(),
        ..Series::new(format!("shard-{shard}/workload-{index}"), Axis::TOKENS, Metric::WallTime)
    });
    Run { series: series.collect(), ..Run::new(Provenance::imported()) }
}

/// With as many digits as a measured time has.
fn sample(shard: u32, index: u32, round: u32, size: u64) -> Sample {
    let wobble = 1.0 + 0.01 * f64::from(shard + 31 * index + 7 * round).sin();
    Sample { size, round, values: vec![(1e-3 + 1.5e-6 * size as f64) * wobble] }
}
