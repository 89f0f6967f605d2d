//! What a verdict says about runs that were looked at while their rounds were taken.

use std::collections::BTreeMap;

use super::Note;
use crate::metric::Metric;
use crate::record::{Run, Series};

/// How many of its rounds each series of a run has, where it did not take all at once.
pub(super) fn notes(run: &Run) -> Vec<Note> {
    let mut groups: BTreeMap<(Metric, u32, u32, usize, usize), Vec<&str>> = BTreeMap::new();
    let is_looked_at = |series: &&Series| !series.looks.is_empty() && series.unavailable.is_none();
    for series in run.series.iter().filter(is_looked_at) {
        let taken = series.n_rounds();
        // A look at a number of rounds that was not planned for is one more.
        let earlier = series.looks.iter().filter(|&&look| look < taken).count();
        let planned = series.looks.len() + usize::from(!series.looks.contains(&taken));
        let group = (series.metric, taken, series.max_rounds(), earlier + 1, planned);
        groups.entry(group).or_default().push(&series.workload);
    }
    let words = |((metric, taken, most, look, looks), workloads): ((Metric, u32, u32, usize, usize), Vec<&str>)| {
        let go_on = if taken < most { "; `scalegate run --resume` goes on where something is undecided" } else { "" };
        let list = workloads.join(", ");
        format!(
            "{metric} of {list} has {taken} of at most {most} rounds, and this is look {look} of {looks} at it{go_on}"
        )
    };
    let host = run.provenance.host.class.clone();
    groups.into_iter().map(|group| Note { host: host.clone(), metric: Some(group.0.0), words: words(group) }).collect()
}
