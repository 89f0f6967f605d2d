//! Measuring the workloads of one target in rounds.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::ops::Range;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::request;
use crate::measure::disturbance::{Sensors, Surroundings, throttling};
use crate::measure::placement::Placement;
use crate::measure::{self, RoundPlan};
use crate::metric::Metric;
use crate::record::{Sample, Series};
use crate::suite::Suite;
use crate::workload::Workload;
use crate::{Error, Result, paths, time};

/// Measures the rounds of these numbers; no series for what Criterion's filter leaves out.
pub(super) fn measure_part(
    suite: &Suite,
    workloads: &[Box<dyn Workload>],
    numbers: Range<u32>,
    mut arguments: Vec<String>,
    allocator: &str,
) -> Result<Vec<Series>> {
    measure::watch_for_ctrl_c();
    let scratch = scratch_directory()?;
    arguments.extend(["--noplot".to_owned(), "--quiet".to_owned()]);
    let bar = progress_bar(numbers.end);
    let plan = RoundPlan { rounds: numbers.clone(), scratch: scratch.path().to_path_buf(), arguments };
    let sensors = Sensors::here();
    let (before, start) = (sensors.read(), Instant::now());
    let rounds = measure::run_rounds(&plan, |round, line| {
        bar.set_position(u64::from(round));
        bar.set_message(line.split_whitespace().next().unwrap_or_default().to_owned());
    })?;
    bar.finish_and_clear();
    let duration_s = start.elapsed().as_secs_f64();
    // What others used can't be told from the rounds' own use; the rounds show it as their spread.
    let surroundings = Surroundings { before, after: sensors.read(), duration_s, own_cpu_s: 0.0 };
    let throttled = throttling(&surroundings).err();
    if let Some(cause) = &throttled {
        eprintln!("wall_time: nothing is kept: {cause}");
    }
    Ok(workloads
        .iter()
        .map(|workload| {
            let mut series = empty_series(workload.as_ref(), suite, allocator);
            for (round, samples) in numbers.clone().zip(&rounds) {
                let own = samples.iter().filter(|sample| sample.workload == series.workload);
                series.samples.extend(own.map(|own| Sample { size: own.size, round, values: own.seconds.clone() }));
            }
            series
        })
        .filter(|series| !series.samples.is_empty())
        .map(|series| unless_throttled(series, throttled.as_deref()))
        .collect())
}

/// A host that was throttled has times, and none that mean anything.
fn unless_throttled(series: Series, throttled: Option<&str>) -> Series {
    match throttled {
        None => series,
        Some(cause) => {
            Series { samples: Vec::new(), unavailable: Some(format!("while it was measured, {cause}")), ..series }
        }
    }
}

fn scratch_directory() -> Result<tempfile::TempDir> {
    let target = paths::target();
    std::fs::create_dir_all(&target)
        .and_then(|()| tempfile::tempdir_in(&target))
        .map_err(|error| Error::new(target.display(), error, "make the directory writable; it takes the run's files"))
}

pub(super) fn progress_bar(rounds: u32) -> ProgressBar {
    if !std::io::stderr().is_terminal() || request::is_driven() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} round {human_pos}/{human_len} {wide_msg} {elapsed}");
    let bar = ProgressBar::new(u64::from(rounds));
    // The template is a constant that a test renders; a fault in it costs the style and not the run.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The series of a workload before its first round; it is not looked at before it is complete.
pub(super) fn empty_series(workload: &dyn Workload, suite: &Suite, allocator: &str) -> Series {
    let mut protocol = workload.protocol();
    protocol.insert("allocator".to_owned(), allocator.to_owned());
    protocol.extend(Placement::here().map(|placement| ("cores".to_owned(), placement.to_string())));
    protocol.insert("warm_up_ms".to_owned(), suite.measure.warm_up_ms.to_string());
    protocol.insert("measurement_ms".to_owned(), suite.measure.measurement_ms.to_string());
    protocol.insert("samples".to_owned(), suite.measure.samples.to_string());
    Series {
        workload: workload.name().to_owned(),
        axis: workload.axis(),
        metric: Metric::WallTime,
        unit: Metric::WallTime.unit().to_owned(),
        measured: Some(time::now()),
        protocol,
        conditions: BTreeMap::new(),
        looks: Vec::new(),
        samples: Vec::new(),
        unavailable: None,
    }
}
