//! `scalegate predict`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{ArgGroup, Args};

use super::{Format, RunPath};
use crate::analysis::{self, Unfitted};
use crate::law::PredictError;
use crate::metric::Metric;
use crate::output::print;
use crate::record::{self, Run, Series};
use crate::report::{self, Asked, Predicted};
use crate::{Error, Result, units};

/// The exit code where no size fits.
const NONE_FITS: u8 = 1;

/// The exit code without a law.
const NO_LAW: u8 = 3;

/// Say what a size would cost, or which sizes fit a limit, by the law of a workload
///
/// Exits with 0 for an answer, 1 if not even the smallest measured size is within the limit, 2 for wrong usage, unreadable input or a
/// size that no law is trusted at, 3 if there is no law.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("question").required(true))]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunPath,
    /// Workload, as `llm/prefill` [default: that of the record, if it has one alone]
    #[arg(long, value_name = "NAME")]
    workload: Option<String>,
    /// What it costs [default: wall time, or what the record has of the workload if that is one metric]
    #[arg(long, value_name = "METRIC")]
    metric: Option<Metric>,
    /// The cost at this size, on the axis of the workload, such as `4096` or `0.5 MP`
    #[arg(long, value_name = "SIZE", group = "question")]
    at: Option<String>,
    /// The largest size that costs no more than this, such as `500 ms`
    #[arg(long, value_name = "COST", group = "question")]
    within: Option<String>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let run: Run = record::read_json(&arguments.run.run)?;
    let series = chosen(arguments, &run)?;
    let place = || format!("{}: {}", arguments.run.run.display(), series.key());
    let predictor = match analysis::predictor(series) {
        Ok(predictor) => predictor,
        Err(Unfitted::Fault(cause)) => return Ok(no_law(&place(), &cause)),
        Err(Unfitted::Value(_)) => return Ok(no_law(&place(), "it is a number without a size")),
    };
    let (smallest, farthest) = predictor.range();
    let sizes = |size| units::size(size, &series.axis);
    let remedy = format!("ask for a size from {} to {}, or measure larger ones", sizes(smallest), sizes(farthest));
    let refused = |error: PredictError| match error {
        PredictError::NoLaw(error) => Error::new(place(), error, "measure more sizes and rounds"),
        other => Error::new(format!("--at: {}", place()), other, &remedy),
    };
    let asked = if let Some(text) = &arguments.at {
        let size =
            series.axis.parse_size(text).map_err(|cause| Error::new(format!("--at: {}", place()), cause, &remedy))?;
        Asked::At(predictor.at(size).map_err(refused)?)
    } else {
        let text = arguments.within.as_deref().unwrap_or_default();
        let limit = units::parse_cost(text, &series.unit).map_err(|cause| {
            Error::new(format!("--within: {}", place()), cause, "give a cost in the unit of the metric")
        })?;
        Asked::Within(limit, predictor.within(limit).map_err(refused)?)
    };
    let predicted = Predicted { series, predictor: &predictor, asked: &asked };
    match arguments.format {
        Format::Text => print(&report::predicted_text(&predicted))?,
        Format::Json => print(&report::predicted_json(&predicted))?,
    }
    Ok(if asked.fits() { ExitCode::SUCCESS } else { ExitCode::from(NONE_FITS) })
}

fn no_law(place: &str, cause: &str) -> ExitCode {
    eprintln!(
        "no prediction: {place}: {cause}\n  help: measure at least 4 sizes in at least 5 rounds, with `scalegate run`"
    );
    ExitCode::from(NO_LAW)
}

/// The series that is asked about.
fn chosen<'a>(arguments: &Arguments, run: &'a Run) -> Result<&'a Series> {
    let path = arguments.run.run.display();
    let fail = |cause: String, remedy: String| Error::new(&path, cause, remedy);
    let names: BTreeSet<&str> = run.series.iter().map(|series| &*series.workload).collect();
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    let all = list(&mut names.iter().copied());
    let workload = match (&arguments.workload, names.first()) {
        (Some(name), _) if names.contains(name.as_str()) => name.as_str(),
        (Some(name), _) => return Err(fail(format!("it has no workload `{name}`"), format!("name one of {all}"))),
        (None, Some(one)) if names.len() == 1 => one,
        (None, _) => {
            return Err(fail("it has several workloads".to_owned(), format!("name one with `--workload`: {all}")));
        }
    };
    let of: Vec<&Series> = run.series.iter().filter(|series| series.workload == *workload).collect();
    let metrics = list(&mut of.iter().map(|series| series.metric.name()));
    let find = |metric: Metric| of.iter().copied().find(|series| series.metric == metric);
    match (arguments.metric, &of[..]) {
        (Some(metric), _) => find(metric)
            .ok_or_else(|| fail(format!("it has no {metric} of {workload}"), format!("name one of {metrics}"))),
        (None, [one]) => Ok(*one),
        (None, _) => find(Metric::WallTime).ok_or_else(|| {
            fail(format!("it has several metrics of {workload}"), format!("name one with `--metric`: {metrics}"))
        }),
    }
}
