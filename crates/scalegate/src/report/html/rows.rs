//! The table of laws, the worst first.

use std::fmt::Write;

use super::figures::id;
use super::{Page, outcome};
use crate::analysis::{RunLaws, SeriesLaw, Unfitted};
use crate::gate::{Finding, Outcome, Quantity, Verdict};
use crate::report::escape::{escape, prose};
use crate::report::findings;
use crate::report::fits::{Intervals, law_numbers, number};
use crate::units::percent;

/// A workload and metric of a host, which was measured or should have been.
pub(super) struct Row<'a> {
    pub(super) host: &'a str,
    pub(super) workload: &'a str,
    pub(super) metric: &'a str,
    pub(super) measured: Option<(&'a RunLaws<'a>, &'a SeriesLaw)>,
    /// `None` if it does not gate: it explains other metrics, or has nothing to be compared with that is required.
    verdict: Option<Verdict>,
    /// The finding that is the furthest beyond its tolerance, or the closest to it.
    worst: Option<&'a Finding>,
}

/// The worst first; equals in the order of the records.
pub(super) fn rows<'a>(page: &Page<'a>) -> Vec<Row<'a>> {
    let mut rows: Vec<Row> = Vec::new();
    for run in page.runs {
        let host = run.run.provenance.host.class.as_str();
        for law in &run.laws {
            let series = &law.series;
            rows.push(row(page, host, &series.workload, series.metric.name(), Some((run, law))));
        }
    }
    for finding in &page.check.findings {
        let is_there = rows.iter().any(|row| (row.host, row.workload, row.metric) == key(finding));
        if !is_there {
            let (host, workload, metric) = key(finding);
            rows.push(row(page, host, workload, metric, None));
        }
    }
    rows.sort_by(|a, b| rank(a.verdict).cmp(&rank(b.verdict)).then(b.excess().total_cmp(&a.excess())));
    rows
}

fn key(finding: &Finding) -> (&str, &str, &str) {
    (&finding.host, &finding.workload, &finding.metric)
}

fn row<'a>(
    page: &Page<'a>,
    host: &'a str,
    workload: &'a str,
    metric: &'a str,
    measured: Option<(&'a RunLaws<'a>, &'a SeriesLaw)>,
) -> Row<'a> {
    let mine = || page.check.findings.iter().filter(|finding| key(finding) == (host, workload, metric));
    let verdict = mine().next().map(|_| Verdict::join(mine().map(|finding| finding.outcome)));
    // What regressed speaks for the row before what is only uncertain.
    let weight = |finding: &&Finding| (finding.outcome == Outcome::Regressed, excess(finding));
    let worst = mine()
        .filter(|finding| finding.change.is_some())
        .max_by(|a, b| weight(a).0.cmp(&weight(b).0).then(weight(a).1.total_cmp(&weight(b).1)));
    Row { host, workload, metric, measured, verdict, worst }
}

fn rank(verdict: Option<Verdict>) -> u8 {
    match verdict {
        Some(Verdict::Regressed) => 0,
        Some(Verdict::Mixed) => 1,
        Some(Verdict::Improved) => 2,
        Some(Verdict::Inconclusive) => 3,
        Some(Verdict::Pass) => 4,
        None => 5,
    }
}

/// A change in units of what is tolerated.
fn excess(finding: &Finding) -> f64 {
    match (finding.change, finding.tolerance) {
        (Some(change), Some(tolerance)) => change.estimate.abs() / tolerance,
        _ => 0.0,
    }
}

impl Row<'_> {
    fn excess(&self) -> f64 {
        self.worst.map_or(0.0, excess)
    }

    /// The largest change in words, for instance `growth +179 %`.
    fn change(&self) -> String {
        let Some((finding, change)) = self.worst.and_then(|finding| Some((finding, finding.change?))) else {
            return "not compared".to_owned();
        };
        let name = findings::quantity(finding.quantity);
        match finding.relative {
            _ if finding.quantity == Quantity::All => "not compared".to_owned(),
            true if change.estimate >= 9.0 => format!("{name} ×{:.0}", 1.0 + change.estimate),
            true => format!("{name} {}", percent(change.estimate)),
            false => format!("{name} {:+.3}", change.estimate),
        }
    }
}

pub(super) fn laws_table(html: &mut String, rows: &[Row], several_hosts: bool) {
    let host = if several_hosts { "<th scope=\"col\">host</th>" } else { "" };
    let _ = write!(
        html,
        "<h2 id=\"laws\">Laws</h2>\n<p class=\"muted\">The worst first. A heading sorts by its column.</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"laws\"><table class=\"sortable\">\n\
         <thead><tr><th scope=\"col\">workload</th><th scope=\"col\">metric</th>{host}\
         <th scope=\"col\" aria-sort=\"ascending\">outcome</th><th scope=\"col\">largest change</th>\
         <th scope=\"col\">law</th><th scope=\"col\">in numbers</th></tr></thead>\n<tbody>\n"
    );
    for (position, row) in rows.iter().enumerate() {
        let (class, numbers) = match row.measured.map(|(_, law)| (&law.series, &law.series.outcome)) {
            None => ("none", "not measured".to_owned()),
            Some((_, Err(Unfitted::Fault(reason)))) => ("none", reason.clone()),
            Some((_, Err(Unfitted::Value(value)))) => ("a number", number(*value)),
            Some((series, Ok(fit))) => (fit.class.as_str(), law_numbers(series, fit, Intervals::Left)),
        };
        let name = escape(row.workload);
        let link = match row.measured {
            Some((_, law)) if law.series.outcome.is_ok() => {
                format!("<a href=\"#{}\">{name}</a>", id(row, several_hosts))
            }
            _ => name,
        };
        let host = if several_hosts { format!("<td>{}</td>", escape(row.host)) } else { String::new() };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{link}</th><td>{}</td>{host}<td data-sort=\"{position}\">{}</td>\
             <td data-sort=\"{:.4}\">{}</td><td>{class}</td><td>{}</td></tr>",
            escape(row.metric),
            row.verdict.map_or_else(|| "does not gate".to_owned(), |verdict| outcome(&verdict.to_string())),
            row.excess(),
            prose(&row.change()),
            prose(&numbers)
        );
    }
    html.push_str("</tbody></table></div>\n");
}
