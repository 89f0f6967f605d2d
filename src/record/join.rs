//! Putting series that belong together into one run.

use super::{Difference, Run, Series};

/// What became of the earlier run when a new part was absorbed.
#[derive(Debug, Clone, PartialEq)]
pub enum Absorbed {
    /// Its series that the part did not measure again are kept.
    Kept(Vec<Series>),
    /// It comes from another host, build or subject, so that nothing of it was kept.
    Replaced(Vec<Difference>),
}

/// Adds `part`, which was measured later, to `earlier`.
///
/// Bench targets are separate processes, and a user may run one of them alone after a change. So series are kept only
/// if every fingerprint agrees; otherwise the part starts a new run and the caller tells why.
pub fn absorb(earlier: Run, part: Run) -> (Run, Absorbed) {
    let differences = earlier.provenance.differences(&part.provenance);
    if !differences.is_empty() {
        return (part, Absorbed::Replaced(differences));
    }
    let kept: Vec<Series> =
        earlier.series.into_iter().filter(|old| part.series(&old.workload, old.metric).is_none()).collect();
    let mut joined = Run::new(part.provenance);
    joined.series = kept.iter().cloned().chain(part.series).collect();
    joined.series.sort_by(|a, b| a.key().cmp(&b.key()));
    (joined, Absorbed::Kept(kept))
}

/// Adds a later round, which `part` holds, to the series of `earlier`.
///
/// # Errors
/// The fields in which the two differ, a series that `earlier` has not, or rounds that it has already.
pub fn extend(mut earlier: Run, part: Run) -> Result<Run, String> {
    let differences = earlier.provenance.differences(&part.provenance);
    if !differences.is_empty() {
        let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
        return Err(format!("a round was measured with other {}", list.join("; ")));
    }
    for later in part.series {
        let name = format!("{} {}", later.workload, later.metric);
        let series = earlier.series.iter_mut().find(|series| series.key() == later.key());
        let series = series.ok_or_else(|| format!("the record has no earlier round of {name}"))?;
        if series.axis != later.axis || !later.protocol_changes(series).is_empty() {
            return Err(format!("a round of {name} was measured in another way"));
        }
        series.samples.extend(later.samples);
        series.measured = later.measured;
    }
    Ok(earlier)
}

/// Joins records of shards that were measured by one build on one host into one.
///
/// # Errors
/// The fields in which two records differ, or a series that two of them hold.
pub fn join(runs: Vec<Run>) -> Result<Run, String> {
    let mut runs = runs.into_iter();
    let mut joined = runs.next().ok_or("there is no record to join")?;
    for run in runs {
        let differences = joined.provenance.differences(&run.provenance);
        if !differences.is_empty() {
            let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
            return Err(format!("the records do not belong together: {}", list.join("; ")));
        }
        for series in run.series {
            if joined.series(&series.workload, series.metric).is_some() {
                return Err(format!("{} {} is in two of the records", series.workload, series.metric));
            }
            joined.series.push(series);
        }
    }
    joined.series.sort_by(|a, b| a.key().cmp(&b.key()));
    Ok(joined)
}
