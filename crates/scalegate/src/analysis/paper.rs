//! Records in the columns in which arXiv 2512.16531 compares a compressed model with its original.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::Axis;
use crate::law::{Interval, t_quantile};
use crate::metric::Metric;
use crate::record::{Difference, Run, Series};
use crate::workload::WorkloadName;

/// The confidence of a ratio's interval.
const CONFIDENCE: f64 = 0.95;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Area under the CPU use above idle.
    CpuAuc,
    /// Area under the resident memory above idle.
    RamAuc,
    /// Energy above idle.
    Energy,
    /// Elapsed time.
    Time,
    /// Tokens that are read and made per second.
    TokensPerSecond,
    /// Tokens for each joule above idle.
    TokensPerJoule,
}

impl Column {
    /// All columns, from the left.
    pub const ALL: [Self; 6] =
        [Self::CpuAuc, Self::RamAuc, Self::Energy, Self::Time, Self::TokensPerSecond, Self::TokensPerJoule];

    /// What is measured for it.
    pub fn metric(self) -> Metric {
        match self {
            Self::CpuAuc => Metric::CpuAuc,
            Self::RamAuc => Metric::RssAuc,
            Self::Energy | Self::TokensPerJoule => Metric::Energy,
            Self::Time | Self::TokensPerSecond => Metric::WallTime,
        }
    }

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuAuc => "cpu_auc",
            Self::RamAuc => "ram_auc",
            Self::Energy => "energy",
            Self::Time => "time",
            Self::TokensPerSecond => "tokens_per_second",
            Self::TokensPerJoule => "tokens_per_joule",
        }
    }

    /// Whether it is tokens over what is measured, and more is better.
    pub fn is_rate(self) -> bool {
        matches!(self, Self::TokensPerSecond | Self::TokensPerJoule)
    }
}

/// Several records side by side, each after the first as a ratio to it.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperTable {
    /// One for each workload and size; a workload that was measured at other sizes by the sampler than by the clock has its
    /// largest common one.
    pub rows: Vec<PaperRow>,
    /// For each record after the first, why its costs are no ratios to the first's: another host or build.
    pub apart: Vec<Vec<Difference>>,
    /// Why a column is empty, as the records say it, without repetitions.
    pub absent: Vec<(Column, String)>,
}

/// A workload at a size.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperRow {
    /// As `llama/prefill`.
    pub workload: WorkloadName,
    /// What its size counts.
    pub axis: Axis,
    /// The largest size that all records and columns have.
    pub size: u64,
    /// What each record measured, in the order of the records; nothing in a column that it did not measure.
    pub cells: Vec<[Option<Cell>; 6]>,
}

/// A number of the table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// The geometric mean over rounds.
    pub value: f64,
    /// The ratio to the first record, with an interval of 95 % (Welch, *Biometrika* 34, 1947, p. 28-35, of logarithms); none
    /// with fewer than two rounds, and none of the first.
    pub ratio: Option<Interval>,
}

/// Puts records side by side.
pub fn paper_table(runs: &[&Run]) -> PaperTable {
    let apart = runs.iter().skip(1).map(|run| runs[0].provenance.incomparable(&run.provenance)).collect();
    let mut table = PaperTable { rows: Vec::new(), apart, absent: Vec::new() };
    let workloads: BTreeSet<&WorkloadName> = runs.iter().flat_map(|run| &run.series).map(|it| &it.workload).collect();
    for workload in workloads {
        let series = |run: &Run, column: Column| run.series(workload, column.metric()).cloned();
        let measured: Vec<Series> =
            runs.iter().flat_map(|run| Column::ALL.map(|column| series(run, column))).flatten().collect();
        for column in Column::ALL {
            let reasons = runs.iter().filter_map(|run| series(run, column)?.unavailable);
            for reason in reasons {
                if !table.absent.iter().any(|known| known.0.metric() == column.metric()) {
                    table.absent.push((column, reason));
                }
            }
        }
        let has_samples = |series: &&Series| !series.samples.is_empty();
        let sizes = measured.iter().filter(has_samples).map(Series::sizes);
        let common = sizes.reduce(|all, its| all.intersection(&its).copied().collect()).unwrap_or_default();
        if let Some(size) = common.last() {
            let axis = measured[0].axis.clone();
            table.rows.push(PaperRow {
                workload: workload.clone(),
                axis,
                size: *size,
                cells: cells(runs, workload, *size),
            });
        }
    }
    table
}

fn cells(runs: &[&Run], workload: &WorkloadName, size: u64) -> Vec<[Option<Cell>; 6]> {
    let of = |run: &Run, column: Column| {
        let series = run.series(workload, column.metric())?;
        let logs = logarithms(series, size)?;
        if !column.is_rate() {
            return Some(logs);
        }
        // Tokens are the same whatever is measured, so that any series of the workload may say them.
        let tokens = run.series.iter().filter(|it| it.workload == *workload).find_map(|it| it.tokens.get(&size))?;
        Some(logs.into_iter().map(|log| (*tokens as f64).ln() - log).collect())
    };
    let first = Column::ALL.map(|column| of(runs[0], column));
    let row = |(index, run): (usize, &&Run)| {
        let mut cells = [None; 6];
        for (at, column) in Column::ALL.into_iter().enumerate() {
            cells[at] = of(run, column).map(|logs: Vec<f64>| Cell {
                value: mean(&logs).exp(),
                ratio: (index > 0).then(|| first[at].as_ref().and_then(|first| ratio(first, &logs))).flatten(),
            });
        }
        cells
    };
    runs.iter().enumerate().map(row).collect()
}

/// The logarithm of each round's cost, unless one is zero.
fn logarithms(series: &Series, size: u64) -> Option<Vec<f64>> {
    let costs: Vec<f64> = series.costs().filter(|(at, ..)| *at == size as f64).map(|(.., cost)| cost).collect();
    let is_usable = !costs.is_empty() && costs.iter().all(|cost| *cost > 0.0);
    is_usable.then(|| costs.into_iter().map(f64::ln).collect())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The ratio of two geometric means.
fn ratio(before: &[f64], after: &[f64]) -> Option<Interval> {
    let of = |logs: &[f64]| {
        let n = logs.len() as f64;
        let mean = mean(logs);
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (n >= 2.0).then_some((mean, variance / n, n))
    };
    let ((first, first_error, m), (second, second_error, n)) = (of(before)?, of(after)?);
    let error = first_error + second_error;
    let freedom = error.powi(2) / (first_error.powi(2) / (m - 1.0) + second_error.powi(2) / (n - 1.0));
    let half = if error > 0.0 { t_quantile(CONFIDENCE, freedom) * error.sqrt() } else { 0.0 };
    let difference = second - first;
    Some(Interval { estimate: difference.exp(), lower: (difference - half).exp(), upper: (difference + half).exp() })
}
