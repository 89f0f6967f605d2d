//! The accuracy of a compressed model as text and as JSON.

use std::fmt::Write;

use crate::accuracy::Accuracy;
use crate::law::Interval;
use crate::{Error, Result};

/// One line for each quantity, with its interval.
pub fn accuracy_text(accuracy: &Accuracy) -> String {
    let plain = |value: f64| format!("{value:.3}");
    let nats = |value: f64| format!("{value:.5}");
    let percent = |value: f64| format!("{:.2} %", 100.0 * value);
    let change = |value: f64| format!("{:+.2} %", 100.0 * value);
    let mut text = format!(
        "{} tokens predicted in {} passages of at most {}; intervals of 95 % over passages\n",
        accuracy.predicted_tokens, accuracy.passages, accuracy.passage_tokens
    );
    let mut line = |name: &str, interval: &Interval, words: &dyn Fn(f64) -> String| {
        let [estimate, lower, upper] = [interval.estimate, interval.lower, interval.upper].map(words);
        let _ = writeln!(text, "{name:26} {estimate:>10}  between {lower} and {upper}");
    };
    line("perplexity of reference", &accuracy.reference_perplexity, &plain);
    line("perplexity of candidate", &accuracy.candidate_perplexity, &plain);
    line("change of perplexity", &accuracy.perplexity_change, &change);
    line("divergence, nats per token", &accuracy.divergence_nats, &nats);
    line("top-1 agreement", &accuracy.top1_agreement, &percent);
    line("top-5 agreement", &accuracy.top5_agreement, &percent);
    text
}

/// All quantities for programs; the form is described in `docs/formats.md`.
///
/// # Errors
/// A number that JSON cannot hold, which would be a fault of scalegate.
pub fn accuracy_json(accuracy: &Accuracy) -> Result<String> {
    let mut value = serde_json::to_value(accuracy)
        .map_err(|error| Error::new("the accuracy", error, "report this as a fault of scalegate"))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("schema".to_owned(), 1.into());
    }
    Ok(format!("{value:#}\n"))
}
