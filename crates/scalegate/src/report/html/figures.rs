//! The laws as pictures, hosts side by side.

use std::fmt::Write;

use super::Page;
use super::plot::{self, Plot};
use super::rows::Row;
use crate::analysis::{RunLaws, SeriesLaw};
use crate::law::Fit;
use crate::report::escape::{escape, prose};
use crate::report::fits::{Intervals, grounds, law_numbers};
use crate::units::{cost, size};

/// Names the picture of a row within the page and in links to it.
pub(super) fn id(row: &Row, several_hosts: bool) -> String {
    let host = if several_hosts { format!("@{}", row.host) } else { String::new() };
    let name = format!("{}:{}{host}", row.workload, row.metric);
    escape(&name.replace(|c: char| c.is_whitespace() || c == '%', "_"))
}

pub(super) fn plots(html: &mut String, page: &Page, rows: &[Row]) {
    let mut drawn: Vec<(&Row, &RunLaws, &SeriesLaw, &Fit)> = rows
        .iter()
        .filter_map(|row| row.measured.and_then(|(run, law)| Some((row, run, law, law.series.outcome.as_ref().ok()?))))
        .collect();
    if drawn.is_empty() {
        return;
    }
    // The hosts of one workload and metric stand together, where the worst of them would.
    let first = |row: &Row| rows.iter().position(|it| (it.workload, it.metric) == (row.workload, row.metric));
    drawn.sort_by_key(|(row, ..)| first(row));
    html.push_str(
        "<h2>Cost as a function of size</h2>\n<p class=\"muted\">Both axes are logarithmic. Around each law is its \
         95&nbsp;% interval, size by size; below it, how far the costs lie from it. An upright band is the interval of a \
         breakpoint, a triangle the image size that the model's preprocessing clamps to.</p>\n<div class=\"plots\">\n",
    );
    for (row, run, law, fit) in drawn {
        figure(html, page, row, run, law, fit);
    }
    html.push_str("</div>\n");
}

/// `cargo xtask picture` finds a figure by its first tag, which has the id alone, and by its last.
fn figure(html: &mut String, page: &Page, row: &Row, run: &RunLaws, law: &SeriesLaw, fit: &Fit) {
    let SeriesLaw { series, band, baseline } = law;
    let record = run.run.series(&series.workload, series.metric);
    let rounds: Vec<(f64, f64)> = record.into_iter().flat_map(|s| s.costs()).map(|(n, _, cost)| (n, cost)).collect();
    let several_hosts = page.has_several_hosts();
    let id = id(row, several_hosts);
    let plot = Plot { series, fit, band, rounds: &rounds, baseline: baseline.as_ref(), id: &id };
    let host = if several_hosts { format!(" on {}", escape(row.host)) } else { String::new() };
    let _ = write!(
        html,
        "<figure id=\"{id}\">\n<h3>{} {}: {}{host}</h3>\n{}<figcaption>{}; {}\n",
        escape(row.workload),
        escape(row.metric),
        fit.class,
        plot::svg(&plot),
        prose(&law_numbers(series, fit, Intervals::Shown)),
        grounds(fit)
    );
    html.push_str(
        "<details><summary>costs and residuals</summary><table><thead><tr><th scope=\"col\">size</th>\
         <th scope=\"col\">cost</th><th scope=\"col\">law</th><th scope=\"col\">residual</th></tr></thead><tbody>\n",
    );
    for ((&n, &value), residual) in fit.sizes.iter().zip(&fit.costs).zip(&fit.residuals) {
        let cells = [
            size(n, &series.axis),
            cost(value, &series.unit),
            cost(fit.predict(n), &series.unit),
            format!("{:+.1} %", 100.0 * residual),
        ];
        let cells = cells.map(|cell| format!("<td class=\"number\">{}</td>", escape(&cell)));
        let _ = writeln!(html, "<tr>{}</tr>", cells.concat());
    }
    html.push_str("</tbody></table></details>\n</figcaption>\n</figure>\n");
}
