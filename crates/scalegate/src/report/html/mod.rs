//! Runs as one HTML file that needs no network.
//!
//! Everything that comes from records is text and never markup. The page's security policy lets nothing be loaded, and nothing
//! run but the script that sorts tables, named by its hash.

mod compare;
mod figures;
mod frame;
mod front;
mod labels;
mod overlay;
mod plot;
mod provenance;
mod rows;
mod scale;
#[cfg(test)]
mod tests;

use std::fmt::Write;

pub use compare::{ComparePage, compare_html};
use figures::plots;
use front::fronts;
use overlay::laws_together;
use provenance::{conditions, fingerprints};
use rows::{laws_table, rows};

use super::check::{alike, open, scopes, shorten, summary, workloads};
use super::command::reproduce;
use super::escape::{escape, prose};
use super::findings::{self, Sides, words};
use crate::analysis::{Check, Overlay, RunLaws, Tradeoffs};
use crate::gate::{Finding, Outcome};

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The verdict.
    pub check: &'a Check,
    /// The runs that it is about, one for each host, with their laws.
    pub runs: &'a [RunLaws<'a>],
    /// Of each of the runs, its models beside one another.
    pub models: &'a [Models],
    /// The workloads that scalegate measures itself.
    pub here: &'a [String],
}

/// The models of a run beside one another.
#[derive(Debug, Clone)]
pub struct Models {
    /// What they cost beside how well they predict.
    pub tradeoffs: Tradeoffs,
    /// Their laws over one another.
    pub overlays: Vec<Overlay>,
}

impl Page<'_> {
    fn has_several_hosts(&self) -> bool {
        self.runs.len() > 1
    }
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("sort.js");
/// SHA-256 of the script in base64, as the security policy of the page names it.
const SCRIPT_HASH: &str = "deRQYoj5RICYavP07wJPiWbAXVEbATsaylGHNIJaAL4=";

/// The beginning of a page, up to what it shows first.
fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';          script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\">\n         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(title)
    )
}

/// The page.
pub fn html(page: &Page) -> String {
    let rows = rows(page);
    let verdict = page.check.verdict;
    let mut html = head(&format!("scalegate: {verdict}"));
    let _ = write!(
        html,
        "<h1>scalegate: <span class=\"{verdict}\">{verdict}</span></h1>\n<p>{}</p>\n",
        prose(&summary(page.check))
    );
    for run in page.runs {
        let measured = run.run.series.iter().filter_map(|series| series.measured.as_deref()).max();
        let _ = writeln!(
            html,
            "<p class=\"muted\">Host class {}{}</p>",
            escape(&run.run.provenance.host.class),
            measured.map(|time| format!(", measured {}", escape(time))).unwrap_or_default()
        );
    }
    laws_table(&mut html, &rows, page.has_several_hosts());
    changes(&mut html, page);
    plots(&mut html, page, &rows);
    for (run, Models { tradeoffs, overlays }) in page.runs.iter().zip(page.models) {
        let host = page.has_several_hosts().then_some(&*run.run.provenance.host.class);
        if !overlays.is_empty() {
            laws_together(&mut html, overlays, host);
        }
        // One model alone, or models whose accuracy nobody asked for, are nothing to weigh.
        if tradeoffs.models > 0 && tradeoffs.models + tradeoffs.absent.len() > 1 {
            fronts(&mut html, tradeoffs, host);
        }
    }
    context(&mut html, page);
    conditions(&mut html, page);
    fingerprints(&mut html, page);
    let _ = write!(
        html,
        "<h2>How to see it again</h2>\n<pre>{}</pre>\n         <p class=\"muted\"><code>scalegate accept --reason TEXT</code> makes a run whose costs are right the          baseline.</p>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        escape(&format!("{}scalegate report --out report.html\n", reproduce(page.check, page.here)))
    );
    html
}

/// A word with its colour; the word alone says it all.
fn outcome(word: &str) -> String {
    format!("<span class=\"outcome {word}\">{word}</span>")
}

fn changes(html: &mut String, page: &Page) {
    html.push_str("<h2>What changed</h2>\n");
    let open: Vec<&Finding> = open(page.check).collect();
    if open.is_empty() {
        html.push_str("<p>Nothing beyond the tolerances.</p>\n");
    } else {
        findings(html, page, &open);
    }
    let passed: Vec<&Finding> = page.check.findings.iter().filter(|finding| finding.outcome == Outcome::Pass).collect();
    if !passed.is_empty() {
        let _ = writeln!(html, "<details><summary>{} within tolerance</summary>", passed.len());
        findings(html, page, &passed);
        html.push_str("</details>\n");
    }
}

fn findings(html: &mut String, page: &Page, findings: &[&Finding]) {
    html.push_str("<ul class=\"findings\">\n");
    for group in alike(findings.iter().copied()) {
        let first = group[0];
        let host = if page.has_several_hosts() { format!(" on {}", escape(&first.host)) } else { String::new() };
        let _ = writeln!(
            html,
            "<li>{} <strong>{} {}</strong>{host} ({}): {}</li>",
            outcome(&first.outcome.to_string()),
            escape(&workloads(&group)),
            escape(&first.metric),
            scopes(&group),
            prose(&words(first, Sides::Baseline))
        );
    }
    html.push_str("</ul>\n");
}

fn context(html: &mut String, page: &Page) {
    let check = page.check;
    if !check.subject_changes.is_empty() {
        html.push_str("<h2>Under test is something else than in the baseline</h2>\n<ul>\n");
        for change in &check.subject_changes {
            let _ = writeln!(html, "<li>{}</li>", escape(&shorten(change)));
        }
        html.push_str("</ul>\n");
    }
    if !check.notes.is_empty() {
        html.push_str("<h2>Notes</h2>\n<ul>\n");
        for note in &check.notes {
            let _ = writeln!(html, "<li>{}</li>", prose(&findings::note(note)));
        }
        html.push_str("</ul>\n");
    }
}
