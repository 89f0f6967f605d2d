//! A head against its base, as a page: the ratio of their costs over size.

use maud::{Markup, html};

use super::frame::{BOTTOM, LEFT, Px, RIGHT, TOP, drawing, entry, left_label, path, polyline, titles};
use super::markup::{BREAK, document, figure_id, outcome, prose};
use super::scale::{LogScale, steps};
use crate::Axis;
use crate::analysis::{PairCheck, base_ratios, ratios};
use crate::gate::{Finding, Quantity};
use crate::law::Interval;
use crate::record::{PairRecord, PairSeries};
use crate::report::findings::{self, Sides, words};
use crate::report::pairs::{sides, spans};
use crate::report::verdict::tally;
use crate::units::{size, tick};

const HEIGHT: f64 = 360.0;

/// The smallest factor that the axis of sizes covers.
const MIN_FACTOR: f64 = 2.0;
/// The smallest change that the picture has room for, so that noise isn't blown up to fill it.
const MIN_CHANGE: f64 = 0.005;
/// Room around the outermost changes, as a share of what they span.
const MARGIN: f64 = 0.08;

/// The page.
pub fn pairs_html(record: &PairRecord, check: &PairCheck) -> String {
    let verdict = check.verdict;
    let body = html! {
        h1 { "scalegate: " span class=(verdict) { (verdict) } }
        p { (prose(&sides(record))) ": " (prose(&tally(check.findings.iter().map(|finding| finding.outcome)))) }
        p class="muted" { "Host class " (record.host.class) ", measured " (record.measured) }
        p class="muted" {
            "The change of cost from base to head at each size, with intervals of 95 % over the pairs of rounds. The zone around zero is \
             what a cost may change by."
        }
        div class="plots" {
            (BREAK)
            @for group in check.findings.chunk_by(|a, b| a.key() == b.key()) { (figure(record, group)) }
        }
        (provenance(record))
    };
    document(&format!("scalegate: {verdict}"), &body)
}

fn figure(record: &PairRecord, findings: &[Finding]) -> Markup {
    let (workload, metric) = (&findings[0].workload, findings[0].metric);
    let Some(series) = record.series.iter().find(|series| series.workload == *workload) else { return html! {} };
    let id = figure_id("pairs", workload, metric, None);
    let picture = Picture {
        series,
        title: format!("{workload} {metric}: change over size"),
        changes: ratios(series, metric),
        of_base: base_ratios(series, metric),
        tolerance: findings.iter().find(|its| its.quantity == Quantity::CostLargest).and_then(|its| its.tolerance),
    };
    html! {
        figure id=(id) {
            (BREAK)
            h3 { (workload) " " (metric) }
            @match picture.draw(&id) {
                Some(picture) => (picture),
                None => { p { "No cost to draw." } }
            }
            figcaption {
                (series.pairs.len()) " pairs of rounds"
                table {
                    tbody {
                        @for finding in findings { (row(finding)) }
                    }
                }
            }
            (BREAK)
        }
        (BREAK)
    }
}

fn row(finding: &Finding) -> Markup {
    let (change, tolerated) = spans(finding);
    html! {
        tr {
            th scope="row" { (findings::quantity(finding.quantity)) }
            td { (outcome(&finding.outcome.to_string())) }
            @if finding.quantity == Quantity::All {
                td { (prose(&words(finding, Sides::Revisions))) }
            } @else {
                td { (prose(&change)) @if !tolerated.is_empty() { ", " (prose(&tolerated)) " tolerated" } }
            }
        }
    }
}

fn provenance(record: &PairRecord) -> Markup {
    let hashes = |executables: &std::collections::BTreeMap<String, String>| {
        let one = |(name, hash): (&String, &String)| format!("{name} {}", hash.get(..12).unwrap_or(hash));
        executables.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    html! {
        h2 { "What was compared" }
        div class="scroll" {
            table class="fields" {
                thead { tr { th {} th { "name" } th { "tree" } th { "programs (SHA-256)" } } }
                tbody {
                    @for (side, arm) in [("base", &record.base), ("head", &record.head)] {
                        tr { th scope="row" { (side) } td { (arm.name) } td { (arm.tree) } td { (hashes(&arm.executables)) } }
                    }
                }
            }
        }
        p {
            @match (record.random_layout, record.function_alignment) {
                (true, _) => { "Functions and data of each process lie in an order that was drawn for it." }
                (false, Some(bytes)) => { "Functions begin at multiples of " (bytes) " bytes; where an edit moves them can still change times by percents." }
                (false, None) => { "Functions are not aligned: where an edit moves them can change times by percents." }
            }
            " Seed " (record.seed) "."
        }
    }
}

/// The changes of a workload, drawn over size.
struct Picture<'a> {
    series: &'a PairSeries,
    title: String,
    changes: Vec<(u64, Interval)>,
    /// Of the base against itself.
    of_base: Vec<(u64, Interval)>,
    /// Of a cost.
    tolerance: Option<f64>,
}

impl Picture<'_> {
    fn draw(&self, id: &str) -> Option<Markup> {
        let x = LogScale::over(self.changes.iter().map(|(size, _)| *size as f64), MIN_FACTOR, (LEFT, RIGHT))?;
        let ends = self.changes.iter().flat_map(|(_, change)| [change.lower, change.upper]);
        let y = Changes::over(ends.chain(self.of_base.iter().map(|(_, change)| change.estimate)), self.tolerance);
        let axis = &self.series.axis;
        let largest = self.changes.iter().map(|(size, _)| *size).max().unwrap_or(1) as f64;
        let (factor, name) = axis.unit_at(largest);
        let sizes = if *axis == Axis::TOKENS { x.binary_ticks() } else { x.ticks() };
        let at = |(size, change): &(u64, Interval)| (x.at(*size as f64), y.at(change.estimate));
        let content = html! {
            (path("frame", format_args!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")))
            @if let Some(tolerance) = self.tolerance {
                @let (top, bottom) = (y.at(tolerance), y.at(-tolerance));
                rect class="band" x=(LEFT) y=(Px(top)) width=(RIGHT - LEFT) height=(Px(bottom - top)) {}
            }
            @for value in y.ticks() {
                (path("grid", format_args!("M{LEFT} {:.1}H{RIGHT}", y.at(value))))
                (left_label(y.at(value), &percent_tick(value)))
            }
            @for value in sizes {
                @let x = x.at(value);
                (path("grid", format_args!("M{x:.1} {TOP}V{BOTTOM}")))
                text class="mid" x=(Px(x)) y=(BOTTOM + 16.0) { (tick(value / factor)) }
            }
            (titles(HEIGHT, f64::midpoint(TOP, BOTTOM), &format!("{} ({name})", axis.title()), "head against base"))
            (path("zero", format_args!("M{LEFT} {:.1}H{RIGHT}", y.at(0.0))))
            (path("baseline", polyline(self.of_base.iter().map(at))))
            (path("interval", self.around(&x, &y)))
            (path("law", polyline(self.changes.iter().map(at))))
            @for (size, change) in &self.changes {
                @let x = x.at(*size as f64);
                (path("spread", format_args!("M{x:.1} {:.1}V{:.1}", y.at(change.lower), y.at(change.upper))))
                circle class="point" cx=(Px(x)) cy=(Px(y.at(change.estimate))) r="3.5" {}
            }
            (self.legend())
        };
        Some(drawing(id, HEIGHT, &self.title, &self.description(), &content))
    }

    fn around(&self, x: &LogScale, y: &Changes) -> String {
        let upper = self.changes.iter().map(|(size, change)| (*size, change.upper));
        let lower = self.changes.iter().rev().map(|(size, change)| (*size, change.lower));
        polyline(upper.chain(lower).map(|(size, change)| (x.at(size as f64), y.at(change))))
    }

    fn legend(&self) -> Markup {
        let change = html! { (path("interval", "M0 -9H18V1H0z")) (path("law", "M0 -4H18")) };
        html! {
            (entry(&change, "change, 95 % interval", (LEFT, 14.0)))
            @if self.tolerance.is_some() {
                (entry(&html! { rect class="band" x="0" y="-10" width="18" height="12" {} }, "tolerated", (LEFT + 190.0, 14.0)))
            }
            @if !self.of_base.is_empty() {
                (entry(&path("baseline", "M0 -4H18"), "base against itself", (LEFT, 32.0)))
            }
        }
    }

    fn description(&self) -> String {
        let one = |(at, change): &(u64, Interval)| {
            let Interval { estimate, lower, upper } = *change;
            let [estimate, lower, upper] = [estimate, lower, upper].map(crate::units::change);
            format!("{}: {estimate}, between {lower} and {upper}", size(*at as f64, &self.series.axis))
        };
        self.changes.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// From relative changes to heights, on a scale that is even: they are small, and of both signs.
struct Changes {
    low: f64,
    high: f64,
}

impl Changes {
    /// Covers zero, what is tolerated, and all `changes`.
    fn over(changes: impl Iterator<Item = f64>, tolerance: Option<f64>) -> Self {
        let room = tolerance.unwrap_or(0.0).max(MIN_CHANGE);
        let (low, high) = changes.fold((-room, room), |(low, high), its| (low.min(its), high.max(its)));
        let margin = MARGIN * (high - low);
        Self { low: low - margin, high: high + margin }
    }

    fn at(&self, change: f64) -> f64 {
        BOTTOM - (change - self.low) / (self.high - self.low) * (BOTTOM - TOP)
    }

    fn ticks(&self) -> Vec<f64> {
        steps(self.low, self.high)
    }
}

fn percent_tick(change: f64) -> String {
    let percent = 100.0 * change;
    // A multiple of a step can be off zero by rounding.
    if percent.abs() < 1e-9 { "0 %".to_owned() } else { format!("{} %", tick(percent)) }
}
