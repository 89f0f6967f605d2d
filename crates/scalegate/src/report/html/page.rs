//! The page of a check: the verdict, the laws, what changed, and what is known of the hosts.

use maud::{Markup, PreEscaped, html};

use super::front::fronts;
use super::heat_map::heat_maps;
use super::laws::{gating, laws_table, plots, rest, rows, sentence, unavailable};
use super::markup::{SCRIPT, changes_list, document, outcome, prose};
use super::overlay::laws_together;
use super::provenance::{conditions, fingerprints};
use super::tiles::tiles;
use crate::analysis::{Check, Overlay, RunLaws, Tradeoffs};
use crate::gate::{Finding, Outcome};
use crate::report::findings::{self, Sides};
use crate::report::matches::{alike, scopes, words_of};
use crate::report::verdict::{open, reproduce, summary, workloads};
use crate::workload::WorkloadName;

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The verdict.
    pub check: &'a Check,
    /// The runs that it is about, one for each host, with their laws.
    pub runs: &'a [RunLaws<'a>],
    /// Of each of the runs, its models next to one another.
    pub models: &'a [Models],
    /// The workloads that scalegate measures itself.
    pub here: &'a [WorkloadName],
}

/// The models of a run next to one another.
#[derive(Debug, Clone)]
pub struct Models {
    /// What they cost, and how well they predict.
    pub tradeoffs: Tradeoffs,
    /// Their laws over one another.
    pub overlays: Vec<Overlay>,
}

impl Page<'_> {
    pub(super) fn has_several_hosts(&self) -> bool {
        self.runs.len() > 1
    }

    /// Of which host something is, where there are several.
    pub(super) fn on(&self, host: &str) -> String {
        if self.has_several_hosts() { format!(" on {host}") } else { String::new() }
    }
}

/// The page.
pub fn html(page: &Page) -> String {
    let rows = rows(page);
    let (shown, others) = gating(rows);
    let verdict = page.check.verdict;
    let again = format!("{}scalegate report --out report.html\n", reproduce(page.check, page.here));
    let body = html! {
        h1 { "scalegate: " span class=(verdict) { (verdict) } }
        p class="lead" { (prose(&sentence(&shown))) }
        p class="muted" { (prose(&summary(page.check))) }
        @for run in page.runs {
            p class="muted" {
                "Host class " (run.run.provenance.host.class)
                @if let Some(time) = run.run.series.iter().filter_map(|series| series.measured.as_deref()).max() {
                    ", measured " (time)
                }
            }
        }
        (tiles(&shown, page.has_several_hosts()))
        (unavailable(&others))
        (changes(page))
        (laws_table(&shown, page.has_several_hosts()))
        (plots(page, &shown))
        (heat_maps(page))
        (rest(page, &others))
        @for (run, models) in page.runs.iter().zip(page.models) {
            (weighed(models, page.has_several_hosts().then_some(&*run.run.provenance.host.class)))
        }
        (context(page.check))
        (conditions(page))
        (fingerprints(page))
        h2 { "How to see it again" }
        pre { (again) }
        p class="muted" {
            code { "scalegate accept --reason TEXT" } " makes a run whose costs are right the baseline."
        }
        script { (PreEscaped(SCRIPT)) }
    };
    document(&format!("scalegate: {verdict}"), &body)
}

/// The models of a run, on `host` where there are several.
fn weighed(Models { tradeoffs, overlays }: &Models, host: Option<&str>) -> Markup {
    // One model alone, or models whose accuracy nobody asked for, are nothing to weigh.
    let has_front = tradeoffs.models > 0 && tradeoffs.models + tradeoffs.absent.len() > 1;
    html! {
        @if !overlays.is_empty() { (laws_together(overlays, host)) }
        @if has_front { (fronts(tradeoffs, host)) }
    }
}

fn changes(page: &Page) -> Markup {
    let open: Vec<&Finding> = open(page.check).collect();
    let passed: Vec<&Finding> = page.check.findings.iter().filter(|finding| finding.outcome == Outcome::Pass).collect();
    html! {
        h2 { "What changed" }
        @if open.is_empty() { p { "Nothing beyond the tolerances." } } @else { (listed(page, &open)) }
        @if !passed.is_empty() {
            details {
                summary { (passed.len()) " within tolerance" }
                (listed(page, &passed))
            }
        }
    }
}

fn listed(page: &Page, findings: &[&Finding]) -> Markup {
    html! {
        ul class="findings" {
            @for group in alike(findings.iter().copied()) {
                @let first = group[0];
                li {
                    (outcome(&first.outcome.to_string())) " "
                    strong { (workloads(&group)) " " (first.metric) }
                    (page.on(&first.host)) " (" (scopes(&group)) "): " (prose(&words_of(&group, Sides::Baseline)))
                }
            }
        }
    }
}

fn context(check: &Check) -> Markup {
    html! {
        @if !check.subject_changes.is_empty() {
            h2 { "Configuration differs from the baseline" }
            (changes_list(&check.subject_changes))
        }
        @if !check.notes.is_empty() {
            h2 { "Notes" }
            ul { @for note in &check.notes { li { (prose(&findings::note(note))) } } }
        }
    }
}
