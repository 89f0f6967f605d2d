//! What this repository asks of its action, which runs in repositories of others: no token, no expression in a command, and nothing but
//! scripts that came with it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::policy::{Scalar, parsed};

#[derive(Debug, Deserialize)]
struct Action {
    runs: Runs,
}

#[derive(Debug, Deserialize)]
struct Runs {
    using: String,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    run: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, Scalar>,
    #[serde(default)]
    with: BTreeMap<String, Scalar>,
}

/// What is wrong with an action; empty if nothing is.
///
/// # Errors
/// It is not an action in YAML.
pub(super) fn faults_of_action(text: &str) -> Result<Vec<String>, String> {
    let action: Action = parsed(text).map_err(|error| format!("not an action: {error}"))?;
    let mut faults = Vec::new();
    if action.runs.using != "composite" {
        faults.push(format!("it is run by {}, and not made of steps", action.runs.using));
    }
    for step in &action.runs.steps {
        let secrets = step.env.iter().chain(&step.with).filter(|(_, value)| value.is_secret());
        faults.extend(secrets.map(|(name, _)| format!("a token in `{name}`, beside the code of a pull request")));
        if let Some(command) = step.run.as_deref().filter(|command| !is_own_script(command)) {
            let line = command.lines().next().unwrap_or_default();
            faults.push(format!("`{line}` is not one script of ci/ at GITHUB_ACTION_PATH without expressions"));
        }
    }
    Ok(faults)
}

/// Whether a command is a script of this repository with plain words after it.
fn is_own_script(command: &str) -> bool {
    let Some(rest) = command.trim_end().strip_prefix("\"$GITHUB_ACTION_PATH/ci/") else { return false };
    let Some((name, words)) = rest.split_once(".sh\"") else { return false };
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    !name.is_empty() && is_plain(name) && words.split(' ').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_runs_its_own_scripts() {
        assert!(is_own_script("\"$GITHUB_ACTION_PATH/ci/action.sh\" install\n"));
        for command in [
            "\"$GITHUB_ACTION_PATH/ci/../x.sh\" install",
            "\"$GITHUB_ACTION_PATH/ci/action.sh\" ${{ inputs.base }}",
            "\"$GITHUB_ACTION_PATH/ci/action.sh\" a; rm x",
            "\"$GITHUB_ACTION_PATH/ci/action.sh\" a\nrm x",
            "ci/action.sh install",
            "",
        ] {
            assert!(!is_own_script(command), "{command}");
        }
        assert!(faults_of_action("runs: [").is_err());
        assert_eq!(faults_of_action("runs: { using: node20 }").unwrap().len(), 1);
    }
}
