//! Rows, lines and colours of a terminal.

use std::fmt::Write;

use super::Row;
use crate::gate::Verdict;
use crate::terminal::Style;

/// Rows with aligned columns. What does not fit is left out from the right: the name of the change, then the number of the law.
pub(super) fn table(rows: &[Row], style: Style) -> String {
    let width = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let (name, metric, change) = (width(|row| &row.name), width(|row| row.metric), width(|row| &row.change));
    let verdict = rows.iter().map(|row| outcome(row).len()).max().unwrap_or(0);
    let gap = if style.columns < ROOMY { " " } else { "  " };
    let gaps = 4 * gap.len();
    let room = style.columns.saturating_sub(metric + verdict + gaps);
    let name = name.min(room / 2);
    let room = room - name;
    let law = width(|row| &row.law);
    let (law, change) = if law + change <= room {
        (law, change)
    } else if change + MIN_LAW <= room {
        (room - change, change)
    } else {
        (room.saturating_sub(BARE_CHANGE), BARE_CHANGE)
    };
    let mut text = String::new();
    for row in rows {
        let line = format!(
            "{}{gap}{:metric$}{gap}{}{gap}{}{gap}",
            fitted(&row.name, name),
            row.metric,
            fitted(&row.law, law),
            fitted(bare(&row.change, change), change),
        );
        let line = format!("{line}{}", coloured(outcome(row), row.outcome, style));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// From so many columns on there are two between cells.
const ROOMY: usize = 72;
/// The least room of a law: its class and a number.
const MIN_LAW: usize = 24;
/// The room of a change without the name of what changed.
const BARE_CHANGE: usize = 8;

fn outcome(row: &Row) -> &'static str {
    match row.outcome {
        None => "",
        Some(Verdict::Pass) => "pass",
        Some(Verdict::Improved) => "improved",
        Some(Verdict::Regressed) => "REGRESSED",
        Some(Verdict::Mixed) => "MIXED",
        Some(Verdict::Inconclusive) => "undecided",
    }
}

/// The change without its name, where both don't fit.
fn bare(change: &str, columns: usize) -> &str {
    if change.chars().count() <= columns {
        change
    } else {
        change.rsplit_once(' ').map_or(change, |(before, last)| {
            // A percentage is two words.
            if last == "%" {
                before.rsplit_once(' ').map_or(change, |(name, _)| &change[name.len() + 1..])
            } else {
                last
            }
        })
    }
}

/// Exactly so many columns: a number is left out whole, where a law does not fit.
fn fitted(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return format!("{text:columns$}");
    }
    let shorter = text.rsplit_once(" ±").map(|(start, _)| start).filter(|start| start.chars().count() <= columns);
    match shorter {
        Some(start) => format!("{start:columns$}"),
        None => text.chars().take(columns.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The colours of a terminal (ECMA-48, SGR): red, green and yellow.
pub(super) fn coloured(text: &str, verdict: Option<Verdict>, style: Style) -> String {
    let Some(verdict) = verdict.filter(|_| style.colour && !text.is_empty()) else { return text.to_owned() };
    let code = match verdict {
        Verdict::Pass | Verdict::Improved => 32,
        Verdict::Regressed | Verdict::Mixed => 31,
        Verdict::Inconclusive => 33,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Lines of whole words, the later ones indented.
pub(super) fn wrapped(text: &str, columns: usize, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = text[..text.len() - text.trim_start().len()].to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n") + "\n"
}
