//! `scalegate accept`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{BaselinePath, check};
use crate::analysis::{self, Expected, Unfitted};
use crate::gate::{Outcome, Scope};
use crate::metric::{Kind, Metric};
use crate::record::{self, Run, Series};
use crate::{Error, Result, paths, report};

/// Make runs the baseline of their host class, their shapes the portable ones, and their counts those of their key
///
/// Several runs of one program on one host show what changes between runs, so that later checks of absolute costs see finer: name
/// all of them, since a baseline replaces the one before. Shapes and counts are those of the first.
/// Shapes are the same on every host. They are replaced if there are none yet, if this host class recorded them, or if
/// the run's shapes differ from them.
/// What changes from the baselines before is printed, and so is what of the run would not pass a check against itself.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Records of runs [default: target/scalegate/run.json]
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    baseline: BaselinePath,
    /// Metrics to accept; all that gate by default
    #[arg(long = "metric", value_name = "METRIC")]
    metrics: Vec<Metric>,
    /// Why the costs of these runs are right; kept with the baseline
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.reason.trim().is_empty() {
        return Err(Error::new("--reason", "the reason is empty", "say why the new costs are right"));
    }
    let default = [paths::run()];
    let names = if arguments.runs.is_empty() { &default[..] } else { &arguments.runs[..] };
    let settings = check::settings()?;
    let is_wanted = |metric: Metric| match &arguments.metrics[..] {
        [] => settings.gates(metric),
        chosen => chosen.contains(&metric),
    };
    let mut runs = names.iter().map(|path| acceptable(path, is_wanted)).collect::<Result<Vec<Run>>>()?;
    let run = runs.remove(0);
    for (index, other) in runs.iter().enumerate() {
        check_same_program((&names[0], &run), (&names[index + 1], other))?;
        let twins = std::iter::once(&run).chain(&runs[..index]).zip(names);
        for (earlier, name) in twins {
            check_another_measurement((name, earlier), (&names[index + 1], other))?;
        }
    }
    let store = arguments.baseline.store_to_be();
    let portable = store.portable()?;
    let check = analysis::check(std::slice::from_ref(&run), &store, &settings, &Expected::default())?;
    eprint!("{}", report::accepted_changes(&check));
    let is_portable = |series: &Series| {
        let recorded = portable.iter().find(|baseline| baseline.series().key() == series.key());
        let by_this_class =
            recorded.is_none_or(|baseline| baseline.run.provenance.host.class == run.provenance.host.class);
        let mut shapes =
            check.findings.iter().filter(|finding| finding.scope == Scope::Shape && finding.key() == series.key());
        let differs = shapes.any(|finding| matches!(finding.outcome, Outcome::Regressed | Outcome::Improved));
        if let (false, Some(kept)) = (by_this_class || differs, recorded) {
            eprintln!(
                "kept the portable baseline of {} {}, which {} recorded: this run's shape is not shown to differ from it; \
                 delete the file to have it replaced",
                series.workload, series.metric, kept.run.provenance.host.class
            );
        }
        by_this_class || differs
    };
    let accepted = store.accept(&run, &runs, arguments.reason.trim(), is_portable)?;
    for (file, runs) in &accepted.files {
        eprintln!("accepted {}{}", file.display(), if *runs > 1 { format!(" ({runs} runs)") } else { String::new() });
    }
    for (file, before) in &accepted.fewer {
        eprintln!("note: {} had {before} runs, and they are replaced; name all that it should have", file.display());
    }
    let itself = analysis::check(std::slice::from_ref(&run), &store, &settings, &Expected::default())?;
    eprint!("{}", report::against_itself(&itself, &run));
    eprintln!("commit the files, with the reason in the message");
    Ok(ExitCode::SUCCESS)
}

/// A record with the metrics that are accepted.
fn acceptable(path: &Path, is_wanted: impl Fn(Metric) -> bool) -> Result<Run> {
    let mut run: Run = record::read_json(path)?;
    run.series.retain(|series| is_wanted(series.metric));
    let mut fewer: BTreeMap<(u32, u32), BTreeSet<&str>> = BTreeMap::new();
    for series in run.series.iter().filter(|series| series.unavailable.is_none()) {
        if let Err(Unfitted::Fault(reason)) = analysis::fit_series(series) {
            eprintln!(
                "note: {} {} has no law, and checks against it stay inconclusive: {reason}",
                series.workload, series.metric
            );
        }
        let (taken, most) = (series.n_rounds(), series.max_rounds());
        if series.looks.first().is_some_and(|first| taken < *first) {
            return Err(Error::new(
                path.display(),
                format!(
                    "{} has {taken} of {most} rounds: it was interrupted before its first verdict",
                    series.workload
                ),
                "resume it with `scalegate run --resume`, or measure anew with `cargo bench`",
            ));
        }
        if taken < most {
            fewer.entry((taken, most)).or_default().insert(&*series.workload);
        }
    }
    for ((taken, most), workloads) in fewer {
        eprintln!(
            "note: {} of {}: {taken} of {most} rounds, as many as the verdict took; `cargo bench -- --all-rounds` takes all for a baseline",
            path.display(),
            workloads.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    Ok(run)
}

/// Fails unless two runs are of one program on one host, and have the same series of costs in the same settings.
fn check_same_program((name, first): (&Path, &Run), (other_name, other): (&Path, &Run)) -> Result<()> {
    let fail = |cause: String| {
        let place = format!("{} and {}", name.display(), other_name.display());
        Error::new(
            place,
            cause,
            "accept runs of one program, one host and the same settings together, others by themselves",
        )
    };
    let differences = first.provenance.other_program(&other.provenance);
    if !differences.is_empty() {
        return Err(fail(report::listed(&differences)));
    }
    let is_kept = |series: &&Series| {
        matches!(series.metric.kind(), Kind::Cost | Kind::Informative)
            && series.metric.is_gated()
            && series.unavailable.is_none()
    };
    let keys = |run: &Run| run.series.iter().filter(is_kept).map(Series::key).collect::<BTreeSet<_>>();
    if let Some(key) = keys(first).symmetric_difference(&keys(other)).next() {
        return Err(fail(format!("one of them has no {key}")));
    }
    for series in first.series.iter().filter(is_kept) {
        let Some(twin) = other.series(&series.workload, series.metric) else { continue };
        let fields = analysis::series_differences(series, twin);
        if !fields.is_empty() {
            return Err(fail(format!("{}: {}", series.key(), report::listed(&fields))));
        }
    }
    Ok(())
}

/// Fails if a record is there twice: as another run it would show that runs don't differ at all. What is counted or computed
/// repeats.
fn check_another_measurement((name, first): (&Path, &Run), (other_name, other): (&Path, &Run)) -> Result<()> {
    let is_copy = |series: &&Series| {
        let twin = other.series(&series.workload, series.metric);
        series.metric.kind() == Kind::Cost && twin.is_some_and(|twin| twin.samples == series.samples)
    };
    match first.series.iter().find(|series| !series.samples.is_empty() && is_copy(series)) {
        None => Ok(()),
        Some(series) => Err(Error::new(
            other_name.display(),
            format!("its samples of {} are those of {}", series.key(), name.display()),
            "name each run once, and measure anew for a further one",
        )),
    }
}
