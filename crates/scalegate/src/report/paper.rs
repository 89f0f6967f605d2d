//! Records in the columns of arXiv 2512.16531.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escaping::{cell, code, prose};
use crate::analysis::{Cell, Column, PaperRow, PaperTable, Withheld};
use crate::law::Interval;
use crate::units::{cost, size};

/// Records with their names, and how similar their answers are to those of a larger model, where that was measured.
pub struct PaperPage<'a> {
    /// What was measured.
    pub table: &'a PaperTable,
    /// Names of the records.
    pub names: &'a [String],
    /// The mean cosine similarity of each record's answers.
    pub similarities: &'a [Option<Interval>],
}

/// Columns and the words above them.
const HEADS: [&str; 8] = ["", "CPU AUC", "RAM AUC", "energy", "time", "tokens/s", "tokens/J", "similarity"];
/// What was not measured.
const NOTHING: &str = "-";

/// A table for each workload.
pub fn paper_text(page: &PaperPage<'_>) -> String {
    let mut text = String::new();
    for row in &page.table.rows {
        let lines = lines(page, row);
        let widths: Vec<usize> = (0..HEADS.len())
            .map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0).max(HEADS[at].len()))
            .collect();
        let _ = writeln!(text, "{} at {}", row.workload, size(row.size as f64, &row.axis));
        for line in std::iter::once(&HEADS.map(str::to_owned)).chain(&lines) {
            let (name, cells) = (&line[0], line[1..].iter().zip(&widths[1..]));
            let cells: String = cells.map(|(cell, width)| format!("  {cell:>width$}")).collect();
            let _ = writeln!(text, "{}", format!("  {name:0$}{cells}", widths[0]).trim_end());
        }
        text.push('\n');
    }
    text + &notes(page).join("\n") + "\n"
}

/// The same in Markdown.
pub fn paper_markdown(page: &PaperPage<'_>) -> String {
    let mut text = String::new();
    let row_of = |cells: &[String; 8]| format!("| {} |\n", cells.join(" | "));
    for row in &page.table.rows {
        let _ = writeln!(text, "{} at {}\n", cell(&code(&row.workload)), prose(&size(row.size as f64, &row.axis)));
        text += &row_of(&HEADS.map(str::to_owned));
        text += &format!("|{}\n", "---|".repeat(HEADS.len()));
        for line in lines(page, row) {
            text += &row_of(&line.map(|words| cell(&prose(&words))));
        }
        text.push('\n');
    }
    let notes: Vec<String> = notes(page).iter().map(|note| prose(note)).collect();
    text + &notes.join("\n\n") + "\n"
}

/// The same for programs; the form is described in `docs/formats.md`.
pub fn paper_json(page: &PaperPage<'_>) -> String {
    let rows = page.table.rows.iter().map(|row| {
        let records = row.cells.iter().zip(page.names).zip(page.similarities).map(|((cells, name), similarity)| {
            let cells: serde_json::Map<String, Value> =
                Column::ALL.iter().zip(cells).map(|(column, cell)| (column.name().to_owned(), json!(cell))).collect();
            json!({"record": name, "columns": cells, "similarity": similarity})
        });
        json!({"workload": row.workload, "axis": row.axis, "size": row.size, "records": records.collect::<Vec<_>>()})
    });
    format!("{:#}\n", json!({"schema": 1, "rows": rows.collect::<Vec<_>>(), "notes": notes(page)}))
}

/// A line for each record, and after each but the first one of its ratios.
fn lines(page: &PaperPage<'_>, row: &PaperRow) -> Vec<[String; 8]> {
    let mut lines = Vec::new();
    for (index, (name, cells)) in page.names.iter().zip(&row.cells).enumerate() {
        let similarity =
            page.similarities[index].map_or_else(|| NOTHING.to_owned(), |its| format!("{:.3}", its.estimate));
        lines.push(line(name, cells, |column, cell| Some(value(column, cell)), similarity));
        if index > 0 {
            lines.push(line("  ratio", cells, |_, cell| cell.ratio.map(ratio), String::new()));
        }
    }
    lines
}

fn line(
    name: &str,
    cells: &[Option<Cell>; 6],
    words: impl Fn(Column, &Cell) -> Option<String>,
    similarity: String,
) -> [String; 8] {
    let mut line = [const { String::new() }; 8];
    name.clone_into(&mut line[0]);
    for ((column, cell), words_of) in Column::ALL.into_iter().zip(cells).zip(&mut line[1..7]) {
        *words_of = cell.as_ref().and_then(|cell| words(column, cell)).unwrap_or_else(|| NOTHING.to_owned());
    }
    line[7] = similarity;
    line
}

fn value(column: Column, cell: &Cell) -> String {
    if column.is_rate() { format!("{:.1}", cell.value) } else { cost(cell.value, column.metric().unit()) }
}

fn ratio(its: Interval) -> String {
    format!("{:.2} [{:.2}, {:.2}]", its.estimate, its.lower, its.upper)
}

/// What the table is of, and why cells are empty.
fn notes(page: &PaperPage<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if page.table.rows.is_empty() {
        notes.push("the records have no workload and size in common".to_owned());
    } else {
        notes.push(
            "per inference: means over rounds; ratios to the first record with 95 % intervals over rounds, not between runs; rates \
             are of tokens read and made"
                .to_owned(),
        );
    }
    for Withheld { record, metric, difference } in &page.table.withheld {
        let name = &page.names[*record];
        notes.push(match metric {
            None => format!("no ratios of {name}: it was measured elsewhere, or by another build ({difference})"),
            Some(metric) => format!("no ratio of {metric} of {name}: it was measured in other settings ({difference})"),
        });
    }
    for (column, reason) in &page.table.absent {
        notes.push(format!("{}: {reason}", column.metric()));
    }
    if page.similarities.iter().all(Option::is_none) {
        notes.push("similarity: name what `scalegate accuracy --format json` wrote with --accuracy".to_owned());
    }
    notes
}
