//! Would the checkers find anything? Faults that each of them has to find, one after the other in a copy of workflows and scripts.

use std::path::Path;
use std::process::ExitCode;

use scalegate::{Error, Result};

use super::checkers::{Checker, Checkers};
use super::files;
use crate::process;

/// A fault, the checker that it is for, and the words by which that names it.
pub(super) struct Planted {
    pub(super) checker: Checker,
    pub(super) words: &'static str,
    pub(super) file: &'static str,
    /// Texts of the file and what stands in their place.
    pub(super) edits: &'static [(&'static str, &'static str)],
}

const SCALING: &str = ".github/workflows/scaling.yml";
const BASELINE: &str = ".github/workflows/baseline.yml";
const COMMENT: &str = ".github/workflows/comment.yml";
const WRITTEN: &str = "crates/scalegate/src/init/templates/workflow.yml";
const ACTION: &str = "action.yml";

const fn planted(
    checker: Checker,
    words: &'static str,
    file: &'static str,
    edits: &'static [(&'static str, &'static str)],
) -> Planted {
    Planted { checker, words, file, edits }
}

pub(super) const FAULTS: &[Planted] = &[
    planted(
        Checker::Zizmor,
        "unpinned-uses",
        SCALING,
        &[("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "actions/checkout@v7")],
    ),
    planted(Checker::Zizmor, "excessive-permissions", SCALING, &[("\npermissions: {}\n", "\n")]),
    planted(Checker::Zizmor, "artipacked", SCALING, &[("persist-credentials: false", "persist-credentials: true")]),
    planted(
        Checker::Zizmor,
        "template-injection",
        SCALING,
        &[("run: ci/await_hosts.sh", "run: echo \"${{ github.event.pull_request.title }}\"")],
    ),
    planted(Checker::Zizmor, "dangerous-triggers", SCALING, &[("\n  pull_request:\n", "\n  pull_request_target:\n")]),
    planted(Checker::Schema, "timeout-minutes", SCALING, &[("timeout-minutes: 170", "timeout-minutes: soon")]),
    planted(
        Checker::Actionlint,
        "property \"await-hosts\" is not defined",
        SCALING,
        &[("needs: [await-hosts, verdict]", "needs: verdict")],
    ),
    planted(Checker::Shellcheck, "SC2086", "ci/comment.sh", &[("\"$api/pulls/$number\"", "$api/pulls/$number")]),
    planted(Checker::Policy, "no `permissions: {}` at the top", SCALING, &[("\npermissions: {}\n", "\n")]),
    planted(
        Checker::Policy,
        "counts: no permissions block of its own",
        SCALING,
        &[("    timeout-minutes: 90\n    permissions:\n      contents: read\n", "    timeout-minutes: 90\n")],
    ),
    planted(
        Checker::Policy,
        "hosts: code from a fork can reach a self-hosted runner",
        SCALING,
        &[(" && github.event.pull_request.head.repo.full_name == github.repository\n", "\n")],
    ),
    planted(
        Checker::Policy,
        "counts: code from a fork can reach a self-hosted runner",
        SCALING,
        &[("runner: ubuntu-24.04,", "runner: pi5,")],
    ),
    planted(
        Checker::Policy,
        "writes to pull requests beside code of a pull request",
        SCALING,
        &[("actions: write #", "pull-requests: write #")],
    ),
    planted(
        Checker::Policy,
        "is not one command (a script of ci/, .ci/run, cargo) without expressions",
        SCALING,
        &[("run: ci/await_hosts.sh", "run: ci/await_hosts.sh ${{ github.run_id }}")],
    ),
    planted(Checker::Policy, "no timeout-minutes", SCALING, &[("    timeout-minutes: 90\n", "")]),
    planted(
        Checker::Policy,
        "pull_request_target runs with the base's rights",
        SCALING,
        &[("\n  pull_request:\n", "\n  pull_request_target:\n")],
    ),
    planted(Checker::Policy, "no concurrency group", COMMENT, &[("\nconcurrency:\n", "\nenv:\n")]),
    // What another job built, in the job that may write.
    planted(
        Checker::Policy,
        "propose: runs `cargo xtask baselines target/records` while its token may write",
        BASELINE,
        &[(
            "      - run: ci/propose.sh\n",
            "      - run: cargo xtask baselines target/records\n      - run: ci/propose.sh\n",
        )],
    ),
    planted(
        Checker::Policy,
        "`chmod` in a script that may have a token",
        "ci/propose.sh",
        &[("gh auth setup-git\n", "chmod +x target/proposal/program\ngh auth setup-git\n")],
    ),
    planted(
        Checker::Policy,
        "write: runs `Swatinem/rust-cache` while its token may write",
        COMMENT,
        &[("      - run: ci/comment.sh\n", "      - uses: Swatinem/rust-cache@v2\n      - run: ci/comment.sh\n")],
    ),
    // A token beside the code of a pull request.
    planted(
        Checker::Policy,
        "verdict: runs `ci/install.sh rust` while its token may read more than contents (actions: read)",
        SCALING,
        &[(
            "    timeout-minutes: 30\n    permissions:\n",
            "    timeout-minutes: 30\n    permissions:\n      actions: read\n",
        )],
    ),
    planted(
        Checker::Policy,
        "verdict: runs code beside the token in `GH_TOKEN`",
        SCALING,
        &[("      PULL_REQUEST:", "      GH_TOKEN: ${{ github.token }}\n      PULL_REQUEST:")],
    ),
    planted(
        Checker::Policy,
        "render: runs code beside the token in `KEY`",
        COMMENT,
        &[("      RUN_URL:", "      KEY: ${{ secrets.KEY }}\n      RUN_URL:")],
    ),
    // The action, and the workflow that calls it.
    planted(
        Checker::Zizmor,
        "unpinned-uses",
        ACTION,
        &[("actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "actions/upload-artifact@v7")],
    ),
    planted(
        Checker::Zizmor,
        "template-injection",
        ACTION,
        &[("ci/action.sh\" compare'", "ci/action.sh\" compare ${{ inputs.base }}'")],
    ),
    planted(Checker::Schema, "using", ACTION, &[("using: composite", "using: sh")]),
    planted(
        Checker::Policy,
        "is not one script of ci/ at GITHUB_ACTION_PATH without expressions",
        ACTION,
        &[("ci/action.sh\" compare'", "ci/action.sh\" compare ${{ inputs.base }}'")],
    ),
    planted(Checker::Policy, "a token in `BASE`", ACTION, &[("BASE: ${{ inputs.base }}", "BASE: ${{ github.token }}")]),
    planted(Checker::Shellcheck, "SC2086", "ci/action.sh", &[("\"${BASE:?a revision}\"", "$BASE")]),
    planted(
        Checker::Zizmor,
        "unpinned-uses",
        WRITTEN,
        &[("scalegate@0000000000000000000000000000000000000000", "scalegate@main")],
    ),
    planted(Checker::Policy, "scaling: no timeout-minutes", WRITTEN, &[("    timeout-minutes: 60\n", "")]),
    // The clock in a fork.
    planted(
        Checker::Policy,
        "counts: the clock starts it in every fork",
        BASELINE,
        &[("    if: (github.event_name != 'schedule' || vars.SCALEGATE_WEEKLY == 'true')\n", "")],
    ),
    planted(
        Checker::Policy,
        "hosts: the clock starts it in every fork",
        BASELINE,
        &[("vars.SCALEGATE_HOSTS == 'true' &&", "vars.SCALEGATE_HOSTS == 'true' ||")],
    ),
];

/// Plants all faults; fails unless each is found, and nothing in a copy without one.
pub(super) fn find_all(checkers: &Checkers, root: &Path) -> Result<ExitCode> {
    let work = process::temporary_directory()?;
    let tree = work.path();
    let mut is_right = true;
    copy(root, tree)?;
    for checker in Checker::ALL {
        let faults = checkers.check(checker, tree)?;
        if !faults.is_empty() {
            println!("WRONG    {checker} finds something where no fault is planted:\n{faults}");
            is_right = false;
        }
    }
    for fault in FAULTS {
        let path = tree.join(fault.file);
        let original = process::read(&path)?;
        process::write(&path, fault.plant(&original)?)?;
        let found = checkers.check(fault.checker, tree)?;
        process::write(&path, original)?;
        if found.contains(fault.words) {
            println!("found    {}: {}", fault.checker, fault.words);
        } else {
            println!("WRONG    {} does not find: {}\n{found}", fault.checker, fault.words);
            is_right = false;
        }
    }
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Planted {
    /// The text of the file with the fault.
    pub(super) fn plant(&self, original: &str) -> Result<String> {
        self.edits.iter().try_fold(original.to_owned(), |text, (from, to)| {
            if text.contains(from) {
                return Ok(text.replace(from, to));
            }
            let cause = format!("the fault for {} ({}) can't be planted: no `{from}` in it", self.checker, self.words);
            Err(Error::new(self.file, cause, "change the fault in xtask/src/workflows/planted.rs with the file"))
        })
    }
}

fn copy(root: &Path, tree: &Path) -> Result<()> {
    let mut paths = files(&root.join(".github"), "yml")?;
    paths.extend(files(&root.join("ci"), "sh")?);
    paths.extend([ACTION, WRITTEN, ".ci/run"].map(|path| root.join(path)));
    for path in paths {
        let place = tree.join(path.strip_prefix(root).unwrap_or(&path));
        process::write(&place, process::read(&path)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::checkers::policy_faults;

    /// The policy needs no tool, so that its faults are planted by the tests too.
    #[test]
    fn the_policy_finds_each_of_its_faults_and_nothing_else() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let tree = directory.path();
        copy(root, tree).unwrap();
        assert_eq!(policy_faults(tree).unwrap(), "");
        for fault in FAULTS.iter().filter(|fault| fault.checker == Checker::Policy) {
            let path = tree.join(fault.file);
            let original = process::read(&path).unwrap();
            process::write(&path, fault.plant(&original).unwrap()).unwrap();
            let found = policy_faults(tree).unwrap();
            assert!(found.contains(fault.words), "not found: {}\n{found}", fault.words);
            process::write(&path, original).unwrap();
        }
    }

    #[test]
    fn faults_of_other_checkers_can_be_planted() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for fault in FAULTS {
            fault.plant(&process::read(&root.join(fault.file)).unwrap()).unwrap();
        }
    }
}
