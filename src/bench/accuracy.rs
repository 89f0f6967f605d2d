//! The bench target of accuracy: every model that is named reads the text once.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::record::{Destination, exit_code};
use super::request::{Request, Step};
use super::wall_time::is_for_criterion;
use crate::accuracy::perplexity;
use crate::cli::Progress;
use crate::metric::Metric;
use crate::record::{Sample, Series};
use crate::suite::{AccuracySettings, Axis, ForeignModel, Suite};
use crate::workload::subject;
use crate::{Error, Result, time};

/// The body of the bench target's `main`.
pub fn main() -> ExitCode {
    exit_code(run())
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if is_for_criterion(&arguments) {
        return Ok(());
    }
    let suite = Suite::load_here()?;
    let Some(accuracy) = &suite.accuracy else { return Ok(()) };
    let request = Request::of_this_process()?;
    let is_round = matches!(request.step, Some(Step::Round(_)));
    if is_round || !request.wants(Metric::Perplexity) {
        return Ok(());
    }
    let is_chosen = request.chooser(&arguments)?;
    let mut models: Vec<&ForeignModel> =
        suite.foreign_models.iter().filter(|model| accuracy.models.contains(&model.name)).collect();
    models.retain(|model| is_chosen(&AccuracySettings::name(&model.name)));
    if models.is_empty() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&accuracy.text).map_err(|error| {
        Error::new(accuracy.text.display(), error, "name a file of plain UTF-8 text under `[accuracy]` in `suite.toml`")
    })?;
    let destination = Destination::open(&suite, &request)?;
    models.retain(|model| !destination.holds(&AccuracySettings::name(&model.name), &[Metric::Perplexity]));
    let series = models.into_iter().map(|model| series(model, &text)).collect::<Result<_>>()?;
    destination.keep(series)
}

/// Perplexity as a series of one sample, whose size is the length of a passage.
fn series(model: &ForeignModel, text: &str) -> Result<Series> {
    let progress = Progress::new();
    let mut show = |done, passages| progress.show(done, passages, &model.name);
    let read = perplexity(&model.directory()?, text, &mut show).map_err(|error| {
        Error::new(format!("model {}: {}", model.name, error.place()), error.cause(), error.remedy())
    })?;
    Ok(Series {
        workload: AccuracySettings::name(&model.name),
        axis: Axis::Tokens,
        metric: Metric::Perplexity,
        unit: Metric::Perplexity.unit().to_owned(),
        measured: Some(time::now()),
        protocol: BTreeMap::from([
            ("text".to_owned(), subject::sha256(text.as_bytes())),
            ("passages".to_owned(), read.passages.to_string()),
            ("predicted_tokens".to_owned(), read.predicted_tokens.to_string()),
        ]),
        conditions: BTreeMap::new(),
        looks: Vec::new(),
        samples: vec![Sample { size: read.passage_tokens as u64, round: 0, values: vec![read.value] }],
        unavailable: None,
    })
}
