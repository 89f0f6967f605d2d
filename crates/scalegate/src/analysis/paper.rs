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
    /// Why costs are no ratios to those of the first record, one reason for each record and metric.
    pub withheld: Vec<Withheld>,
    /// Why a column is empty, as the records say it, without repetitions.
    pub absent: Vec<(Column, String)>,
}

/// Ratios that would mean nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Withheld {
    /// The place of the record.
    pub record: usize,
    /// The metric that was measured in other settings; all of them if the record is of another host or build.
    pub metric: Option<Metric>,
    /// What differs from the first record.
    pub difference: Difference,
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
    /// with fewer than two rounds, where it is withheld, and of the first.
    pub ratio: Option<Interval>,
}

/// Puts records side by side.
pub fn paper_table(runs: &[&Run]) -> PaperTable {
    let mut table = PaperTable { rows: Vec::new(), withheld: withheld(runs), absent: Vec::new() };
    let workloads: BTreeSet<&WorkloadName> = runs.iter().flat_map(|run| &run.series).map(|it| &it.workload).collect();
    for workload in workloads {
        let measured: Vec<(Column, &Series)> = runs
            .iter()
            .flat_map(|run| Column::ALL.map(|column| Some((column, run.series(workload, column.metric())?))))
            .flatten()
            .collect();
        for (column, series) in &measured {
            let is_known = table.absent.iter().any(|known| known.0.metric() == column.metric());
            if let Some(reason) = series.unavailable.as_ref().filter(|_| !is_known) {
                table.absent.push((*column, reason.clone()));
            }
        }
        let sizes = measured.iter().filter(|(_, its)| !its.samples.is_empty()).map(|(_, its)| its.sizes());
        let common = sizes.reduce(|all, its| all.intersection(&its).copied().collect()).unwrap_or_default();
        if let Some(size) = common.last() {
            let (workload, axis) = (workload.clone(), measured[0].1.axis.clone());
            let cells = cells(runs, &workload, *size, &table.withheld);
            table.rows.push(PaperRow { workload, axis, size: *size, cells });
        }
    }
    table
}

/// What was measured on another host, by another build, or in other settings than by the first record.
fn withheld(runs: &[&Run]) -> Vec<Withheld> {
    let mut all: Vec<Withheld> = Vec::new();
    for (record, run) in runs.iter().enumerate().skip(1) {
        if let Some(difference) = runs[0].provenance.incomparable(&run.provenance).into_iter().next() {
            all.push(Withheld { record, metric: None, difference });
            continue;
        }
        for series in run.series.iter().filter(|its| Column::ALL.iter().any(|column| column.metric() == its.metric)) {
            let is_known = all.iter().any(|its| its.record == record && its.metric == Some(series.metric));
            let first = runs[0].series(&series.workload, series.metric).filter(|_| !is_known);
            let change = first.and_then(|first| series.protocol_changes(first).into_iter().next());
            all.extend(change.map(|(field, before, after)| Withheld {
                record,
                metric: Some(series.metric),
                difference: Difference { field, before, after },
            }));
        }
    }
    all
}

fn cells(runs: &[&Run], workload: &WorkloadName, size: u64, withheld: &[Withheld]) -> Vec<[Option<Cell>; 6]> {
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
    let cell = |record: usize, at: usize, column: Column| {
        let logs: Vec<f64> = of(runs[record], column)?;
        let is_withheld = |its: &Withheld| its.record == record && its.metric.is_none_or(|it| it == column.metric());
        let compares = record > 0 && !withheld.iter().any(is_withheld);
        let ratio = first[at].as_ref().filter(|_| compares).and_then(|first| ratio(first, &logs));
        Some(Cell { value: mean(&logs).exp(), ratio })
    };
    let row = |record| std::array::from_fn(|at| cell(record, at, Column::ALL[at]));
    (0..runs.len()).map(row).collect()
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
