//! The bench target of accuracy: every model that is named reads the text once.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::record::{Destination, exit_code};
use super::request::{Request, Step};
use super::wall_time::is_for_criterion;
use crate::accuracy::perplexity;
use crate::metric::Metric;
use crate::record::{Sample, Series};
use crate::suite::{AccuracySettings, Axis, ForeignModel, Suite};
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
    let matcher = request.matcher()?;
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| matcher.is_match(name) && filter.is_none_or(|filter| name.contains(filter.as_str()));
    let mut models: Vec<&ForeignModel> =
        suite.foreign_models.iter().filter(|model| accuracy.models.contains(&model.name)).collect();
    models.retain(|model| is_wanted(&AccuracySettings::name(&model.name)));
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
    let bar = progress_bar(&model.name);
    let read = perplexity(&model.directory()?, text, &mut |done, passages| {
        bar.set_length(passages as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let read = read.map_err(|error| {
        Error::new(format!("model {}: {}", model.name, error.place()), error.cause(), error.remedy())
    })?;
    let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Series {
        workload: AccuracySettings::name(&model.name),
        axis: Axis::Tokens,
        metric: Metric::Perplexity,
        unit: Metric::Perplexity.unit().to_owned(),
        measured: Some(time::now()),
        protocol: BTreeMap::from([
            ("text".to_owned(), hash),
            ("passages".to_owned(), read.passages.to_string()),
            ("predicted_tokens".to_owned(), read.predicted_tokens.to_string()),
        ]),
        conditions: BTreeMap::new(),
        looks: Vec::new(),
        samples: vec![Sample { size: read.passage_tokens as u64, round: 0, values: vec![read.value] }],
        unavailable: None,
    })
}

fn progress_bar(model: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} passage {human_pos}/{human_len} {wide_msg} {elapsed}");
    let bar = ProgressBar::new(0);
    // The template is a constant; a fault in it costs the style and not the run.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.with_message(model.to_owned())
}
