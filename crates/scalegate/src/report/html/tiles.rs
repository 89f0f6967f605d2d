//! The first screen: every law that gates as a small picture, coloured by its verdict, that leads to the large one.

use maud::{Markup, html};

use super::frame::{path, polyline};
use super::laws::Row;
use super::markup::{BREAK, prose};
use super::scale::LogScale;
use crate::analysis::{AcceptedLaw, SeriesLaw};
use crate::gate::Verdict;
use crate::law::Fit;

// Units of the drawing.
const WIDTH: f64 = 160.0;
const HEIGHT: f64 = 80.0;
const EDGE: f64 = 5.0;
/// The smallest factor that the axis of costs covers.
const MIN_FACTOR: f64 = 1.5;
/// Points along a law; a picture of this size shows no more.
const POINTS: usize = 24;

/// The pictures, the worst first; nothing without a law.
pub(super) fn tiles(rows: &[Row], several_hosts: bool) -> Markup {
    html! {
        @if rows.iter().any(|row| row.fit().is_some()) {
            nav class="tiles" aria-label="Laws that gate" {
                (BREAK)
                @for row in rows { @if let Some((_, law, fit)) = row.fit() { (tile(row, law, fit, several_hosts)) } }
            }
        }
    }
}

fn tile(row: &Row, law: &SeriesLaw, fit: &Fit, several_hosts: bool) -> Markup {
    let verdict = row.verdict.map_or_else(|| "new".to_owned(), |verdict| verdict.to_string());
    html! {
        a class={ "tile " (verdict) } href={ "#" (row.id(several_hosts)) } {
            strong { (row.workload) } " " span class="metric" { (row.metric) }
            @if several_hosts { " " span { (row.host) } }
            @if let Some(picture) = picture(law, fit) { (picture) }
            span class="outcome" { (fit.class) @if row.verdict.is_some() { ", " (verdict) } }
            @if row.verdict.is_some_and(|verdict| verdict != Verdict::Inconclusive) { " " small { (prose(&row.change())) } }
        }
        (BREAK)
    }
}

/// The law over its costs, with the accepted one. Its words stand beside it.
pub(super) fn picture(SeriesLaw { band, baseline, .. }: &SeriesLaw, fit: &Fit) -> Option<Markup> {
    let step = band.len().div_ceil(POINTS).max(1);
    let mut sizes: Vec<f64> = band.iter().map(|(n, _)| *n).step_by(step).chain(band.last().map(|(n, _)| *n)).collect();
    let laws = [Some(fit), baseline.as_ref().map(|its| &its.fit)].into_iter().flatten();
    let within = |k: &f64| sizes.first().is_some_and(|first| first < k) && sizes.last().is_some_and(|last| k < last);
    let corners: Vec<f64> = laws.flat_map(|its| its.curve.corners()).filter(within).collect();
    sizes.extend(corners);
    sizes.sort_by(f64::total_cmp);
    let along = |law: &Fit, scale: f64| sizes.iter().map(|n| (*n, scale * law.predict(*n))).collect::<Vec<_>>();
    let own = along(fit, 1.0);
    let before = baseline.as_ref().map(|AcceptedLaw { fit: before, comparable }| {
        let smallest = sizes.first().copied().unwrap_or(1.0);
        along(before, if *comparable { 1.0 } else { fit.predict(smallest) / before.predict(smallest) })
    });
    let x = LogScale::over(fit.sizes.iter().copied(), MIN_FACTOR, (EDGE, WIDTH - EDGE))?;
    let costs = own.iter().chain(before.iter().flatten()).map(|(_, cost)| *cost).chain(fit.costs.iter().copied());
    let y = LogScale::over(costs, MIN_FACTOR, (HEIGHT - EDGE, EDGE))?;
    let line = |points: &[(f64, f64)]| {
        polyline(points.iter().filter(|(_, cost)| *cost > 0.0).map(|(n, cost)| (x.at(*n), y.at(*cost))))
    };
    let dots: String = fit
        .sizes
        .iter()
        .zip(&fit.costs)
        .filter(|(_, cost)| **cost > 0.0)
        .map(|(n, cost)| format!("M{:.0} {:.0}h0", x.at(*n), y.at(*cost)))
        .collect();
    Some(html! {
        svg viewBox=(format_args!("0 0 {WIDTH} {HEIGHT}")) aria-hidden="true" {
            (path("dots", dots))
            (path("law", line(&own)))
            @if let Some(before) = &before { (path("baseline", line(before))) }
        }
    })
}
