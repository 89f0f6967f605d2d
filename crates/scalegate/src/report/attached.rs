//! What a log of energy told, as text.

use crate::session::Attached;

/// A line for each workload.
pub(crate) fn attached_text(attached: &[Attached]) -> String {
    let line = |(workload, outcome): &Attached| match outcome {
        Ok((cases, None)) => format!("{workload}: energy of {cases} windows\n"),
        Ok((cases, Some(lost))) => format!("{workload}: energy of {cases} windows; without {lost}\n"),
        Err(cause) => format!("{workload}: no energy: {cause}\n"),
    };
    attached.iter().map(line).collect()
}
