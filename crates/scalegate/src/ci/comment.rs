//! A digest as the comment on a pull request.

use std::fmt::Write;

use super::Digest;
use crate::gate::Verdict;

/// The first line of a comment, by which the next run finds it.
const MARKER: &str = "<!-- scalegate verdict -->";

/// The comment in Markdown. `run` is the address of the run, if it is known, and comes from GitHub and not from the digest.
pub fn comment(digest: &Digest, run: Option<&str>) -> String {
    let mut text = format!("{MARKER}\n## scalegate: {}\n\n{}\n", headline(digest.verdict), digest.summary.code());
    if !digest.findings.is_empty() {
        text.push('\n');
    }
    for finding in &digest.findings {
        let [workload, metric, host, words] =
            [&finding.workload, &finding.metric, &finding.host, &finding.words].map(super::digest::Text::code);
        let _ = writeln!(text, "- **{}** {workload} {metric} on {host}: {words}", finding.outcome);
    }
    if digest.not_shown > 0 {
        let _ = writeln!(text, "- and {} more", digest.not_shown);
    }
    if !digest.cause.is_empty() {
        text.push_str("\nWhere it comes from:\n\n");
        for line in &digest.cause {
            let _ = writeln!(text, "{}- {}", if line.is_labelled() { "  " } else { "" }, line.code());
        }
    }
    if !digest.functions.is_empty() {
        text.push_str("\n<details><summary>By function</summary>\n\n");
        for line in &digest.functions {
            let _ = writeln!(text, "- {}", line.code());
        }
        text.push_str("\n</details>\n");
    }
    if !digest.notes.is_empty() {
        text.push_str("\n<details><summary>What does not gate</summary>\n\n");
        for note in &digest.notes {
            let _ = writeln!(text, "- {}", note.code());
        }
        text.push_str("\n</details>\n");
    }
    let run = run.map_or_else(String::new, |address| format!(", or [in this run]({address})"));
    let again = if digest.in_pairs { "scalegate ab" } else { "cargo xtask pull-request" };
    let _ = write!(text, "\nSee it again with `{again}`{run}.");
    if !digest.commit().is_empty() {
        let _ = write!(text, " Measured at {:.12}.", digest.commit());
    }
    text.push('\n');
    text
}

/// The summary of a job that has no verdict.
pub fn fault_summary(digest: &Digest) -> String {
    format!("## scalegate: {}\n\n{}\n", digest.verdict, digest.summary.code())
}

fn headline(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass: every quantity is shown to lie within its tolerance",
        Verdict::Improved => "improved: what changed got cheaper",
        Verdict::Regressed => "regressed: this change costs more, beyond the tolerance",
        Verdict::Mixed => "mixed: some costs grew and some shrank, beyond the tolerance",
        Verdict::Inconclusive => "inconclusive: not shown to be within tolerance, nor beyond it",
    }
}
