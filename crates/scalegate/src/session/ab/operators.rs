//! Wall time by the parts of an inference, of base and head in turns: a diagnosis, and no verdict.

use std::collections::BTreeMap;
use std::time::Instant;

use super::lockstep::{Lockstep, Runner, Sides};
use super::{Comparison, Pair};
use crate::measure;
use crate::progress::Progress;
use crate::why::{Operators, Timed};
use crate::{Error, Result};

/// So long a workload is timed in parts, after its processes have started.
const MAX_S: f64 = 15.0;

/// More pairs of a size tell no more.
const MAX_PAIRS: usize = 40;

/// Fewer pairs have no interval, however long they take.
const MIN_PAIRS: usize = 5;

impl Comparison<'_> {
    /// Where wall time went in each of the workloads that `is_wanted` names and that know their parts. What fails is said and left out:
    /// nothing rests on it.
    pub(super) fn operators(&self, is_wanted: &dyn Fn(&str) -> bool) -> BTreeMap<String, Operators> {
        let lockstep = Lockstep { directory: &self.directory, jobs: self.jobs, begin: Instant::now() };
        let progress = Progress::new();
        let mut all = BTreeMap::new();
        let pairs = self.timed_on_both_sides(is_wanted).into_iter();
        // Of programs and servers nobody outside knows the parts.
        for Pair { workload, runners } in pairs.filter(|pair| pair.runners.iter().all(|it| it.places.is_none())) {
            progress.say(format!("timing operators: {}", workload.name));
            match by_part(&lockstep, &workload.name, &workload.sizes, runners) {
                Ok(pairs) => all.extend(Operators::new(&pairs).map(|its| (workload.name.to_string(), its))),
                Err(_) if measure::interrupted() => break,
                Err(error) => eprintln!("note: {} is not timed by operator: {error}", workload.name),
            }
        }
        all
    }
}

/// Pairs of each size; none where the workload has no parts.
fn by_part(
    lockstep: &Lockstep<'_>,
    workload: &str,
    sizes: &[u64],
    runners: [&Runner; 2],
) -> Result<BTreeMap<u64, Vec<[Timed; 2]>>> {
    let mut sides = lockstep.sides(workload, runners)?;
    let has_parts = match sizes.first() {
        Some(&size) => sides.in_parts(0, size, 1)?.1.is_some(),
        None => false,
    };
    if !has_parts {
        sides.end()?;
        return Ok(BTreeMap::new());
    }
    let mut pairs: BTreeMap<u64, Vec<[Timed; 2]>> = BTreeMap::new();
    let mut inferences: BTreeMap<u64, u64> = BTreeMap::new();
    for &size in sizes {
        inferences.insert(size, sides.inferences(size)?);
    }
    let begin = Instant::now();
    for round in 0..MAX_PAIRS {
        if round >= MIN_PAIRS && begin.elapsed().as_secs_f64() > MAX_S {
            break;
        }
        for &size in sizes {
            let Some(pair) = pair(&mut sides, size, inferences[&size], round % 2)? else {
                sides.end()?;
                return Ok(BTreeMap::new());
            };
            pairs.entry(size).or_default().push(pair);
        }
    }
    sides.end()?;
    Ok(pairs)
}

/// A slice in parts of each side, in the order base head head base or the other way round, and one of each without clocks. `None` if a
/// side has no parts.
fn pair(sides: &mut Sides, size: u64, inferences: u64, first: usize) -> Result<Option<[Timed; 2]>> {
    let mut timed: [Timed; 2] = Default::default();
    for side in [first, 1 - first, 1 - first, first] {
        let (seconds, parts) = sides.in_parts(side, size, inferences)?;
        let Some(mut parts) = parts else { return Ok(None) };
        let its = &mut timed[side];
        its.seconds += 0.5 * seconds;
        parts.list.iter_mut().for_each(|part| part.seconds *= 0.5 / inferences as f64);
        if its.parts.list.is_empty() {
            its.parts = parts;
            continue;
        }
        if its.parts.list.len() != parts.list.len() {
            return Err(Error::new(format!("size {size}"), "it ran other parts the second time", "rerun"));
        }
        for (all, part) in its.parts.list.iter_mut().zip(parts.list) {
            all.seconds += part.seconds;
        }
    }
    for side in [first, 1 - first] {
        timed[side].plain_s = sides.plain(side, size, inferences)?;
    }
    Ok(Some(timed))
}
