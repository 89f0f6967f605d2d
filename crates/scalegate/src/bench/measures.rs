//! The workloads of a bench target, checked.

use super::Measured;
use crate::session::Instrument;
use crate::workload::{check_name, check_sizes};
use crate::{Error, Result, Workload};

/// The workloads of a target.
pub(crate) struct Measures<'a> {
    pub(super) own: &'a [Measured],
    pub(super) provided: Vec<Measured>,
}

impl Measures<'_> {
    /// These, if the bench target `target` can measure them.
    ///
    /// # Errors
    /// A workload without sizes or with sizes that don't ascend, an axis without a name, or two workloads of one name.
    pub(super) fn checked(self, target: &str) -> Result<Self> {
        let mut names: Vec<(&str, Instrument)> = Vec::new();
        for (workload, instruments) in self.iter() {
            check(target, workload)?;
            for instrument in instruments {
                if names.contains(&(workload.name(), *instrument)) {
                    return Err(Error::new(
                        format!("bench target {target}"),
                        format!("two workloads are called `{}`", workload.name()),
                        "give one of them another name",
                    ));
                }
                names.push((workload.name(), *instrument));
            }
        }
        Ok(self)
    }

    /// Each workload with its instruments.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&dyn Workload, &[Instrument])> {
        self.own.iter().chain(&self.provided).map(|it| (it.workload.as_ref(), &*it.instruments))
    }

    /// Those that an instrument measures.
    pub(crate) fn by(&self, instrument: Instrument) -> impl Iterator<Item = &dyn Workload> {
        self.iter().filter(move |(_, instruments)| instruments.contains(&instrument)).map(|(workload, _)| workload)
    }

    /// One of these by name.
    pub(crate) fn find(&self, instrument: Instrument, name: &str) -> Result<&dyn Workload> {
        self.by(instrument).find(|workload| workload.name() == name).ok_or_else(|| {
            Error::new(
                name,
                "the configuration lists no such workload any more",
                "leave it as it is while it is measured",
            )
        })
    }
}

const SIZES: &str = "list the sizes in ascending order, each once and none of them zero";

fn check(target: &str, workload: &dyn Workload) -> Result<()> {
    let name = workload.name();
    let place = || format!("bench target {target}, workload `{name}`");
    let fail = |remedy: &'static str| move |cause| Error::new(place(), cause, remedy);
    check_name(name).map_err(fail("use letters, digits, `/`, `-`, `_` and `.`"))?;
    workload.axis().check().map_err(fail("name what the sizes count, as `items`"))?;
    check_sizes(&workload.sizes()).map_err(fail(SIZES))
}

#[cfg(test)]
mod tests {
    use crate::Axis;
    use crate::bench::{Bench, Package};
    use crate::config::Config;

    fn target() -> Bench {
        Bench::new("sorting", Package { name: "own".to_owned(), version: "1.0.0".to_owned(), directory: "own".into() })
    }

    fn refused(bench: &Bench) -> String {
        bench.measured(&Config::default()).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn a_workload_that_cannot_be_measured_is_named_with_the_remedy() {
        let with = |sizes: &[u64], axis: Axis, name: &str| {
            refused(&target().workload(name, axis, sizes.iter().copied(), |n| move || n))
        };
        let items = || Axis::new("items");
        insta::assert_snapshot!(with(&[], items(), "sort/stable"), @"
        bench target sorting, workload `sort/stable`: it has no sizes
          help: list the sizes in ascending order, each once and none of them zero
        ");
        insta::assert_snapshot!(with(&[0, 1], items(), "sort/stable"), @"
        bench target sorting, workload `sort/stable`: a size of zero
          help: list the sizes in ascending order, each once and none of them zero
        ");
        insta::assert_snapshot!(with(&[1, 1], items(), "sort/stable"), @"
        bench target sorting, workload `sort/stable`: size 1 is listed twice
          help: list the sizes in ascending order, each once and none of them zero
        ");
        insta::assert_snapshot!(with(&[2, 1], items(), "sort/stable"), @"
        bench target sorting, workload `sort/stable`: size 1 stands after a larger one
          help: list the sizes in ascending order, each once and none of them zero
        ");
        insta::assert_snapshot!(with(&[1, 2], Axis::new(""), "sort/stable"), @"
        bench target sorting, workload `sort/stable`: an axis has an empty name
          help: name what the sizes count, as `items`
        ");
        insta::assert_snapshot!(with(&[1, 2], items(), "sort stable"), @"
        bench target sorting, workload `sort stable`: `sort stable` is no name for a workload
          help: use letters, digits, `/`, `-`, `_` and `.`
        ");
    }

    #[test]
    fn two_workloads_of_one_name_are_refused() {
        let twice = target().workload("sort/stable", Axis::new("items"), [1, 2], |n| move || n).workload(
            "sort/stable",
            Axis::new("items"),
            [1, 2],
            |n| move || n,
        );
        insta::assert_snapshot!(refused(&twice), @"
        bench target sorting: two workloads are called `sort/stable`
          help: give one of them another name
        ");
    }
}
