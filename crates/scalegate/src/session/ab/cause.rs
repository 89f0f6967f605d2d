//! The instructions of base and head by function: what a difference between them comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::builds::Workshop;
use super::{AbRequest, Comparison, Runner, build};
use crate::analysis::PairCheck;
use crate::config::Config;
use crate::gate::Outcome;
use crate::record::{Difference, WorkloadFunctions};
use crate::revisions::{Repository, Revision};
use crate::session::driver::{Chosen, Session};
use crate::session::job::{Description, Instrument, TargetKind, Work};
use crate::session::record::Target;
use crate::session::request::Request;
use crate::session::tree::{has_commands, matching};
use crate::session::{counts, program_counts};
use crate::why::{Counted, Why};
use crate::{Axis, Error, Result, measure};

/// A side that was built.
struct Side<'a> {
    /// `base` or `head`, and the revision.
    name: String,
    described: &'a [(Runner, Description)],
}

/// What was counted of a side, with what counts depend on beside the code.
struct CountedSide {
    counted: Counted,
    environment: BTreeMap<String, String>,
}

/// Builds both sides, and tells by which functions their instructions differ.
///
/// # Errors
/// An unknown revision, a side that does not build or has none of the workloads, no Valgrind, or Ctrl-C.
pub(crate) fn why(request: &AbRequest) -> Result<Why> {
    measure::watch_for_ctrl_c();
    let config = super::sides::comparable(Config::load_here()?);
    let _adopted = has_commands(&config).then(measure::Adopted::new);
    let workshop = Workshop::open()?;
    let interrupted = |error| if measure::interrupted() { measure::interruption() } else { error };
    let repository = Repository::here(workshop.place()).map_err(interrupted)?;
    let sides = build(request, &config, &workshop, &repository).map_err(interrupted)?;
    let jobs = workshop.scratch()?;
    let comparison = Comparison::new(request, &config, &repository, sides, jobs.path()).map_err(interrupted)?;
    let all: Vec<Description> = comparison.descriptions.iter().flatten().map(|(_, it)| it.clone()).collect();
    let chosen = matching(&request.workloads, &all)?;
    let is_wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|its| its == name);
    comparison.why(&is_wanted, false).map_err(interrupted)
}

impl Comparison<'_> {
    /// Where the cause of what regressed lies, as far as it can be counted; says so where it can't.
    pub(super) fn cause(&self, check: &PairCheck) -> Option<Why> {
        let is_wanted = |name: &str| {
            let its = check.findings.iter().filter(|finding| finding.workload == *name);
            its.clone().any(|finding| finding.outcome == Outcome::Regressed)
        };
        let is_counted = |side: &[(Runner, Description)]| {
            let mut all = side.iter().flat_map(|(_, target)| &target.workloads);
            all.any(|workload| workload.instrument == Instrument::Callgrind && is_wanted(&workload.name))
        };
        if !check.findings.iter().any(|finding| finding.outcome == Outcome::Regressed) {
            return None;
        }
        if !self.descriptions.iter().all(|side| is_counted(side)) {
            eprintln!("note: the cause is told by counts of instructions, and what regressed is not counted");
            return None;
        }
        match self.why(&is_wanted, true) {
            Ok(why) => Some(why),
            Err(error) => {
                eprintln!("note: the cause is not known: {error}");
                None
            }
        }
    }

    /// Counts are explained of all that `is_wanted` names, and wall time of those whose counts changed, or of all.
    fn why(&self, is_wanted: &dyn Fn(&str) -> bool, always_timed: bool) -> Result<Why> {
        let [base, head] = &self.sides;
        let sides = [("base", base, 0), ("head", head, 1)].map(|(role, built, at)| Side {
            name: format!("{role} ({})", built.arm.name),
            described: &self.descriptions[at],
        });
        let mut why = explain(self.config, sides, &self.directory, is_wanted)?;
        let changed: Vec<String> = why
            .workloads
            .iter()
            .filter(|its| always_timed || its.is_changed())
            .map(|its| its.workload.to_string())
            .collect();
        let mut operators = self.operators(&|name| changed.iter().any(|its| its == name));
        for its in &mut why.workloads {
            its.operators = operators.remove(&*its.workload);
        }
        let revisions =
            [base, head].map(|built| Revision { name: built.arm.name.clone(), tree: built.arm.tree.clone() });
        // This repository and no other: what is not committed lies among its objects, as it was when it was built.
        let files = self.repository.changed_files(&revisions[0], &revisions[1]);
        why.files = files.map_err(|error| error.cause().to_owned());
        Ok(why)
    }
}

/// Counts the workloads that `is_wanted` names on both sides, and explains how they differ.
fn explain(config: &Config, sides: [Side<'_>; 2], directory: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<Why> {
    let [base, head] = sides;
    let count = |side: Side<'_>| {
        eprintln!("counting the {} by function", side.name);
        count(config, &side, directory, is_wanted)
    };
    let (base, head) = (count(base)?, count(head)?);
    let mut why = Why::new([&base.counted, &head.counted], &config.gate, is_wanted)?;
    let fields: BTreeSet<&String> = base.environment.keys().chain(head.environment.keys()).collect();
    let of = |side: &CountedSide, field: &String| {
        side.environment.get(field).cloned().unwrap_or_else(|| "absent".to_owned())
    };
    let differences = fields.into_iter().map(|field| Difference {
        field: field.clone(),
        before: of(&base, field),
        after: of(&head, field),
    });
    why.differences = differences.filter(|it| it.before != it.after).collect();
    Ok(why)
}

fn count(config: &Config, side: &Side<'_>, directory: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<CountedSide> {
    let request = Request::default();
    let session = Session::new(config, &request, &[])?;
    let targets: Vec<Target> = side.described.iter().map(|its| target(its, directory)).collect();
    let all =
        targets.iter().flat_map(|target| target.description.workloads.iter().map(move |workload| (target, workload)));
    let chosen: Vec<Chosen<'_>> =
        all.filter(|(_, workload)| workload.instrument == Instrument::Callgrind && is_wanted(&workload.name)).collect();
    let (programs, functions): (Vec<Chosen<'_>>, Vec<Chosen<'_>>) =
        chosen.into_iter().partition(|(target, _)| target.description.kind == TargetKind::Programs);
    let fail = |cause: String| Error::new(&side.name, cause, "causes are told by counts of instructions");
    let mut workloads: Vec<(WorkloadFunctions, Axis)> = Vec::new();
    let mut environment = BTreeMap::new();
    let counted = counts::counted(&session, &functions)?.map_err(fail)?;
    for ((target, workload), its) in functions.into_iter().zip(counted) {
        environment.extend(its.environment.clone());
        let description: Description = session.ask(target, "a bench target", Work::Describe { with_subject: true })?;
        environment.extend(description.subject);
        workloads.push((its.functions(workload), workload.axis.clone()));
    }
    for chosen in programs {
        let its = program_counts::counted(&session, chosen)?.map_err(fail)?;
        environment.extend(its.environment.clone());
        workloads.push((its.functions(chosen.1), chosen.1.axis.clone()));
    }
    Ok(CountedSide { counted: Counted { name: side.name.clone(), workloads }, environment })
}

fn target((runner, description): &(Runner, Description), directory: &Path) -> Target {
    Target {
        executable: runner.executable.clone(),
        directory: runner.places.as_ref().map_or_else(|| directory.to_path_buf(), |places| places.directory.clone()),
        arguments: Vec::new(),
        description: description.clone(),
        programs: BTreeMap::new(),
    }
}
