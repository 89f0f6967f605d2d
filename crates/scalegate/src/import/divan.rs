//! The tables that divan prints, of benchmarks with `args`. It has no other format.

use std::path::PathBuf;

use super::collect::{Collector, Imported, Measured, Order, place, read};
use super::name::sized;
use crate::record::Provenance;
use crate::{Axis, Error, Result};

const REMEDY: &str = "write the file with cargo bench --bench TARGET -- NAME > FILE, with a NAME whose benchmarks all have a size; give it \
                      its size with #[divan::bench(args = [256, 512, …])], and say with --axis what the size counts";

/// Units of time as divan writes them, with how many of them are a second.
const UNITS: [(&str, f64); 7] =
    [("ps", 1e12), ("ns", 1e9), ("µs", 1e6), ("ms", 1e3), ("s", 1.0), ("m", 1.0 / 60.0), ("h", 1.0 / 3600.0)];
/// Which column between bars has the median.
const MEDIAN: usize = 2;
/// Characters that a level of the tree is indented by.
const INDENTATION: usize = 3;

/// A row with a name.
#[derive(Debug, PartialEq)]
struct Row<'a> {
    /// Levels below the bench target.
    depth: usize,
    name: &'a str,
    /// The median as it is written, if the row has values.
    median: Option<&'a str>,
}

/// Reads wall times: the medians, which are printed with four digits. divan takes all samples of a benchmark before it comes to the next
/// one, so that each file is a round. A workload is named by the bench target and its place in the tree.
///
/// # Errors
/// A time that is none, or a benchmark without an argument that is a size.
pub fn divan(paths: &[PathBuf], axis: Option<&Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    for path in paths {
        collector.next_file();
        let text = read(path)?;
        let mut branch: Vec<&str> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let Some(row) = parse(line) else { continue };
            branch.truncate(row.depth);
            branch.push(row.name);
            if let Some(median) = row.median.filter(|_| row.depth > 0) {
                add(&mut collector, &branch, median, axis).map_err(|cause| {
                    Error::new(format!("{}:{}: {}", place(path), i + 1, branch.join("/")), cause, REMEDY)
                })?;
            }
        }
    }
    collector.imported(paths, Provenance::imported(), Order::Medians, REMEDY)
}

fn add(collector: &mut Collector, branch: &[&str], median: &str, axis: Option<&Axis>) -> Result<(), String> {
    // The number of threads stands below the arguments and is no size.
    let is_threads = |part: &&&str| part.starts_with("t=");
    let threads: String = branch.iter().filter(is_threads).map(|part| format!("/{part}")).collect();
    let name = sized(branch.iter().filter(|part| !is_threads(part)).copied(), axis)?;
    let axis = axis.cloned().or(name.axis).ok_or("what its size counts is unknown")?;
    let value = seconds(median).ok_or_else(|| format!("its median is `{median}`, and no time"))?;
    collector.add(Measured::wall_time(&format!("{}{threads}", name.workload), &axis, name.size, value), Order::Medians)
}

/// A row of the tree; `None` for any other line, as one with a throughput or with allocations.
fn parse(line: &str) -> Option<Row<'_>> {
    let branch = line.find(['├', '╰']);
    let depth = branch.map_or(0, |at| line[..at].chars().count() / INDENTATION + 1);
    let text = branch.map_or(line, |at| line[at..].trim_start_matches(['├', '╰', '─', ' ']));
    // A name may have single spaces, and at least two are after it.
    let (name, columns) = text.split_once("  ")?;
    let median = columns.split('│').nth(MEDIAN)?.trim();
    if branch.is_none() && !columns.contains("fastest") {
        return None;
    }
    Some(Row { depth, name: name.trim(), median: (!median.is_empty()).then_some(median) })
}

/// A time such as `1.234 µs`.
fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once(' ')?;
    let (_, in_a_second) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(number.parse::<f64>().ok()? / in_a_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_name_at_a_depth_with_or_without_a_median() {
        let row = |depth, name, median| Some(Row { depth, name, median });
        assert_eq!(
            parse("sort    fastest  │ slowest  │ median  │ mean  │ samples │ iters"),
            row(0, "sort", Some("median"))
        );
        assert_eq!(parse("├─ stable          │          │         │       │         │"), row(1, "stable", None));
        assert_eq!(
            parse("│  ╰─ 256  2.2 µs  │ 6.7 µs   │ 2.4 µs  │ 2 µs  │ 20      │ 20"),
            row(2, "256", Some("2.4 µs"))
        );
        assert_eq!(parse("╰─ a        │  │  │  │  │"), row(1, "a", None));
        for other in ["│          916 MB/s │ 305 MB/s │ 840 MB/s │ 762 MB/s │  │", "Timer precision: 20 ns", ""]
        {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(seconds("5.949 µs"), Some(5.949e-6));
        assert_eq!(seconds("1.5 m"), Some(90.0));
        assert_eq!([seconds("1.5"), seconds("x ns"), seconds("1 MB")], [None; 3]);
    }
}
