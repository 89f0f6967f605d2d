//! The laws of the runs: a table of those that gate, the worst first, and a picture of each; the others folded by metric.

use maud::{Markup, html};

use super::markup::{BREAK, anchor, outcome, prose};
use super::page::Page;
use super::plot::{self, Plot};
use super::tiles;
use crate::analysis::{RunLaws, SeriesLaw, Unfitted};
use crate::gate::{Finding, Outcome, Quantity, Verdict};
use crate::law::Fit;
use crate::metric::Metric;
use crate::record::Series;
use crate::report::expected_units;
use crate::report::findings;
use crate::report::laws::{Intervals, grounds, law_numbers};
use crate::units::{cost, percent, size, value};

/// A workload and metric of a host, which was measured or should have been.
pub(super) struct Row<'a> {
    pub(super) host: &'a str,
    pub(super) workload: &'a str,
    pub(super) metric: Metric,
    pub(super) measured: Option<(&'a RunLaws<'a>, &'a SeriesLaw)>,
    /// `None` if it does not gate: it explains other metrics, or has nothing to be compared with that is required.
    pub(super) verdict: Option<Verdict>,
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
            rows.push(row(page, host, &series.workload, series.metric, Some((run, law))));
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

fn key(finding: &Finding) -> (&str, &str, Metric) {
    (&finding.host, &finding.workload, finding.metric)
}

fn row<'a>(
    page: &Page<'a>,
    host: &'a str,
    workload: &'a str,
    metric: Metric,
    measured: Option<(&'a RunLaws<'a>, &'a SeriesLaw)>,
) -> Row<'a> {
    let mine = || page.check.findings.iter().filter(|finding| key(finding) == (host, workload, metric));
    let verdict = mine().next().map(|_| Verdict::join(mine().map(|finding| finding.outcome)));
    // What regressed speaks for the row before what is only uncertain.
    let weight = |finding: &&Finding| (finding.outcome == Outcome::Regressed, excess(finding));
    let worst = mine()
        .filter(|finding| finding.change.is_some() && findings::is_change(finding))
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

impl<'a> Row<'a> {
    /// The law, if there is one.
    pub(super) fn fit(&self) -> Option<(&'a RunLaws<'a>, &'a SeriesLaw, &'a Fit)> {
        let (run, law) = self.measured?;
        Some((run, law, law.series.outcome.as_ref().ok()?))
    }

    fn excess(&self) -> f64 {
        self.worst.map_or(0.0, excess)
    }

    /// Names the picture within the page and in links to it.
    pub(super) fn id(&self, several_hosts: bool) -> String {
        let host = if several_hosts { format!("@{}", self.host) } else { String::new() };
        anchor(&format!("{}:{}{host}", self.workload, self.metric))
    }

    /// The largest change, for instance `growth +179.0 %`.
    pub(super) fn change(&self) -> String {
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

/// What gates; of a first run, where nothing does, what may. And the others.
pub(super) fn gating(rows: Vec<Row<'_>>) -> (Vec<Row<'_>>, Vec<Row<'_>>) {
    let has_any = rows.iter().any(|row| row.verdict.is_some());
    let may_gate = |row: &Row| row.metric.is_gated() && row.fit().is_some();
    rows.into_iter().partition(|row| if has_any { row.verdict.is_some() } else { may_gate(row) })
}

/// The verdict in a sentence.
pub(super) fn sentence(rows: &[Row]) -> String {
    let with = |verdicts: &[Verdict]| -> Vec<String> {
        let own = rows.iter().filter(|row| row.verdict.is_some_and(|its| verdicts.contains(&its)));
        own.map(|row| format!("{} {}", row.workload, row.metric)).collect()
    };
    let (regressed, open) = (with(&[Verdict::Regressed, Verdict::Mixed]), with(&[Verdict::Inconclusive]));
    let (improved, all) = (with(&[Verdict::Improved]), rows.iter().filter(|row| row.verdict.is_some()).count());
    let named = |names: &[String]| match names.get(MAX_NAMED..) {
        Some(more) if !more.is_empty() => format!("{} and {} more", names[..MAX_NAMED].join(", "), more.len()),
        _ => names.join(", "),
    };
    let mut parts = Vec::new();
    for (names, what) in [(&regressed, "regressed"), (&improved, "improved"), (&open, "undecided")] {
        if !names.is_empty() {
            parts.push(format!("{what}: {}", named(names)));
        }
    }
    let passed = all - regressed.len() - improved.len() - open.len();
    match (all, passed) {
        (0, _) => "Nothing was compared: these are the laws as measured.".to_owned(),
        (1, 1) => "The one law matches its baseline.".to_owned(),
        (1, _) => format!("One law, {}.", parts.join("; ")),
        _ if passed == all => format!("All {all} laws match their baselines."),
        (_, 0) => format!("Of {all} laws none matches its baseline; {}.", parts.join("; ")),
        (_, 1) => format!("Of {all} laws 1 matches its baseline; {}.", parts.join("; ")),
        _ => format!("Of {all} laws {passed} match their baselines; {}.", parts.join("; ")),
    }
}

/// So many laws are named in a sentence.
const MAX_NAMED: usize = 3;

/// The metrics that could not be measured, in one line.
pub(super) fn unavailable(rows: &[Row]) -> Markup {
    let mut reasons: Vec<(&str, Vec<Metric>)> = Vec::new();
    for row in rows {
        let Some((run, law)) = row.measured else { continue };
        let series = run.run.series(&law.series.workload, row.metric);
        let Some(reason) = series.and_then(|series| series.unavailable.as_deref()) else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, metrics)) if metrics.contains(&row.metric) => {}
            Some((_, metrics)) => metrics.push(row.metric),
            None => reasons.push((reason, vec![row.metric])),
        }
    }
    html! {
        @if !reasons.is_empty() {
            p class="muted" {
                "Unavailable: "
                @for (index, (reason, metrics)) in reasons.iter().enumerate() {
                    @if index > 0 { "; " }
                    @for metric in metrics { (metric) " " }
                    "(" (prose(reason)) ")"
                }
                "."
            }
        }
    }
}

/// What does not gate, folded by metric.
pub(super) fn rest(page: &Page, rows: &[Row]) -> Markup {
    let is_drawn = |row: &&Row| {
        row.measured.is_none_or(|(run, law)| {
            run.run.series(&law.series.workload, row.metric).is_none_or(|series| series.unavailable.is_none())
        })
    };
    let mut metrics: Vec<Metric> = rows.iter().filter(is_drawn).map(|row| row.metric).collect();
    metrics.sort_unstable();
    metrics.dedup();
    html! {
        @if !metrics.is_empty() {
            h2 { "What does not gate" }
            @for metric in metrics {
                @let own: Vec<&Row> = rows.iter().filter(|row| row.metric == metric).filter(is_drawn).collect();
                details class="rest" {
                    summary { (metric) " (" (own.len()) ")" }
                    (table(&own, page.has_several_hosts(), false))
                    (small_pictures(&own, page.has_several_hosts()))
                }
            }
        }
    }
}

pub(super) fn laws_table(rows: &[Row], several_hosts: bool) -> Markup {
    let rows: Vec<&Row> = rows.iter().collect();
    html! {
        h2 id="laws" { "Laws that gate" }
        p class="muted" { "The worst first. A heading sorts by its column." }
        div class="scroll" tabindex="0" role="region" aria-labelledby="laws" { (table(&rows, several_hosts, true)) }
    }
}

fn table(rows: &[&Row], several_hosts: bool, is_sortable: bool) -> Markup {
    html! {
            table class=[is_sortable.then_some("sortable")] {
                thead {
                    tr {
                        th scope="col" { "workload" }
                        th scope="col" { "metric" }
                        @if several_hosts { th scope="col" { "host" } }
                        th scope="col" aria-sort=[is_sortable.then_some("ascending")] { "outcome" }
                        th scope="col" { "largest change" }
                        th scope="col" { "law" }
                        th scope="col" { "in numbers" }
                    }
                }
                tbody { @for (position, row) in rows.iter().enumerate() { (table_row(position, row, several_hosts)) } }
            }
    }
}

fn table_row(position: usize, row: &Row, several_hosts: bool) -> Markup {
    let (class, numbers) = match row.measured.map(|(_, law)| (&law.series, &law.series.outcome)) {
        None => ("none", "not measured".to_owned()),
        Some((_, Err(Unfitted::Fault(reason)))) => ("none", reason.clone()),
        Some((_, Err(Unfitted::Value(number)))) => ("a number", value(*number)),
        Some((series, Ok(fit))) => (fit.class.as_str(), law_numbers(series, fit, Intervals::Left)),
    };
    let has_picture = row.measured.is_some_and(|(_, law)| law.series.outcome.is_ok());
    html! {
        tr {
            th scope="row" {
                @if has_picture { a href={ "#" (row.id(several_hosts)) } { (row.workload) } } @else { (row.workload) }
            }
            td { (row.metric) }
            @if several_hosts { td { (row.host) } }
            td data-sort=(position) {
                @match row.verdict {
                    None => "does not gate",
                    Some(verdict) => (outcome(&verdict.to_string())),
                }
            }
            td data-sort=(format_args!("{:.4}", row.excess())) { (prose(&row.change())) }
            td { (class) }
            td { (prose(&numbers)) }
        }
        (BREAK)
    }
}

/// The laws that gate as pictures, hosts side by side.
pub(super) fn plots(page: &Page, rows: &[Row]) -> Markup {
    html! {
        @if rows.iter().any(|row| row.fit().is_some()) {
            h2 { "Cost as a function of size" }
            p class="muted" {
                "Both axes are logarithmic. Around each law is its 95\u{a0}% interval, size by size; below it, how far the costs lie \
                 from it. An upright band is the interval of a breakpoint, or the sizes that a step lies between, a triangle \
                 the image size that the model's preprocessing clamps to. Pointing at a mark, or reaching it by the keyboard, shows its numbers."
            }
            (pictures(page, rows))
        }
    }
}

/// Of what does not gate: the law over its costs, with its numbers.
fn small_pictures(rows: &[&Row], several_hosts: bool) -> Markup {
    let drawn: Vec<(&Row, Markup, &SeriesLaw, &Fit)> = rows
        .iter()
        .filter_map(|row| row.fit().and_then(|(_, law, fit)| Some((*row, tiles::picture(law, fit)?, law, fit))))
        .collect();
    html! {
        @if !drawn.is_empty() {
            div class="tiles" {
                (BREAK)
                @for (row, picture, law, fit) in drawn {
                    figure class="tile" id=(row.id(several_hosts)) {
                        strong { (row.workload) } @if several_hosts { " " (row.host) }
                        (picture)
                        figcaption { (fit.class) ": " (prose(&law_numbers(&law.series, fit, Intervals::Left))) "; " (grounds(fit)) }
                    }
                    (BREAK)
                }
            }
        }
    }
}

fn pictures(page: &Page, rows: &[Row]) -> Markup {
    let mut drawn: Vec<(&Row, &RunLaws, &SeriesLaw, &Fit)> =
        rows.iter().filter_map(|row| row.fit().map(|(run, law, fit)| (row, run, law, fit))).collect();
    // The hosts of one workload and metric stand together, where the worst of them would.
    let first = |row: &Row| rows.iter().position(|it| (it.workload, it.metric) == (row.workload, row.metric));
    drawn.sort_by_key(|(row, ..)| first(row));
    html! {
        @if !drawn.is_empty() {
            div class="plots" {
                (BREAK)
                @for (row, run, law, fit) in drawn { (figure(page, row, (run, law, fit))) }
            }
        }
    }
}

fn figure(page: &Page, row: &Row, (run, law, fit): (&RunLaws, &SeriesLaw, &Fit)) -> Markup {
    let SeriesLaw { series, band, baseline } = law;
    let record = run.run.series(&series.workload, series.metric);
    let rounds: Vec<(f64, f64)> = record.into_iter().flat_map(Series::costs).map(|(n, _, cost)| (n, cost)).collect();
    let id = row.id(page.has_several_hosts());
    let plot = Plot { series, fit, band, rounds: &rounds, baseline: baseline.as_ref(), id: &id };
    html! {
        figure id=(id) {
            (BREAK)
            h3 { (row.workload) " " (row.metric) ": " (fit.class) (page.on(row.host)) }
            (plot::svg(&plot))
            figcaption {
                (prose(&law_numbers(series, fit, Intervals::Shown))) "; " (grounds(fit))
                @if let Some(line) = expected_units::line(series) { p class="muted" { (prose(&line)) } }
                details {
                    summary { "costs and residuals" }
                    (residuals(law, fit))
                }
            }
            (BREAK)
        }
        (BREAK)
    }
}

fn residuals(SeriesLaw { series, .. }: &SeriesLaw, fit: &Fit) -> Markup {
    html! {
        table {
            thead {
                tr {
                    @for name in ["size", "cost", "law", "residual"] { th scope="col" { (name) } }
                    @if let Some(units) = &series.units {
                        th scope="col" { "expected " (units.unit.plural()) }
                        th scope="col" { "cost of" }
                    }
                }
            }
            tbody {
                @for ((&n, &value), residual) in fit.sizes.iter().zip(&fit.costs).zip(&fit.residuals) {
                    tr {
                        td class="number" { (size(n, &series.axis)) }
                        td class="number" { (cost(value, &series.unit)) }
                        td class="number" { (cost(fit.predict(n), &series.unit)) }
                        td class="number" { (percent(*residual)) }
                        @if let Some(units) = &series.units {
                            @for number in expected_units::cells(units, n) { td class="number" { (number) } }
                        }
                    }
                }
            }
        }
    }
}
