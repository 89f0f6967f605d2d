//! Instruction counts of programs: each run with all that it starts below callgrind, twice, since nobody has seen to it that they repeat.

use std::path::Path;

use super::counts::{Case, Counts, count_all, fixed_addresses, unavailable};
use super::driver::{Chosen, Session};
use super::job::Work;
use super::record::Recorder;
use crate::measure::{self, CALLGRIND_METRICS};
use crate::metric::Metric;
use crate::record::Series;
use crate::{Error, Result};

/// Counts by callgrind, or the reason that there are none.
pub(super) fn below_callgrind(session: &Session<'_>, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
    if chosen.is_empty() {
        return Ok(());
    }
    let valgrind = measure::find_valgrind(|command| {
        command.arg("true");
    });
    let valgrind = match valgrind {
        Ok(valgrind) => valgrind,
        Err(reason) => return unavailable(session, recorder, chosen, &reason),
    };
    let environment = measure::program_environment(&valgrind);
    for &(target, workload) in chosen {
        let cases: Vec<Case<'_>> = workload.sizes.iter().map(|size| Case { target, workload, size: *size }).collect();
        let counts = fixed_addresses(|| count_all(&cases, |case, _| counted_twice(session, case)))?;
        let counts: std::result::Result<Vec<Counts>, String> = counts.into_iter().collect();
        let counts = match counts {
            Ok(counts) => counts,
            Err(reason) => {
                unavailable(session, recorder, &[(target, workload)], &reason)?;
                continue;
            }
        };
        let series = CALLGRIND_METRICS.map(|metric| {
            let sample = |(case, counts): (&Case<'_>, &Counts)| super::counts::sample(case.size, counts[&metric]);
            let samples = cases.iter().zip(&counts).map(sample).collect();
            Series { samples, ..Session::series((target, workload), metric, &environment) }
        });
        recorder.keep(series.into_iter().filter(|series| session.request.wants(series.metric)).collect())?;
    }
    Ok(())
}

/// The counts of a run, or how two runs differ.
fn counted_twice(session: &Session<'_>, case: &Case<'_>) -> Result<std::result::Result<Counts, String>> {
    let [first, second] = [counted(session, case, "first")?, counted(session, case, "second")?];
    let [one, other] = [&first, &second].map(|counts| counts[&Metric::Instructions] as f64);
    let tolerated = Metric::Instructions.error_bound().unwrap_or(0.0);
    if (one - other).abs() <= tolerated * one {
        return Ok(Ok(first));
    }
    Ok(Err(format!(
        "two runs of {} at size {} took {one} and {other} instructions: take out what is random in it, as `PYTHONHASHSEED=0` does",
        case.workload.name, case.size
    )))
}

fn counted(session: &Session<'_>, case: &Case<'_>, name: &str) -> Result<Counts> {
    let place = format!("{} at size {}", case.workload.name, case.size);
    let path = session.job_path(&format!("{place} {name}"));
    let out = path.with_extension("callgrind");
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Error::new(path.display(), error, "rerun where it can be named"))
    };
    let work = Work::CountProgram { workload: case.workload.name.clone(), size: case.size, out: absolute(&out)? };
    session.ask_at::<()>(case.target, &place, work, &path)?;
    measure::read_callgrind_of_tree(&out)
}
