//! Putting series that belong together into one run.

use std::collections::HashMap;

use super::{Difference, Run, Series, SeriesKey};

/// What became of the earlier run when a new part was absorbed.
#[derive(Debug, Clone, PartialEq)]
pub enum Absorbed {
    /// Its series that the part did not measure again are reused.
    Reused(Vec<Series>),
    /// It comes from another host, build or subject, so that nothing of it is reused.
    Replaced(Vec<Difference>),
}

/// Adds `part`, which was measured later, to `earlier`.
///
/// Bench targets are separate processes, and a user may run one of them alone after a change. So series are reused only
/// if every fingerprint agrees; otherwise the part starts a new run and the caller tells why.
pub fn absorb(earlier: Run, part: Run) -> (Run, Absorbed) {
    let differences = earlier.provenance.differences(&part.provenance);
    if !differences.is_empty() {
        return (part, Absorbed::Replaced(differences));
    }
    let is_reused = |old: &&Series| part.series(&old.workload, old.metric).is_none();
    let reused: Vec<Series> = earlier.series.iter().filter(is_reused).cloned().collect();
    let mut joined = Run::new(part.provenance.with_programs_of(&earlier.provenance));
    joined.series = reused.iter().cloned().chain(part.series).collect();
    Series::sort(&mut joined.series);
    (joined, Absorbed::Reused(reused))
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
        let name = later.key();
        let series = earlier.series.iter_mut().find(|series| series.key() == name);
        let series = series.ok_or_else(|| format!("the record has no earlier round of {name}"))?;
        if series.axis != later.axis || !later.protocol_changes(series).is_empty() {
            return Err(format!("a round of {name} was measured in another way"));
        }
        series.measured = later.measured;
        if series.unavailable.is_none() {
            series.unavailable = later.unavailable;
        }
        // A series has samples or a reason for having none; one bad round spoils it, since which rounds count is not for
        // their results to say.
        match &series.unavailable {
            None => series.samples.extend(later.samples),
            Some(_) => series.samples.clear(),
        }
    }
    Ok(earlier)
}

/// Records of shards and hosts, put together one after another: a run for each class of hosts.
///
/// Nothing is chosen between two records that disagree, since whichever is taken, the other one was measured too.
#[derive(Debug, Default)]
pub struct Join {
    names: Vec<String>,
    hosts: Vec<Joined>,
}

/// The records of one class of hosts.
#[derive(Debug)]
struct Joined {
    run: Run,
    /// The index of the first of its records.
    first: usize,
    /// Which record each series came from.
    origins: HashMap<SeriesKey, usize>,
}

impl Join {
    /// Adds the record called `name`.
    ///
    /// # Errors
    /// It holds a series that another record holds too; it comes from another host or build than a record of the same
    /// class; or it measured other sources or models than the records before it. The message names that other record.
    pub fn add(&mut self, name: &str, run: Run) -> Result<(), String> {
        self.belongs(&run)?;
        let index = self.names.len();
        self.names.push(name.to_owned());
        let class = &run.provenance.host.class;
        let position = self.hosts.iter().position(|host| host.run.provenance.host.class == *class);
        let host = match position {
            Some(position) => &mut self.hosts[position],
            None => {
                let run = Run::new(run.provenance.clone());
                self.hosts.push(Joined { run, first: index, origins: HashMap::new() });
                let last = self.hosts.len() - 1;
                &mut self.hosts[last]
            }
        };
        for series in run.series {
            if let Some(earlier) = host.origins.insert(series.key(), index) {
                return Err(format!("{} is in {} too", series.key(), self.names[earlier]));
            }
            host.run.series.push(series);
        }
        Ok(())
    }

    /// Whether a record measured what those before it measured, on the same machine if it is of the same class.
    fn belongs(&self, run: &Run) -> Result<(), String> {
        let provenance = &run.provenance;
        for host in &self.hosts {
            let before = &host.run.provenance;
            let same_class = before.host.class == provenance.host.class;
            let differences =
                if same_class { before.differences(provenance) } else { before.other_sources(provenance) };
            if !differences.is_empty() {
                let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
                return Err(format!("it does not belong to {}: {}", self.names[host.first], list.join("; ")));
            }
        }
        Ok(())
    }

    /// The runs, in the order in which their hosts first came; their series are sorted.
    pub fn into_runs(self) -> Vec<Run> {
        let sorted = |mut run: Run| {
            Series::sort(&mut run.series);
            run
        };
        self.hosts.into_iter().map(|host| sorted(host.run)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;
    use crate::metric::Metric;
    use crate::record::{Provenance, Sample};

    fn record(class: &str, workloads: &[String]) -> Run {
        let mut provenance = Provenance::imported();
        provenance.host.class = class.to_owned();
        provenance.build.source = "sources".to_owned();
        let series = |workload: &String| Series {
            samples: vec![Sample { size: 1, round: 0, values: vec![1.0] }],
            ..Series::new(workload.as_str(), Axis::TOKENS, Metric::WallTime)
        };
        Run { series: workloads.iter().map(series).collect(), ..Run::new(provenance) }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn shards_are_joined_by_host_and_sorted_however_they_come() {
        let shards = [("a", "llm/z"), ("b", "llm/y"), ("a", "llm/x")];
        let joined = |order: [usize; 3]| {
            let mut join = Join::default();
            for index in order {
                let (class, workload) = shards[index];
                join.add(workload, record(class, &names(&[workload]))).unwrap();
            }
            join.into_runs()
        };
        let runs = joined([0, 1, 2]);
        let summary: Vec<(&str, Vec<&str>)> = runs
            .iter()
            .map(|run| (&*run.provenance.host.class, run.series.iter().map(|series| &*series.workload).collect()))
            .collect();
        assert_eq!(summary, [("a", vec!["llm/x", "llm/z"]), ("b", vec!["llm/y"])]);
        assert_eq!(joined([2, 1, 0]), runs);
    }

    #[test]
    fn a_series_of_one_host_in_two_records_is_an_error_that_names_both() {
        let mut join = Join::default();
        join.add("first.json", record("a", &names(&["llm/x", "llm/y"]))).unwrap();
        join.add("other.json", record("b", &names(&["llm/x"]))).unwrap();
        let cause = join.add("second.json", record("a", &names(&["llm/y"]))).unwrap_err();
        assert_eq!(cause, "llm/y wall_time is in first.json too");
    }

    #[test]
    fn another_kernel_on_one_class_of_hosts_is_a_conflict() {
        let mut join = Join::default();
        join.add("first.json", record("a", &names(&["llm/x"]))).unwrap();
        let mut second = record("a", &names(&["llm/y"]));
        second.provenance.host.kernel = "6.12".to_owned();
        let cause = join.add("second.json", second).unwrap_err();
        assert_eq!(cause, "it does not belong to first.json: host.kernel: not told → 6.12");
    }

    #[test]
    fn hosts_may_differ_and_what_they_measured_may_not() {
        let mut join = Join::default();
        join.add("first.json", record("a", &names(&["llm/x"]))).unwrap();
        let other = |change: fn(&mut Provenance)| {
            let mut run = record("b", &names(&["llm/x"]));
            run.provenance.host.kernel = "6.12".to_owned();
            change(&mut run.provenance);
            run
        };
        let sources = other(|provenance| provenance.build.source = "older sources".to_owned());
        insta::assert_snapshot!(join.add("b.json", sources).unwrap_err(), @"it does not belong to first.json: build.source: sources → older sources");
        let models = other(|provenance| provenance.subject = [("models.llm".to_owned(), "1".to_owned())].into());
        insta::assert_snapshot!(join.add("b.json", models).unwrap_err(), @"it does not belong to first.json: models.llm: absent → 1");
        join.add("b.json", other(|_| ())).unwrap();
        join.add("tool.json", Run::new(Provenance::imported())).unwrap();
        assert_eq!(join.into_runs().len(), 3);
    }

    #[test]
    fn many_shards_keep_every_series() {
        let mut join = Join::default();
        for shard in 0..200 {
            let workloads: Vec<String> = (0..50).map(|i| format!("family-{shard}/workload-{i}")).collect();
            join.add(&shard.to_string(), record("a", &workloads)).unwrap();
        }
        let runs = join.into_runs();
        assert_eq!(runs.iter().map(|run| run.series.len()).collect::<Vec<_>>(), [10_000]);
    }
}
