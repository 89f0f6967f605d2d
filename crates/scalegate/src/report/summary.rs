//! What a session measured, as it is read on a terminal: a table, a verdict, and what to do next.

mod layout;

use std::collections::BTreeMap;
use std::fmt::Write;

use self::layout::{coloured, table, wrapped};
use super::findings::{self, Sides};
use super::laws::brief_law;
use super::matches::{alike, words_of};
use crate::analysis::{Check, Fact, SeriesFit, Unfitted};
use crate::gate::{Finding, Outcome, Quantity, Reason, Verdict};
use crate::metric::Metric;
use crate::record::{Run, Series, SeriesKey};
use crate::terminal::Style;
use crate::units::{change, value};

/// What came out of a session.
pub struct Measured<'a> {
    /// The series that were measured.
    pub run: &'a Run,
    /// Their laws, in the same order.
    pub fits: &'a [SeriesFit],
    /// The check of the run; findings of other series are left out.
    pub check: &'a Check,
    /// Whether the command of the next step is `scalegate run`, and not `cargo bench`.
    pub by_command: bool,
}

/// Causes that are written out; the rest is for `scalegate check`.
const MAX_CAUSES: usize = 3;

/// A row for each workload and metric that gates; metrics that don't in one line; the verdict; and the next step.
pub fn summary_text(measured: &Measured<'_>, style: Style) -> String {
    let rows = measured.rows();
    let mut text = table(&rows, style);
    for line in [measured.left_out(), measured.undecided()].into_iter().flatten() {
        text += &wrapped(&line, style.columns, 2);
    }
    text.push('\n');
    text += &measured.verdict(&rows, style);
    text
}

/// A workload and metric.
struct Row {
    name: String,
    metric: &'static str,
    law: String,
    change: String,
    outcome: Option<Verdict>,
}

impl Measured<'_> {
    /// What was compared; of a first run, where nothing was, all laws.
    fn rows(&self) -> Vec<Row> {
        let row = |fit: &SeriesFit| {
            let own = self.findings(&fit.key());
            Row {
                name: fit.workload.to_string(),
                metric: fit.metric.name(),
                law: match &fit.outcome {
                    Ok(law) => brief_law(fit, law),
                    Err(Unfitted::Value(number)) => value(*number),
                    Err(Unfitted::Fault(_)) => "no law".to_owned(),
                },
                change: largest_change(&own),
                outcome: (!self.is_first() && !own.is_empty())
                    .then(|| Verdict::join(own.iter().map(|finding| finding.outcome))),
            }
        };
        let rows: Vec<Row> = self.fits.iter().map(row).collect();
        if rows.iter().any(|row| row.outcome.is_some()) {
            return rows.into_iter().filter(|row| row.outcome.is_some()).collect();
        }
        let has_law = |(row, fit): (Row, &SeriesFit)| fit.outcome.is_ok().then_some(row);
        rows.into_iter().zip(self.fits).filter_map(has_law).collect()
    }

    /// Whether nothing of what was to be measured could be.
    pub fn is_empty(&self) -> bool {
        self.run.series.iter().all(|series| series.unavailable.is_some())
    }

    /// Whether nothing was compared, because nothing was ever accepted.
    fn is_first(&self) -> bool {
        let is_new = |reason: &Option<Reason>| {
            use Reason::{NoCounts, NoHostBaseline, NoPortableBaseline};
            matches!(reason, Some(NoPortableBaseline | NoHostBaseline { .. } | NoCounts { .. }))
        };
        self.all().into_iter().all(|finding| is_new(&finding.reason))
    }

    fn findings(&self, key: &SeriesKey) -> Vec<&Finding> {
        self.check.findings.iter().filter(|finding| finding.key() == *key).collect()
    }

    fn all(&self) -> Vec<&Finding> {
        let is_mine = |finding: &&Finding| self.fits.iter().any(|fit| fit.key() == finding.key());
        self.check.findings.iter().filter(is_mine).collect()
    }

    /// The metrics that were measured and don't gate, and those that could not be measured.
    fn left_out(&self) -> Option<String> {
        let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut add = |reason: String, metric: Metric| {
            // A metric is named once, by what keeps it from being measured if there is that.
            if !reasons.values().flatten().any(|name| *name == metric.name()) {
                reasons.entry(reason).or_default().push(metric.name());
            }
        };
        let is_first = self.is_first();
        for series in &self.run.series {
            if let Some(reason) = &series.unavailable {
                add(format!("unavailable: {}", first_clause(reason)), series.metric);
            }
        }
        let is_available = |metric: Metric| {
            self.run.series.iter().any(|series| series.metric == metric && series.unavailable.is_none())
        };
        for note in self.check.notes.iter().filter(|_| !is_first) {
            match (&note.fact, note.metric) {
                (Fact::Ungated { reason, .. }, Some(metric)) if is_available(metric) => add(brief(reason), metric),
                (Fact::Informational { metrics }, _) => {
                    metrics
                        .iter()
                        .filter(|metric| is_available(**metric))
                        .for_each(|metric| add("`gates = false`".to_owned(), *metric));
                }
                _ => {}
            }
        }
        let list: Vec<String> =
            reasons.into_iter().map(|(reason, metrics)| format!("{} ({reason})", metrics.join(", "))).collect();
        (!list.is_empty()).then(|| format!("not gated: {}", list.join("; ")))
    }

    /// What is not required and was not decided.
    fn undecided(&self) -> Option<String> {
        let is_mine = |finding: &&Finding| self.fits.iter().any(|fit| fit.key() == finding.key());
        let mut metrics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for note in &self.check.notes {
            let Fact::UndecidedOptional { findings } = &note.fact else { continue };
            for finding in findings.iter().filter(is_mine) {
                let workloads = metrics.entry(finding.metric.name()).or_default();
                if !workloads.contains(&&*finding.workload) {
                    workloads.push(&finding.workload);
                }
            }
        }
        let list: Vec<String> =
            metrics.into_iter().map(|(metric, workloads)| format!("{metric} of {}", workloads.join(", "))).collect();
        (!list.is_empty()).then(|| format!("undecided, and not required: {}", list.join("; ")))
    }

    fn verdict(&self, rows: &[Row], style: Style) -> String {
        let all = self.all();
        if self.is_empty() {
            let what = "NOTHING MEASURED: every metric that was asked for is unavailable, for the reason above";
            let next = "next: scalegate doctor, which says what this host can measure and what disturbs it";
            return wrapped(what, style.columns, 2) + &wrapped(next, style.columns, 6);
        }
        if self.is_first() {
            let again = if self.by_command { "scalegate run" } else { "cargo bench" };
            let what = "NO BASELINE: these are the laws as measured; nothing was compared";
            let next = format!("next: scalegate accept --reason \"the first run\", then {again} after a change");
            return wrapped(what, style.columns, 2) + &wrapped(&next, style.columns, 6);
        }
        let verdict = Verdict::join(all.iter().map(|finding| finding.outcome));
        let count = |outcome: Verdict| rows.iter().filter(|row| row.outcome == Some(outcome)).count();
        let parts = [Verdict::Regressed, Verdict::Mixed, Verdict::Improved, Verdict::Inconclusive]
            .map(|outcome| (count(outcome), outcome));
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, outcome)| format!("{n} {outcome}")).collect();
        let summary = match &parts[..] {
            [] if rows.len() == 1 => "1 law matches its baseline".to_owned(),
            [] => format!("{} match their baselines", laws(rows.len())),
            parts => format!("of {}, {}", laws(rows.len()), parts.join(", ")),
        };
        let name = verdict.to_string().to_uppercase();
        // What matches takes one line, since Cargo starts one bench target after the other.
        let is_pass = verdict == Verdict::Pass;
        let summary = if is_pass { format!("{summary}; next: {}", next(verdict)) } else { summary };
        let text = wrapped(&format!("{name}: {summary}"), style.columns, 2);
        let mut text = text.replacen(&name, &coloured(&name, Some(verdict), style), 1);
        let open = [Outcome::Regressed, Outcome::Improved, Outcome::Inconclusive];
        let open = open.into_iter().flat_map(|outcome| all.iter().copied().filter(move |its| its.outcome == outcome));
        let groups = alike(open);
        for group in groups.iter().take(MAX_CAUSES) {
            let first = group[0];
            let mut names: Vec<&str> = group.iter().map(|finding| &*finding.workload).collect();
            names.dedup();
            let cause = format!("  {} {}: {}", names.join(", "), first.metric, words_of(group, Sides::Baseline));
            text += &wrapped(&cause, style.columns, 4);
        }
        if groups.len() > MAX_CAUSES {
            let _ = writeln!(text, "  … and {} more: scalegate check", groups.len() - MAX_CAUSES);
        }
        if !is_pass {
            let next = match self.more_rounds(&all) {
                Some(rounds) if verdict == Verdict::Inconclusive => {
                    format!("scalegate run --rounds {rounds} (decides finer), or scalegate ab (in pairs)")
                }
                _ => next(verdict).to_owned(),
            };
            text += &wrapped(&format!("next: {next}"), style.columns, 6);
        }
        text
    }

    /// Twice the rounds that were taken, if all that is missing for a verdict are rounds.
    fn more_rounds(&self, all: &[&Finding]) -> Option<u32> {
        let mut open = all.iter().filter(|its| its.outcome == Outcome::Inconclusive);
        let is_noise = |its: &&Finding| its.reason.is_none() && its.accepted_runs.is_none();
        let rounds = self.run.series.iter().map(Series::n_rounds).max()?;
        open.all(is_noise).then_some(2 * rounds)
    }
}

fn laws(count: usize) -> String {
    if count == 1 { "1 law".to_owned() } else { format!("{count} laws") }
}

/// What helps most after a verdict.
fn next(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "scalegate check",
        Verdict::Improved => "scalegate accept --reason …, so that what was won is kept",
        Verdict::Regressed | Verdict::Mixed => {
            "scalegate ab (this change alone, in pairs), scalegate report --out report.html, or scalegate accept if it is meant"
        }
        Verdict::Inconclusive => "scalegate check (what is missing), or scalegate ab (in pairs)",
    }
}

/// The change that is the furthest beyond its tolerance, or the closest to it.
fn largest_change(findings: &[&Finding]) -> String {
    let beyond = |finding: &Finding| Some(finding.change?.estimate.abs() / finding.tolerance?);
    let compared = findings.iter().filter(|finding| findings::is_change(finding));
    let compared = compared.filter_map(|finding| Some((beyond(finding)?, finding)));
    let Some((_, finding)) = compared.max_by(|a, b| a.0.total_cmp(&b.0)) else { return String::new() };
    let amount = finding.change.map_or(0.0, |its| its.estimate);
    let amount = if finding.relative { change(amount) } else { format!("{amount:+.2}") };
    format!("{} {amount}", short(finding.quantity))
}

/// The name of a quantity in a column.
fn short(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::CostSmallest => "smallest",
        Quantity::CostLargest => "largest",
        Quantity::CurvatureShare => "curvature",
        Quantity::SlopeRatio => "slopes",
        Quantity::Breakpoint => "knee",
        Quantity::Tread => "tread",
        other => findings::quantity(other),
    }
}

/// Why something does not gate, in a few words.
fn brief(reason: &Reason) -> String {
    match reason {
        Reason::NoPortableBaseline | Reason::NoHostBaseline { .. } => "no baseline".to_owned(),
        Reason::NoCounts { .. } => "no counts of this compiler and Valgrind".to_owned(),
        Reason::Differs(_) => "its baseline has other settings".to_owned(),
        Reason::Unavailable(why) => first_clause(why),
        other => first_clause(&findings::why(other, Sides::Baseline)),
    }
}

/// The longest that a reason is in a list.
const MAX_REASON: usize = 60;

/// A reason up to where it begins to explain itself, without the case that it is about.
fn first_clause(reason: &str) -> String {
    let is_case = |clause: &str| clause.contains(" at size ");
    let reason = reason.split_once(": ").filter(|(clause, _)| is_case(clause)).map_or(reason, |(_, rest)| rest);
    let first = reason.split([':', ';', ',']).next().unwrap_or(reason);
    if first.chars().count() <= MAX_REASON {
        first.to_owned()
    } else {
        first.chars().take(MAX_REASON - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests;
