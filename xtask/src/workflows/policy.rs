//! What this repository asks of its workflows and no general checker knows.
//!
//! - Nothing is permitted at the top; every job says what it may do and how long it may take; every workflow has a concurrency
//!   group. No `pull_request_target`.
//! - A step runs one command, without an expression in it: a script of `ci/`, `.ci/run`, or cargo.
//! - A token that may do more than read the contents is not in one job with code: such a job runs nothing but scripts that talk
//!   to GitHub, and these start nothing that was built or downloaded.
//! - A workflow that runs the code of a pull request does not write to pull requests.
//! - A job that others can cause runs on a machine of GitHub's, unless its `if` asks that the head is a branch of this repository.
//! - What the clock starts does not run in a fork.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::shell::programs;

/// Machines of GitHub's.
const HOSTED: [&str; 3] = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15"];

/// What starts a workflow by the will of those who may write to the repository, and of nobody else.
const TRUSTED: [&str; 3] = ["push", "schedule", "workflow_dispatch"];

/// The head of a pull request is a branch of this repository.
const OWN_BRANCH: &str = "github.event.pull_request.head.repo.full_name == github.repository";

/// The clock starts a job where its repository's variable asks for it; a fork has none of the variables.
const NO_FORK: &str = "(github.event_name != 'schedule' || vars.SCALEGATE_WEEKLY == 'true')";

/// Ends a run; it is no script, so that nothing has to be checked out beside a token that may write.
const CANCEL: &str = r#"gh run cancel "$GITHUB_RUN_ID" --repo "$GITHUB_REPOSITORY""#;

/// Scripts that talk to GitHub, and may have a token for it.
const TALKING: [&str; 5] =
    ["ci/await_hosts.sh", "ci/comment.sh", "ci/fetch_digest.sh", "ci/propose.sh", "ci/release.sh"];

/// Actions that start nothing of what they fetch, or attest.
const INERT: [&str; 4] =
    ["actions/attest-build-provenance", "actions/checkout", "actions/download-artifact", "actions/upload-artifact"];

/// What a script that may have a token may start.
const TOOLS: [&str; 27] = [
    ":", "[", "break", "cat", "cd", "cp", "cut", "date", "dirname", "echo", "exit", "export", "find", "gh", "git",
    "grep", "head", "mkdir", "paste", "printf", "read", "set", "sleep", "tee", "tr", "true", "unzip",
];

#[derive(Debug, Deserialize)]
struct Workflow {
    on: Triggers,
    permissions: Option<Permissions>,
    concurrency: Option<IgnoredAny>,
    #[serde(default)]
    env: BTreeMap<String, Scalar>,
    jobs: BTreeMap<String, Job>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Triggers {
    One(String),
    Several(Vec<String>),
    Configured(
        #[expect(clippy::zero_sized_map_values, reason = "it is the names that count")] BTreeMap<String, IgnoredAny>,
    ),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Permissions {
    All(String),
    Each(BTreeMap<String, String>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Job {
    permissions: Option<Permissions>,
    #[serde(default)]
    runs_on: RunsOn,
    timeout_minutes: Option<IgnoredAny>,
    #[serde(rename = "if")]
    condition: Option<Scalar>,
    #[serde(default)]
    strategy: Strategy,
    #[serde(default)]
    env: BTreeMap<String, Scalar>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RunsOn {
    One(String),
    Several(Vec<String>),
    Group(#[expect(clippy::zero_sized_map_values, reason = "it is the names that count")] BTreeMap<String, IgnoredAny>),
}

#[derive(Debug, Default, Deserialize)]
struct Strategy {
    #[serde(default)]
    matrix: BTreeMap<String, Axis>,
}

/// The values of one variable of a matrix, or its list of whole combinations.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Axis {
    Values(Vec<Scalar>),
    Combinations(Vec<BTreeMap<String, Scalar>>),
    Expression(String),
}

#[derive(Debug, Deserialize)]
struct Step {
    uses: Option<String>,
    run: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, Scalar>,
    #[serde(default)]
    with: BTreeMap<String, Scalar>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Text(String),
    Flag(bool),
    Number(f64),
}

impl Default for RunsOn {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }

    /// Whether it is a token, or may hold one.
    pub(super) fn is_secret(&self) -> bool {
        let Self::Text(text) = self else { return false };
        text.contains("github.token") || text.contains("secrets.") || text.contains("secrets[")
    }
}

/// What is wrong with a workflow; empty if nothing is.
///
/// # Errors
/// It is not a workflow in YAML.
pub(super) fn faults_of_workflow(text: &str) -> Result<Vec<String>, String> {
    let workflow: Workflow = parsed(text).map_err(|error| format!("not a workflow: {error}"))?;
    let on = workflow.on.names();
    let mut faults = Vec::new();
    match &workflow.permissions {
        Some(Permissions::Each(permissions)) if permissions.is_empty() => {}
        _ => faults.push("no `permissions: {}` at the top".to_owned()),
    }
    if workflow.concurrency.is_none() {
        faults.push("no concurrency group".to_owned());
    }
    if on.contains("pull_request_target") {
        faults.push("pull_request_target runs with the base's rights beside a fork's code".to_owned());
    }
    for (name, job) in &workflow.jobs {
        faults.extend(job.faults(&on, &workflow.env).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    Ok(faults)
}

/// Reads YAML as GitHub does, for whom `on` is no truth value.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

/// What is wrong with a script of `ci/` that may have a token.
pub(super) fn faults_of_talking_script(text: &str) -> Vec<String> {
    let found: BTreeSet<String> =
        programs(text).into_iter().filter(|program| !TOOLS.contains(&program.as_str())).collect();
    let fault = |program: String| {
        format!("`{program}` in a script that may have a token, which starts nothing but {}", TOOLS.join(" "))
    };
    found.into_iter().map(fault).collect()
}

/// Whether a script of `ci/` may have a token.
pub(super) fn is_talking(script: &str) -> bool {
    TALKING.contains(&script)
}

impl Triggers {
    fn names(&self) -> BTreeSet<String> {
        match self {
            Self::One(name) => BTreeSet::from([name.clone()]),
            Self::Several(names) => names.iter().cloned().collect(),
            Self::Configured(names) => names.keys().cloned().collect(),
        }
    }
}

impl Job {
    fn faults(&self, on: &BTreeSet<String>, workflow_env: &BTreeMap<String, Scalar>) -> Vec<String> {
        let mut faults = Vec::new();
        let is_of_others = on.iter().any(|trigger| !TRUSTED.contains(&trigger.as_str()));
        match &self.permissions {
            Some(Permissions::Each(permissions)) => faults.extend(self.faults_beside_token(permissions)),
            _ => faults.push("no permissions block of its own".to_owned()),
        }
        if is_of_others && !on.contains("workflow_run") && self.may("pull-requests", "write") {
            faults.push("writes to pull requests beside code of a pull request".to_owned());
        }
        if self.runs_code() {
            faults.extend(self.secrets(workflow_env).map(|name| format!("runs code beside the token in `{name}`")));
        }
        if self.timeout_minutes.is_none() {
            faults.push("no timeout-minutes".to_owned());
        }
        let labels = self.labels();
        if is_of_others && !labels.iter().all(|label| HOSTED.contains(&label.as_str())) && !self.asks_for(OWN_BRANCH) {
            let labels = labels.join(", ");
            faults.push(format!(
                "code from a fork can reach a self-hosted runner ({labels}); ask in `if` for {OWN_BRANCH}"
            ));
        }
        if on.contains("schedule") && !self.asks_for(NO_FORK) {
            faults.push(format!("the clock starts it in every fork; ask in `if` for {NO_FORK}"));
        }
        for command in self.commands().filter(|command| !is_one_command(command)) {
            let line = command.lines().next().unwrap_or_default();
            faults.push(format!("`{line}` is not one command (a script of ci/, .ci/run, cargo) without expressions"));
        }
        faults
    }

    /// A token that may do more than read the contents meets scripts that talk to GitHub, and nothing else.
    fn faults_beside_token(&self, permissions: &BTreeMap<String, String>) -> Vec<String> {
        let rights = permissions
            .iter()
            .filter(|(scope, right)| *right != "none" && (scope.as_str(), right.as_str()) != ("contents", "read"));
        let rights: Vec<String> = rights.map(|(scope, right)| format!("{scope}: {right}")).collect();
        if rights.is_empty() {
            return Vec::new();
        }
        let may_write = permissions.values().any(|right| right == "write");
        let token = format!(
            "{} ({})",
            if may_write { "its token may write" } else { "its token may read more than contents" },
            rights.join(", ")
        );
        self.code().map(|code| format!("runs `{code}` while {token}; let a job without it run that")).collect()
    }

    /// Whether it runs anything that was built, downloaded or checked out, but for scripts that talk to GitHub.
    fn runs_code(&self) -> bool {
        self.code().next().is_some()
    }

    fn code(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| {
            let command = step.run.as_deref().map(str::trim_end);
            let action = step.uses.as_deref().map(|action| action.split('@').next().unwrap_or(action));
            command
                .filter(|command| *command != CANCEL && !is_talking(command.split(' ').next().unwrap_or(command)))
                .or(action.filter(|action| !INERT.contains(action)))
        })
    }

    fn commands(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.run.as_deref())
    }

    fn may(&self, scope: &str, right: &str) -> bool {
        match &self.permissions {
            Some(Permissions::Each(permissions)) => permissions.get(scope).is_some_and(|its| its == right),
            Some(Permissions::All(all)) => all == "write-all",
            None => false,
        }
    }

    /// The names that tokens have in this job.
    fn secrets<'a>(&'a self, workflow_env: &'a BTreeMap<String, Scalar>) -> impl Iterator<Item = &'a str> {
        let of_steps = self.steps.iter().flat_map(|step| step.env.iter().chain(&step.with));
        let all = workflow_env.iter().chain(&self.env).chain(of_steps);
        all.filter(|(_, value)| value.is_secret()).map(|(name, _)| name.as_str())
    }

    /// The labels that it may run on, with those of its matrix put in.
    fn labels(&self) -> Vec<String> {
        let listed = match &self.runs_on {
            RunsOn::One(label) => vec![label.clone()],
            RunsOn::Several(labels) => labels.clone(),
            RunsOn::Group(keys) => {
                vec![format!("runners by {}", keys.keys().cloned().collect::<Vec<_>>().join(" and "))]
            }
        };
        listed.into_iter().flat_map(|label| self.values_of(&label).unwrap_or_else(|| vec![label])).collect()
    }

    /// The values of `${{ matrix.NAME }}`, if that is what a label says and the matrix has some.
    fn values_of(&self, label: &str) -> Option<Vec<String>> {
        let name = expression(label)?.strip_prefix("matrix.")?;
        let mut values = Vec::new();
        match self.strategy.matrix.get(name) {
            Some(Axis::Values(list)) => values.extend(list.iter().map(Scalar::text)),
            Some(Axis::Expression(text)) => values.push(text.clone()),
            Some(Axis::Combinations(_)) | None => {}
        }
        if let Some(Axis::Combinations(list)) = self.strategy.matrix.get("include") {
            values.extend(list.iter().filter_map(|entry| entry.get(name)).map(Scalar::text));
        }
        (!values.is_empty()).then_some(values)
    }

    /// Whether its `if` is a conjunction with this term.
    fn asks_for(&self, term: &str) -> bool {
        let Some(condition) = self.condition.as_ref().map(Scalar::text) else { return false };
        let condition = expression(condition.trim()).unwrap_or(condition.trim()).to_owned();
        terms(&condition).is_some_and(|terms| terms.iter().any(|its| its == term))
    }
}

/// What stands within `${{ … }}`, if that is all of a text.
fn expression(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("${{")?.strip_suffix("}}")?;
    (!inside.contains("}}")).then(|| inside.trim())
}

/// The terms of a conjunction, with single spaces; `None` if an alternative stands beside them.
fn terms(condition: &str) -> Option<Vec<String>> {
    let mut terms = vec![String::new()];
    let mut depth = 0_u32;
    let mut is_text = false;
    let mut rest = condition;
    while let Some(character) = rest.chars().next() {
        match character {
            '\'' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && !is_text && rest.starts_with("||") {
            return None;
        }
        let step = if depth == 0 && !is_text && rest.starts_with("&&") { 2 } else { character.len_utf8() };
        match (step == 2 && character == '&', terms.last_mut()) {
            (true, _) => terms.push(String::new()),
            (false, Some(last)) => last.push(character),
            (false, None) => {}
        }
        rest = &rest[step..];
    }
    Some(terms.iter().map(|term| term.split_whitespace().collect::<Vec<_>>().join(" ")).collect())
}

/// Whether a step runs one command that does the same on a laptop.
fn is_one_command(command: &str) -> bool {
    let command = command.strip_suffix('\n').unwrap_or(command);
    let is_plain =
        |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_./^-".contains(c)) && !word.is_empty();
    let is_script = |word: &str| {
        word.strip_prefix("ci/")
            .and_then(|word| word.strip_suffix(".sh"))
            .is_some_and(|name| !name.contains(['.', '/']))
    };
    let words: Vec<&str> = command.split(' ').collect();
    command == CANCEL
        || words.iter().all(|word| is_plain(word))
            && match words[..] {
                ["bash", ".ci/run"] | ["cargo", "xtask" | "clippy" | "test", ..] => true,
                [script, ..] => is_script(script),
                [] => false,
            }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alternative_beside_a_term_does_not_ask_for_it() {
        let asks =
            |condition: &str| terms(condition).is_some_and(|terms| terms.iter().any(|term| term == "a == 'b || c'"));
        assert!(asks("a == 'b || c'"));
        assert!(asks("x && a ==  'b || c' && (y || z)"));
        assert!(!asks("x || a == 'b || c'"));
        assert!(!asks("(x || a == 'b || c')"));
        assert!(!asks("x && (y || a == 'b || c')"));
    }

    #[test]
    fn a_step_runs_one_command_without_expressions() {
        for command in
            ["ci/install.sh rust valgrind", "bash .ci/run", "cargo xtask counts target/records HEAD^\n", CANCEL]
        {
            assert!(is_one_command(command), "{command}");
        }
        let others =
            ["ci/a.sh; rm x", "ci/a.sh ${{ x }}", "ci/a.sh\nb", "gh run cancel", "cargo install x", "ci/../a.sh", ""];
        for command in others {
            assert!(!is_one_command(command), "{command}");
        }
    }

    #[test]
    fn labels_of_a_matrix_are_its_values() {
        let of = |runs_on: &str, matrix: &str| -> Vec<String> {
            let job = format!("runs-on: {runs_on}\nstrategy:\n  matrix: {matrix}\n");
            parsed::<Job>(&job).unwrap().labels()
        };
        assert_eq!(of("ubuntu-24.04", "{}"), ["ubuntu-24.04"]);
        assert_eq!(of("\"${{ matrix.on }}\"", "{ on: [a, b], include: [{ on: c, x: 1 }, { x: 2 }] }"), ["a", "b", "c"]);
        assert_eq!(of("[self-hosted, \"${{ matrix.on }}\"]", "{ include: [{ on: m2 }] }"), ["self-hosted", "m2"]);
        assert_eq!(of("\"${{ matrix.on }}\"", "{ on: \"${{ fromJSON(x) }}\" }"), ["${{ fromJSON(x) }}"]);
        assert_eq!(of("\"${{ inputs.on }}\"", "{}"), ["${{ inputs.on }}"]);
    }

    #[test]
    fn a_script_with_a_token_starts_nothing_that_was_built() {
        assert!(
            faults_of_talking_script("# as cargo does\nx=\"$(gh api x --jq '.a | python')\" | head -n 1\n").is_empty()
        );
        for line in [
            "x=$(cargo run)",
            "chmod +x \"$1\"",
            "if ./scalegate; then",
            "A=1 target/records/scalegate check",
            "python3 - <<X",
            "\"$program\" check",
            "echo a | bash",
            "true && . ./b",
            "find . -exec sh -c x \\;",
        ] {
            assert_eq!(faults_of_talking_script(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn what_is_no_workflow_is_an_error() {
        assert!(faults_of_workflow("jobs: [").is_err());
        assert!(faults_of_workflow("on: push\njobs: 1\n").is_err());
    }
}
