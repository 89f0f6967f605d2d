//! A verdict as a job summary or as a comment on a pull request: the verdict first, then only what changed.

use std::fmt::Write;

use super::escaping::{cell, code, plain, prose};
use super::findings::{self, Sides, headline, words};
use super::matches::{alike, scope, shorten};
use super::verdict::{open, reproduce, summary};
use crate::Axis;
use crate::analysis::{AcceptedLaw, Check, RunLaws, SeriesLaw};
use crate::gate::{Finding, Outcome, Quantity};
use crate::law::Fit;
use crate::units::{cost_unit, rounded_size, size, three_digits};
use crate::workload::WorkloadName;

/// A comment has room for 65,536 characters, and a reader for less: beyond these, the report has the rest.
const MAX_ITEMS: usize = 20;
const MAX_CHARTS: usize = 3;
const MAX_ROWS: usize = 60;

/// The verdict in Markdown as GitHub renders it. `runs` holds the laws of what did not pass; workloads without a law have no
/// chart. `here` are the workloads that scalegate measures itself.
pub fn check_markdown(check: &Check, runs: &[RunLaws], here: &[WorkloadName]) -> String {
    let mut text = format!("## scalegate: {}\n\n{}\n", check.verdict, summary(check));
    let several_hosts = check.findings.windows(2).any(|pair| pair[0].host != pair[1].host);
    let changed = changed(check);
    if !changed.is_empty() {
        text.push('\n');
    }
    for (i, group) in changed.iter().enumerate() {
        if i == MAX_ITEMS {
            let _ = writeln!(text, "- … and {} more, in the report", changed.len() - MAX_ITEMS);
            break;
        }
        let host = if several_hosts { format!(" on {}", code(&group[0].host)) } else { String::new() };
        let _ = writeln!(
            text,
            "- **{}** {} {}{}{host}: {}",
            strongest(group),
            code(&group[0].workload),
            prose(group[0].metric.name()),
            if group[0].paired { " in pairs" } else { "" },
            story(group, law_of(runs, group))
        );
    }
    undecided(&mut text, check);
    for group in changed.iter().take(MAX_CHARTS) {
        if let Some(law) = law_of(runs, group) {
            text.push_str(&chart(law));
        }
    }
    details(&mut text, check, several_hosts);
    if !check.subject_changes.is_empty() {
        text.push_str("\nConfiguration differs from the baseline:\n\n");
    }
    for change in &check.subject_changes {
        let _ = writeln!(text, "- {}", prose(&shorten(change)));
    }
    for note in &check.notes {
        let _ = writeln!(text, "\nNote: {}", prose(&findings::note(note)));
    }
    // Commands hold no line that begins with a backtick, which alone would end the block.
    let _ = write!(text, "\nSee it again:\n\n```sh\n{}```\n", reproduce(check, here));
    text
}

/// What regressed or improved, by host, workload and metric; the worst first.
fn changed(check: &Check) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let is_changed = |finding: &&Finding| matches!(finding.outcome, Outcome::Regressed | Outcome::Improved);
    for finding in open(check).filter(is_changed) {
        let key = |it: &Finding| (it.host.clone(), it.key(), it.paired);
        match groups.iter_mut().find(|group| key(group[0]) == key(finding)) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// `regressed` if anything did: what improved as well is in the words.
fn strongest(group: &[&Finding]) -> Outcome {
    if group.iter().any(|finding| finding.outcome == Outcome::Regressed) {
        Outcome::Regressed
    } else {
        Outcome::Improved
    }
}

fn law_of<'a>(runs: &'a [RunLaws<'a>], group: &[&Finding]) -> Option<&'a SeriesLaw> {
    let first = group[0];
    let run = runs.iter().find(|run| run.run.provenance.host.class == first.host)?;
    let is_its = |law: &&SeriesLaw| (&law.series.workload, law.series.metric) == (&first.workload, first.metric);
    run.laws.iter().find(is_its)
}

/// What happened to a law, and what it comes to: "knee moved from 0.20 MP to 0.80 MP; a 3.67 MP image now costs 5.3 times as
/// much".
fn story(group: &[&Finding], law: Option<&SeriesLaw>) -> String {
    let consequence = consequence(group, law);
    let told = consequence.as_ref().map(|(quantity, _)| *quantity);
    let mut parts: Vec<String> = TELLING
        .iter()
        .filter_map(|quantity| group.iter().find(|finding| finding.quantity == *quantity))
        .filter(|finding| Some(finding.quantity) != told)
        .take(2)
        .map(|finding| prose(&headline(finding)))
        .collect();
    parts.extend(consequence.map(|(_, what)| what));
    if parts.is_empty() {
        parts.extend(group.iter().map(|finding| prose(&headline(finding))));
    }
    parts.join("; ")
}

/// Quantities in the order in which they help a reader to find the cause.
const TELLING: [Quantity; 12] = [
    Quantity::Budget,
    Quantity::ExpectedUnits,
    Quantity::Knee,
    Quantity::Breakpoint,
    Quantity::Tread,
    Quantity::Class,
    Quantity::Slope,
    Quantity::SlopeRatio,
    Quantity::CurvatureShare,
    Quantity::Level,
    Quantity::CostSmallest,
    Quantity::Growth,
];

/// What a change comes to at the largest size: in cost where costs compare, else against the smallest size.
fn consequence(group: &[&Finding], law: Option<&SeriesLaw>) -> Option<(Quantity, String)> {
    let series = &law?.series;
    let sizes = &series.outcome.as_ref().ok()?.sizes;
    let (smallest, largest) = (*sizes.first()?, *sizes.last()?);
    let at = |n: f64| rounded_size(n, &series.axis);
    let (what, beside) = if series.axis == Axis::PIXELS {
        (format!("a {} image now costs", at(largest)), format!("a {} one", at(smallest)))
    } else {
        (format!("{} now cost", size(largest, &series.axis)), size(smallest, &series.axis))
    };
    let change = |quantity: Quantity| {
        let finding = group.iter().find(|finding| finding.quantity == quantity && finding.relative)?;
        Some(1.0 + finding.change?.estimate)
    };
    if let Some(factor) = change(Quantity::CostLargest) {
        return Some((Quantity::CostLargest, format!("{what} {}", times(factor))));
    }
    let factor = change(Quantity::Growth)?;
    Some((Quantity::Growth, format!("{what} {}, measured beside {beside}", times(factor))))
}

/// `5.3 times as much`, or `12 % more`.
fn times(factor: f64) -> String {
    match factor {
        f if f >= 9.95 => format!("{f:.0} times as much"),
        f if f >= 1.5 => format!("{f:.1} times as much"),
        f if f >= 1.0 => format!("{:.1} % more", 100.0 * (f - 1.0)),
        f if f > 0.67 => format!("{:.1} % less", 100.0 * (1.0 - f)),
        f => format!("{f:.2} times as much"),
    }
}

/// What is neither shown to have changed nor to have stayed, by reason.
fn undecided(text: &mut String, check: &Check) {
    let findings = check.findings.iter().filter(|finding| finding.outcome == Outcome::Inconclusive);
    let groups = alike(findings);
    if groups.is_empty() {
        return;
    }
    // A reason that is shared says more than the numbers of a single quantity.
    let (missing, uncertain): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group[0].quantity == Quantity::All);
    text.push('\n');
    for group in missing.iter().take(MAX_ITEMS) {
        let mut workloads: Vec<String> = group.iter().map(|finding| code(&finding.workload)).collect();
        workloads.dedup();
        let more = workloads.len().saturating_sub(8);
        workloads.truncate(8);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (first, names) = (group[0], workloads.join(", "));
        let what = prose(&words(first, Sides::Baseline));
        let _ = writeln!(text, "- inconclusive {names}{more} {}: {what}", prose(first.metric.name()));
    }
    if !uncertain.is_empty() {
        let count: usize = uncertain.iter().map(|group| group.len()).sum();
        let mut names: Vec<String> =
            uncertain.iter().flat_map(|group| group.iter()).map(|finding| code(&finding.workload)).collect();
        names.dedup();
        names.truncate(8);
        let _ = writeln!(
            text,
            "- inconclusive: {count} quantities of {} are neither shown to be within their tolerances nor beyond; more \
             rounds or a quieter machine would decide",
            names.join(", ")
        );
    }
}

/// Costs before and after at each size: bars for the run, a line for the baseline.
fn chart(law: &SeriesLaw) -> String {
    let (Ok(fit), Some(baseline)) = (&law.series.outcome, &law.baseline) else { return String::new() };
    let series = &law.series;
    let (size_factor, size_name) = series.axis.unit_at(fit.sizes.last().copied().unwrap_or(1.0));
    let AcceptedLaw { fit: before, comparable } = baseline;
    let smallest = |fit: &Fit| fit.predict(fit.sizes[0]);
    let (after_factor, before_factor, y_name) = if *comparable {
        let (factor, unit) = cost_unit(fit.costs.iter().copied().fold(0.0, f64::max), &series.unit);
        (factor, factor, format!("{} in {unit}", series.metric.name().replace('_', " ")))
    } else {
        (smallest(fit), smallest(before), format!("{} over that of the smallest size", series.metric.name()))
    };
    let list = |values: Vec<String>| values.join(", ");
    let sizes = list(fit.sizes.iter().map(|n| format!("\"{}\"", three_digits(n / size_factor))).collect());
    let after = list(fit.costs.iter().map(|cost| format!("{:.4}", cost / after_factor)).collect());
    let line = list(fit.sizes.iter().map(|n| format!("{:.4}", before.predict(*n).max(0.0) / before_factor)).collect());
    format!(
        "\n```mermaid\nxychart-beta\n    title \"{} {}\"\n    x-axis \"size in {}\" [{sizes}]\n    y-axis \"{}\"\n    \
         bar [{after}]\n    line [{line}]\n```\n\nBars: this run. Line: the law of the baseline{}.\n",
        plain(&series.workload),
        plain(series.metric.name()),
        plain(&size_name),
        plain(&y_name),
        if *comparable { "" } else { ", which comes from another host: only its shape compares" },
    )
}

fn details(text: &mut String, check: &Check, several_hosts: bool) {
    let rows: Vec<&Finding> = open(check).collect();
    if rows.is_empty() {
        return;
    }
    let host = if several_hosts { ("host | ", "---|") } else { ("", "") };
    let _ = write!(
        text,
        "\n<details><summary>In numbers</summary>\n\n| {}workload | metric | quantity | outcome | what changed |\n\
         |{}---|---|---|---|---|\n",
        host.0, host.1
    );
    for finding in rows.iter().take(MAX_ROWS) {
        let host = if several_hosts { format!("{} | ", cell(&code(&finding.host))) } else { String::new() };
        let of = scope(finding);
        let _ = writeln!(
            text,
            "| {host}{} | {} | {} ({of}) | {} | {} |",
            cell(&code(&finding.workload)),
            cell(&prose(finding.metric.name())),
            findings::quantity(finding.quantity),
            finding.outcome,
            cell(&prose(&words(finding, Sides::Baseline)))
        );
    }
    if rows.len() > MAX_ROWS {
        let _ = writeln!(text, "\n… and {} more, in the report", rows.len() - MAX_ROWS);
    }
    text.push_str("\n</details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_told_as_people_do() {
        let told = [5.33, 30.2, 1.12, 0.9, 0.4].map(times);
        assert_eq!(told, ["5.3 times as much", "30 times as much", "12.0 % more", "10.0 % less", "0.40 times as much"]);
    }
}
