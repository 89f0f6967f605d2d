//! Runs of one host next to the first of them, as a page.

use maud::{Markup, html};

use super::front::fronts;
use super::markup::{changes_list, document, outcome, prose};
use super::overlay::laws_together;
use crate::analysis::{Comparison, Overlay, Tradeoffs};
use crate::gate::{Finding, Outcome};
use crate::report::comparison::{headline, rate_words, unknown_rates, unmeasured, words};

/// What a page of a comparison shows.
#[derive(Debug, Clone, Copy)]
pub struct ComparePage<'a> {
    /// The name of the run that the others are compared with.
    pub first: &'a str,
    /// Each of the others, by its name.
    pub others: &'a [(String, Comparison)],
    /// Laws over one another.
    pub overlays: &'a [Overlay],
    /// What models cost, and how well they predict.
    pub tradeoffs: &'a Tradeoffs,
}

/// The page.
pub fn compare_html(page: &ComparePage) -> String {
    let names: Vec<&str> = page.others.iter().map(|(name, _)| name.as_str()).collect();
    let body = html! {
        h1 { "scalegate: " (names.join(", ")) " beside " (page.first) }
        (fronts(page.tradeoffs, None))
        (laws_together(page.overlays, None))
        @for (name, comparison) in page.others {
            h2 { (name) " beside " (page.first) ": " (outcome(&comparison.verdict.to_string())) }
            p { (prose(&headline(comparison))) }
            (one(comparison))
        }
    };
    document("scalegate compare", &body)
}

fn one(comparison: &Comparison) -> Markup {
    let (passed, open): (Vec<&Finding>, Vec<&Finding>) =
        comparison.findings.iter().partition(|finding| finding.outcome == Outcome::Pass);
    html! {
        (listed(&open))
        @if !comparison.tokens_per_second.is_empty() {
            ul {
                @for rate in &comparison.tokens_per_second { li { (rate.workload) ": " (prose(&rate_words(rate))) } }
            }
        }
        @if !passed.is_empty() {
            details {
                summary { (passed.len()) " within tolerance" }
                (listed(&passed))
            }
        }
        @for list in unmeasured(comparison).into_iter().chain(unknown_rates(comparison)) { p { (list) } }
        @if !comparison.subject_changes.is_empty() {
            p { "Configuration differs:" }
            (changes_list(&comparison.subject_changes))
        }
    }
}

fn listed(findings: &[&Finding]) -> Markup {
    html! {
        ul class="findings" {
            @for finding in findings {
                li {
                    (outcome(&finding.outcome.to_string())) " "
                    strong { (finding.workload) " " (finding.metric) } ": " (prose(&words(finding)))
                }
            }
        }
    }
}
