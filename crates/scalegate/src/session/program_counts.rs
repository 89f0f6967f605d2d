//! Instruction counts of programs: each run with all that it starts below callgrind, twice, since nobody has seen to it that they repeat.

use std::path::Path;

use super::counts::{Case, Counted, CountedWorkload, count_all, fixed_addresses, unavailable};
use super::driver::{Chosen, Session};
use super::job::Work;
use super::record::Recorder;
use crate::measure;
use crate::metric::Metric;
use crate::record::Functions;
use crate::{Error, Result};

/// Counts by callgrind, or the reason that there are none.
pub(super) fn below_callgrind(session: &Session<'_>, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
    for &chosen in chosen {
        match counted(session, chosen)? {
            Err(reason) => unavailable(session, recorder, &[chosen], &reason)?,
            Ok(its) => {
                recorder.keep(its.series(session, chosen))?;
                Functions::keep(&session.request.out, vec![its.functions(chosen.1)])?;
            }
        }
    }
    Ok(())
}

/// What callgrind counts of all sizes of a program, or why it can't.
pub(super) fn counted(
    session: &Session<'_>,
    (target, workload): Chosen<'_>,
) -> Result<std::result::Result<CountedWorkload, String>> {
    let valgrind = match measure::find_valgrind(|command| {
        command.arg("true");
    }) {
        Ok(valgrind) => valgrind,
        Err(reason) => return Ok(Err(reason)),
    };
    let environment = measure::program_environment(&valgrind);
    let cases: Vec<Case<'_>> = Case::parts((target, workload), workload.sizes.len()).collect();
    let counts = fixed_addresses(|| {
        count_all(&cases, |case, _, done| {
            let counted = case.sizes.iter().map(|size| counted_twice(session, case, *size));
            counted.collect::<Result<Vec<_>>>().inspect(|_| case.sizes.iter().copied().for_each(done))
        })
    })?;
    let counts: std::result::Result<Vec<Counted>, String> = counts.into_iter().flatten().collect();
    Ok(counts.map(|counts| {
        let by_size = workload.sizes.iter().copied().zip(counts).collect();
        CountedWorkload { by_size, environment, graph: None }
    }))
}

/// The counts of a run, or how two runs differ.
fn counted_twice(session: &Session<'_>, case: &Case<'_>, size: u64) -> Result<std::result::Result<Counted, String>> {
    let [first, second] = [counted_once(session, case, size, "first")?, counted_once(session, case, size, "second")?];
    let [one, other] = [&first, &second].map(|counted| counted.counts[&Metric::Instructions] as f64);
    let tolerated = Metric::Instructions.error_bound().unwrap_or(0.0);
    if (one - other).abs() <= tolerated * one {
        return Ok(Ok(first));
    }
    Ok(Err(format!(
        "two runs of {} at size {} took {one} and {other} instructions: take out what is random in it, as `PYTHONHASHSEED=0` does",
        case.workload.name, size
    )))
}

fn counted_once(session: &Session<'_>, case: &Case<'_>, size: u64, name: &str) -> Result<Counted> {
    let place = case.place(size);
    let path = session.job_path(&format!("{place} {name}"));
    let out = path.with_extension("callgrind");
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Error::new(path.display(), error, "rerun where it can be named"))
    };
    let work = Work::CountProgram { workload: case.workload.name.clone(), size, out: absolute(&out)? };
    session.ask_at::<()>(case.target, &place, work, &path)?;
    Ok(Counted { counts: measure::read_callgrind_of_tree(&out)?, profile: measure::read_functions_of_tree(&out)? })
}
