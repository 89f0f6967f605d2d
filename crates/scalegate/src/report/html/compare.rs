//! Runs of one host beside the first of them, as a page.

use std::fmt::Write;

use super::front::fronts;
use super::overlay::laws_together;
use super::{head, outcome};
use crate::analysis::{Comparison, Overlay, Tradeoffs};
use crate::gate::{Finding, Outcome};
use crate::report::check::shorten;
use crate::report::compare::{headline, rate_words, unmeasured, words};
use crate::report::escape::{escape, prose};

/// What a page of a comparison shows.
#[derive(Debug, Clone, Copy)]
pub struct ComparePage<'a> {
    /// The name of the run that the others are compared with.
    pub first: &'a str,
    /// Each of the others, by its name.
    pub others: &'a [(String, Comparison)],
    /// Laws over one another.
    pub overlays: &'a [Overlay],
    /// What models cost beside how well they predict.
    pub tradeoffs: &'a Tradeoffs,
}

/// The page.
pub fn compare_html(page: &ComparePage) -> String {
    let mut html = head("scalegate compare");
    let names: Vec<&str> = page.others.iter().map(|(name, _)| name.as_str()).collect();
    let _ = writeln!(html, "<h1>scalegate: {} beside {}</h1>", escape(&names.join(", ")), escape(page.first));
    fronts(&mut html, page.tradeoffs, None);
    laws_together(&mut html, page.overlays, None);
    for (name, comparison) in page.others {
        let verdict = outcome(&comparison.verdict.to_string());
        let _ = writeln!(
            html,
            "<h2>{} beside {}: {verdict}</h2>\n<p>{}</p>",
            escape(name),
            escape(page.first),
            prose(&headline(comparison))
        );
        one(&mut html, comparison);
    }
    html.push_str("</body>\n</html>\n");
    html
}

fn one(html: &mut String, comparison: &Comparison) {
    let (passed, open): (Vec<&Finding>, Vec<&Finding>) =
        comparison.findings.iter().partition(|finding| finding.outcome == Outcome::Pass);
    list(html, open.into_iter());
    if !comparison.tokens_per_second.is_empty() {
        html.push_str("<ul>\n");
        for rate in &comparison.tokens_per_second {
            let _ = writeln!(html, "<li>{}: {}</li>", escape(&rate.workload), prose(&rate_words(rate)));
        }
        html.push_str("</ul>\n");
    }
    if !passed.is_empty() {
        let _ = writeln!(html, "<details><summary>{} within tolerance</summary>", passed.len());
        list(html, passed.into_iter());
        html.push_str("</details>\n");
    }
    if let Some(list) = unmeasured(comparison) {
        let _ = writeln!(html, "<p>{}</p>", escape(&list));
    }
    if !comparison.subject_changes.is_empty() {
        html.push_str("<p>Under test differs:</p>\n<ul>\n");
        for change in &comparison.subject_changes {
            let _ = writeln!(html, "<li>{}</li>", escape(&shorten(change)));
        }
        html.push_str("</ul>\n");
    }
}

fn list<'a>(html: &mut String, findings: impl Iterator<Item = &'a Finding>) {
    html.push_str("<ul class=\"findings\">\n");
    for finding in findings {
        let _ = writeln!(
            html,
            "<li>{} <strong>{} {}</strong>: {}</li>",
            outcome(&finding.outcome.to_string()),
            escape(&finding.workload),
            escape(&finding.metric),
            prose(&words(finding))
        );
    }
    html.push_str("</ul>\n");
}
