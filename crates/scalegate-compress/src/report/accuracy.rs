//! The accuracy of a compressed model as text and as JSON.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::accuracy::{Accuracy, Continuations, Similarity};
use scalegate::law::Interval;
use scalegate::{Error, Result};

/// One line for each quantity, with its interval: what was read first, then what was written.
pub fn accuracy_text(read: Option<&Accuracy>, written: Option<&Continuations>) -> String {
    let parts = [read.map(predictions), written.map(continuations)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn predictions(accuracy: &Accuracy) -> String {
    let mut text = format!(
        "{} tokens predicted in {} passages of at most {}; intervals of 95 % over passages\n",
        accuracy.predicted_tokens, accuracy.passages, accuracy.passage_tokens
    );
    line(&mut text, "perplexity of reference", &accuracy.reference_perplexity, plain);
    line(&mut text, "perplexity of candidate", &accuracy.candidate_perplexity, plain);
    line(&mut text, "change of perplexity", &accuracy.perplexity_change, |value| format!("{:+.2} %", 100.0 * value));
    line(&mut text, "divergence, nats per token", &accuracy.divergence_nats, |value| format!("{value:.5}"));
    line(&mut text, "top-1 agreement", &accuracy.top1_agreement, percent);
    line(&mut text, "top-5 agreement", &accuracy.top5_agreement, percent);
    text
}

fn continuations(written: &Continuations) -> String {
    let mut text = format!(
        "{} prompts continued by at most {} tokens; intervals of 95 % over prompts\n",
        written.prompts, written.new_tokens
    );
    line(&mut text, "equal continuations", &written.equal, percent);
    line(&mut text, "common prefix, tokens", &written.common_prefix_tokens, |value| format!("{value:.1}"));
    if let Some(similarity) = &written.similarity {
        similarities(&mut text, written.prompts, similarity);
    }
    text
}

fn similarities(text: &mut String, prompts: usize, similarity: &Similarity) {
    let answers = match prompts - similarity.answers {
        0 => "the answers".to_owned(),
        missing if missing == prompts => "the reference's continuations".to_owned(),
        missing => format!("{} answers and {missing} continuations of the reference", similarity.answers),
    };
    let _ = writeln!(text, "cosine similarity to {answers}, by {}:", similarity.embedding);
    line(text, "  reference", &similarity.reference, plain);
    line(text, "  candidate", &similarity.candidate, plain);
    line(text, "  change", &similarity.change, signed);
    let _ = writeln!(text, "the same without the {0} lowest and the {0} highest of each:", similarity.trimmed_each_end);
    line(text, "  reference", &similarity.trimmed_reference, plain);
    line(text, "  candidate", &similarity.trimmed_candidate, plain);
    line(text, "  change", &similarity.trimmed_change, signed);
}

fn line(text: &mut String, name: &str, interval: &Interval, words: impl Fn(f64) -> String) {
    let [estimate, lower, upper] = [interval.estimate, interval.lower, interval.upper].map(words);
    let _ = writeln!(text, "{name:26} {estimate:>10}  between {lower} and {upper}");
}

fn plain(value: f64) -> String {
    format!("{value:.3}")
}

fn signed(value: f64) -> String {
    format!("{value:+.3}")
}

fn percent(value: f64) -> String {
    format!("{:.2} %", 100.0 * value)
}

/// All quantities for programs; the form is described in `docs/formats.md`.
///
/// # Errors
/// A number that JSON cannot hold, which would be a fault of scalegate.
pub fn accuracy_json(read: Option<&Accuracy>, written: Option<&Continuations>) -> Result<String> {
    let fault = |error: serde_json::Error| Error::new("the accuracy", error, "report this as a fault of scalegate");
    let mut object = match serde_json::to_value(read).map_err(fault)? {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("schema".to_owned(), 1.into());
    if let Some(written) = written {
        object.insert("continuations".to_owned(), serde_json::to_value(written).map_err(fault)?);
    }
    Ok(format!("{:#}\n", Value::Object(object)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuations_are_told_with_what_they_were_compared_with() {
        let interval = |estimate: f64| Interval { estimate, lower: estimate - 0.05, upper: estimate + 0.05 };
        let similarity = Similarity {
            embedding: "mean of last_hidden_state".to_owned(),
            answers: 12,
            candidate: interval(0.7),
            reference: interval(0.8),
            change: interval(-0.1),
            trimmed_each_end: 1,
            trimmed_candidate: interval(0.75),
            trimmed_reference: interval(0.81),
            trimmed_change: interval(-0.06),
        };
        let written = Continuations {
            prompts: 12,
            new_tokens: 64,
            equal: interval(0.25),
            common_prefix_tokens: interval(20.3),
            similarity: Some(similarity),
            seed: 1,
            each: Vec::new(),
        };
        insta::assert_snapshot!(accuracy_text(None, Some(&written)), @r"
        12 prompts continued by at most 64 tokens; intervals of 95 % over prompts
        equal continuations           25.00 %  between 20.00 % and 30.00 %
        common prefix, tokens            20.3  between 20.2 and 20.4
        cosine similarity to the answers, by mean of last_hidden_state:
          reference                     0.800  between 0.750 and 0.850
          candidate                     0.700  between 0.650 and 0.750
          change                       -0.100  between -0.150 and -0.050
        the same without the 1 lowest and the 1 highest of each:
          reference                     0.810  between 0.760 and 0.860
          candidate                     0.750  between 0.700 and 0.800
          change                       -0.060  between -0.110 and -0.010
        ");
    }
}
