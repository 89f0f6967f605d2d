//! A run as one HTML file that needs no network and no script.

use std::fmt::Write;

use super::check::{open, scope, shorten, summary};
use super::conditions::conditions;
use super::escape::{escape, prose};
use super::fits::{Intervals, law_numbers};
use super::plot::{self, Plot};
use super::units::{cost, size};
use crate::analysis::{Check, SeriesFit};
use crate::gate::{Finding, Outcome, Verdict};
use crate::law::Fit;
use crate::metric::Metric;
use crate::record::{Provenance, Run};

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The record.
    pub run: &'a Run,
    /// The verdict on it.
    pub check: &'a Check,
    /// Its laws.
    pub fits: &'a [SeriesFit],
    /// The accepted laws whose costs may be compared with those of the run.
    pub baselines: &'a [SeriesFit],
}

const STYLE: &str = include_str!("page.css");

/// The page, of which all that comes from records is text and never markup.
pub fn html(page: &Page) -> String {
    let rows = rows(page);
    let verdict = page.check.verdict;
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>scalegate: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>scalegate: <span class=\"{verdict}\">{verdict}</span></h1>\n<p>{}</p>\n",
        prose(&summary(page.check))
    );
    let measured = page.run.series.iter().filter_map(|series| series.measured.as_deref()).max();
    let _ = writeln!(
        html,
        "<p class=\"muted\">Host class {}{}</p>",
        escape(&page.run.provenance.host.class),
        measured.map(|time| format!(", measured {}", escape(time))).unwrap_or_default()
    );
    laws_table(&mut html, &rows);
    changes(&mut html, page.check);
    plots(&mut html, page, &rows);
    context(&mut html, page.check);
    conditions(&mut html, page.run);
    fingerprints(&mut html, &page.run.provenance);
    html.push_str(REPRODUCE);
    html
}

const REPRODUCE: &str = "<h2>How to see it again</h2>\n\
    <pre>cargo bench\nscalegate check\nscalegate report --out report.html</pre>\n\
    <p class=\"muted\"><code>scalegate accept --reason TEXT</code> makes a run whose costs are right the baseline.</p>\n\
    </body>\n</html>\n";

/// A workload and metric, which was measured or should have been.
struct Row<'a> {
    workload: &'a str,
    metric: &'a str,
    series: Option<&'a SeriesFit>,
    verdict: Verdict,
}

/// The worst first; equals in the order of the record.
fn rows<'a>(page: &Page<'a>) -> Vec<Row<'a>> {
    let mut keys: Vec<(&str, &str)> =
        page.fits.iter().map(|series| (series.workload.as_str(), series.metric.name())).collect();
    for finding in &page.check.findings {
        let key = (finding.workload.as_str(), finding.metric.as_str());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut rows: Vec<Row> = keys
        .into_iter()
        .map(|(workload, metric)| {
            let mine = page.check.findings.iter().filter(|f| f.workload == workload && f.metric == metric);
            Row {
                workload,
                metric,
                series: page.fits.iter().find(|s| s.workload == workload && s.metric.name() == metric),
                verdict: Verdict::join(mine.map(|finding| finding.outcome)),
            }
        })
        .collect();
    rows.sort_by_key(|row| match row.verdict {
        Verdict::Regressed => 0,
        Verdict::Mixed => 1,
        Verdict::Improved => 2,
        Verdict::Inconclusive => 3,
        Verdict::Pass => 4,
    });
    rows
}

fn laws_table(html: &mut String, rows: &[Row]) {
    html.push_str(
        "<h2>Laws</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Laws\"><table>\n\
         <thead><tr><th scope=\"col\">workload</th><th scope=\"col\">metric</th><th scope=\"col\">outcome</th>\
         <th scope=\"col\">law</th><th scope=\"col\">in numbers</th></tr></thead>\n<tbody>\n",
    );
    for row in rows {
        let (class, numbers) = match row.series.map(|series| (series, &series.outcome)) {
            None => ("none", "not measured".to_owned()),
            Some((_, Err(unfitted))) => ("none", unfitted.reason.clone()),
            Some((series, Ok(fit))) => (fit.class.as_str(), law_numbers(series, fit, Intervals::Left)),
        };
        let name = escape(row.workload);
        let link = match row.series {
            Some(series) if series.outcome.is_ok() => format!("<a href=\"#{}\">{name}</a>", id(row)),
            _ => name,
        };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{link}</th><td>{}</td><td>{}</td><td>{class}</td><td>{}</td></tr>",
            escape(row.metric),
            outcome(&row.verdict.to_string()),
            prose(&numbers)
        );
    }
    html.push_str("</tbody></table></div>\n");
}

/// A word with its colour; the word alone says it all.
fn outcome(word: &str) -> String {
    format!("<span class=\"outcome {word}\">{word}</span>")
}

/// Names the picture of a row within the page and in links to it.
fn id(row: &Row) -> String {
    let name = format!("{}:{}", row.workload, row.metric);
    escape(&name.replace(|c: char| c.is_whitespace() || c == '%', "_"))
}

fn plots(html: &mut String, page: &Page, rows: &[Row]) {
    let drawn: Vec<(&Row, &SeriesFit, &Fit)> = rows
        .iter()
        .filter_map(|row| row.series.and_then(|series| Some((row, series, series.outcome.as_ref().ok()?))))
        .collect();
    if drawn.is_empty() {
        return;
    }
    html.push_str(
        "<h2>Cost as a function of size</h2>\n<p class=\"muted\">Both axes are logarithmic. Below each law: how far \
         the costs lie from it. A band is the interval of a breakpoint.</p>\n<div class=\"plots\">\n",
    );
    for (row, series, fit) in drawn {
        figure(html, page, row, series, fit);
    }
    html.push_str("</div>\n");
}

/// `ci/picture.sh` relies on the lines on which a figure begins and ends.
fn figure(html: &mut String, page: &Page, row: &Row, series: &SeriesFit, fit: &Fit) {
    let record = page.run.series(&series.workload, series.metric);
    let rounds: Vec<(f64, f64)> = record.into_iter().flat_map(|s| s.costs()).map(|(n, _, cost)| (n, cost)).collect();
    let id = id(row);
    let plot =
        Plot { series, fit, rounds: &rounds, baseline: baseline(page, &series.workload, series.metric), id: &id };
    let _ = write!(
        html,
        "<figure id=\"{id}\">\n<h3>{} {}: {}</h3>\n{}<figcaption>{}; R² {:.4}, {} sizes in {} rounds\n",
        escape(row.workload),
        escape(row.metric),
        fit.class,
        plot::svg(&plot),
        prose(&law_numbers(series, fit, Intervals::Shown)),
        fit.r_squared,
        fit.n_sizes(),
        fit.n_rounds
    );
    html.push_str(
        "<details><summary>costs and residuals</summary><table><thead><tr><th scope=\"col\">size</th>\
         <th scope=\"col\">cost</th><th scope=\"col\">law</th><th scope=\"col\">residual</th></tr></thead><tbody>\n",
    );
    for ((&n, &value), residual) in fit.sizes.iter().zip(&fit.costs).zip(&fit.residuals) {
        let cells = [
            size(n, series.axis),
            cost(value, &series.unit),
            cost(fit.predict(n), &series.unit),
            format!("{:+.1} %", 100.0 * residual),
        ];
        let cells = cells.map(|cell| format!("<td class=\"number\">{}</td>", escape(&cell)));
        let _ = writeln!(html, "<tr>{}</tr>", cells.concat());
    }
    html.push_str("</tbody></table></details>\n</figcaption>\n</figure>\n");
}

fn baseline<'a>(page: &Page<'a>, workload: &str, metric: Metric) -> Option<&'a Fit> {
    page.baselines.iter().find(|series| series.workload == workload && series.metric == metric)?.outcome.as_ref().ok()
}

fn changes(html: &mut String, check: &Check) {
    html.push_str("<h2>What changed</h2>\n");
    let open: Vec<&Finding> = open(check).collect();
    if open.is_empty() {
        html.push_str("<p>Nothing beyond the tolerances.</p>\n");
    } else {
        findings(html, &open);
    }
    let passed: Vec<&Finding> = check.findings.iter().filter(|finding| finding.outcome == Outcome::Pass).collect();
    if !passed.is_empty() {
        let _ = writeln!(html, "<details><summary>{} within tolerance</summary>", passed.len());
        findings(html, &passed);
        html.push_str("</details>\n");
    }
}

fn findings(html: &mut String, findings: &[&Finding]) {
    html.push_str("<ul class=\"findings\">\n");
    for finding in findings {
        let _ = writeln!(
            html,
            "<li>{} <strong>{} {}</strong> ({}): {}</li>",
            outcome(&finding.outcome.to_string()),
            escape(&finding.workload),
            escape(&finding.metric),
            scope(finding),
            prose(&finding.words)
        );
    }
    html.push_str("</ul>\n");
}

fn context(html: &mut String, check: &Check) {
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
            let _ = writeln!(html, "<li>{}</li>", prose(&note.words));
        }
        html.push_str("</ul>\n");
    }
}

fn fingerprints(html: &mut String, provenance: &Provenance) {
    let Provenance { host, build, subject } = provenance;
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let host = vec![
        named("class", &host.class),
        named("processor", &host.cpu),
        named("architecture", &host.architecture),
        named("cores", &host.cores.join(" + ")),
        named("memory", &format!("{} GiB", host.memory_gib)),
        named("system", &host.os),
        named("kernel", &host.kernel),
        named("governor", host.governor.as_deref().unwrap_or("not told")),
    ];
    let build = vec![
        named("source", &build.source),
        named("compiler", &build.rustc),
        named("target", &build.target),
        named("optimisation", &build.optimisation),
    ];
    let subject = subject.iter().map(|(name, value)| named(name, value)).collect();
    html.push_str("<h2>Where it was measured</h2>\n");
    for (title, fields) in [("Host", host), ("Build", build), ("Under test", subject)] {
        fingerprint(html, title, &fields);
    }
}

fn fingerprint(html: &mut String, title: &str, fields: &[(String, String)]) {
    if fields.is_empty() {
        return;
    }
    let _ = writeln!(html, "<h3>{title}</h3>\n<div class=\"scroll\"><table>");
    for (name, value) in fields {
        let _ = writeln!(html, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(name), escape(value));
    }
    html.push_str("</table></div>\n");
}
