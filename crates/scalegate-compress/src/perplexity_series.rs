//! Perplexity as a metric of a run: a model reads the text that `[accuracy]` names, once.

use std::collections::BTreeMap;

use scalegate::analysis::text_workload;
use scalegate::metric::Metric;
use scalegate::progress::Progress;
use scalegate::record::{Sample, Series};
use scalegate::{Axis, Error, Result, time};
use scalegate_suite::suite::Suite;
use scalegate_suite::workload::subject;

use crate::accuracy::perplexity;

/// The series of the workload `name`: one sample, whose size is the length of a passage.
///
/// # Errors
/// No `[[model]]` has that workload, or the model or the text cannot be read.
pub fn perplexity_series(suite: &Suite, name: &str) -> Result<Vec<Series>> {
    let model = suite.user_models.iter().find(|model| text_workload(&model.name) == *name);
    let (Some(model), Some(accuracy)) = (model, &suite.accuracy) else {
        let cause = "no model of `[accuracy]` is called so";
        return Err(Error::new(name, cause, "leave the configuration as it is while it is measured"));
    };
    let text = std::fs::read_to_string(&accuracy.text).map_err(|error| {
        Error::new(accuracy.text.display(), error, "name a file of plain UTF-8 text under `[accuracy]` in `suite.toml`")
    })?;
    let progress = Progress::new();
    let mut show = |done, passages| progress.show(done, passages, &model.name);
    let read = perplexity(&model.directory()?, &text, &mut show)
        .map_err(|error| error.context(format!("model {}", model.name)))?;
    Ok(vec![Series {
        measured: Some(time::now()),
        protocol: BTreeMap::from([
            ("text".to_owned(), subject::sha256(text.as_bytes())),
            ("passages".to_owned(), read.passages.to_string()),
            ("predicted_tokens".to_owned(), read.predicted_tokens.to_string()),
        ]),
        samples: vec![Sample { size: read.passage_tokens as u64, round: 0, values: vec![read.value] }],
        ..Series::new(name, Axis::TOKENS, Metric::Perplexity)
    }])
}
