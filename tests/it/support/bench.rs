//! The bench targets, run in a working directory as `cargo bench` and `scalegate run` run them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use assert_cmd::assert::Assert;
use scalegate::record::{self, Run};
use serde_json::json;

use super::{Place, TOKENS, built, line, rows, stderr};

/// A suite that takes a second, with models of the test size.
pub(crate) const SUITE: &str = r#"schema = 1
seed = 7

[models.llm]
hidden = 64
layers = 2
heads = 4
kv_heads = 2
intermediate = 96
vocabulary = 256

[models.vlm]
min_pixels = 3136
max_pixels = 50176
vision = { hidden = 32, layers = 2, heads = 2, intermediate = 64 }
text = { hidden = 64, layers = 2, heads = 4, kv_heads = 2, intermediate = 96, vocabulary = 256 }

[inference]
kv_cache = true

[measure]
rounds = 2
samples = 10
warm_up_ms = 1
measurement_ms = 5

[[workload]]
name = "llm/prefill"
tokens = [4, 8, 16, 32]

[[workload]]
name = "llm/decode"
tokens = [4, 8, 16, 32]

[[workload]]
name = "vlm/preprocess"
resolutions = ["56x56", "112x84", "168x112", "224x168"]

[[workload]]
name = "vlm/encode"
resolutions = ["56x56", "112x84", "168x112", "224x168"]
"#;

/// So much is tolerated of wall times that every quantity that has a value is decided, however noisy the machine is.
pub(crate) const ANYTHING_GOES: &str = "[gate.tolerance.wall_time]\nslope = 1e9\ncost = 1e9\ncurvature_share = 1e9\nbreakpoint = 1e9\n\
                             level = 1e9\nslope_ratio = 1e9\ngrowth = 1e9\n";

/// Where the stand-in for Cargo is.
const STAND_IN: &str = "stand-in";

impl Place {
    /// A working directory with the tiny suite, followed by `more`.
    pub(crate) fn with_suite(more: &str) -> Self {
        let place = Self::new();
        place.write("suite.toml", format!("{SUITE}\n{more}"));
        place
    }

    /// The same, with a record and a baseline that an earlier run left.
    pub(crate) fn with_earlier_run(more: &str) -> Self {
        let place = Self::with_suite(more);
        place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
        place.scalegate("accept --reason first").success();
        place
    }

    /// A bench target here, ready to start as `cargo bench -- <line>` starts it.
    pub(crate) fn bench_command(&self, target: &str, line: &str) -> Command {
        self.start(built::executable(target), &format!("--bench {line}"))
    }

    /// Runs a bench target here with the words of `line`.
    pub(crate) fn bench(&self, target: &str, line: &str) -> Assert {
        self.bench_with(target, line, &[])
    }

    /// Runs a bench target here with variables of the user's.
    pub(crate) fn bench_with(&self, target: &str, line: &str, variables: &[(&str, &str)]) -> Assert {
        let mut command = self.bench_command(target, line);
        command.envs(variables.iter().copied());
        assert_cmd::Command::from_std(command).assert()
    }

    /// What a bench target says when it refuses to measure: one error with its remedy. All files stay as they were.
    pub(crate) fn refused(&self, target: &str, line: &str) -> String {
        let before = self.files();
        let message = stderr(&self.bench(target, line).code(2));
        assert!(self.files() == before, "a file was changed, or one was left: {message}");
        assert!(message.starts_with("error: "), "{message}");
        assert_eq!(message.matches("\n  help: ").count(), 1, "{message}");
        assert!(!message.contains("round 1"), "the user's fault is not one of a round: {message}");
        message
    }

    /// `scalegate <line>` here, in a package that has the bench targets `targets`.
    ///
    /// A stand-in for Cargo says so: it tells of this repository's packages, and gives the targets this directory.
    #[cfg(unix)]
    pub(crate) fn command_in_package(&self, targets: &[&str], line: &str) -> Command {
        use std::os::unix::fs::PermissionsExt;

        let message = |name: &&str| {
            let message = json!({
                "reason": "compiler-artifact",
                "target": { "name": name, "kind": ["bench"] },
                "manifest_path": self.path("Cargo.toml"),
                "executable": built::executable(name),
            });
            format!("{message}\n")
        };
        let messages = self.write(&format!("{STAND_IN}/messages"), targets.iter().map(message).collect::<String>());
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = bench ]; then exec cat '{}'; fi\ncd '{}' && exec '{}' \"$@\"\n",
            messages.display(),
            env!("CARGO_MANIFEST_DIR"),
            env!("CARGO")
        );
        let cargo = self.write(&format!("{STAND_IN}/cargo"), script);
        std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = self.start(built::executable("scalegate"), line);
        command.env("CARGO", cargo);
        command
    }

    /// Runs `scalegate <line>` here, in a package that has the bench targets `targets`.
    #[cfg(unix)]
    pub(crate) fn in_package(&self, targets: &[&str], line: &str) -> Assert {
        assert_cmd::Command::from_std(self.command_in_package(targets, line)).assert()
    }

    /// `scalegate run <line>` here, in a package that has the bench targets `targets`.
    #[cfg(unix)]
    pub(crate) fn run_command(&self, targets: &[&str], line: &str) -> Command {
        self.command_in_package(targets, &format!("run {line}"))
    }

    /// Runs `scalegate run <line>` here, in a package that has the bench targets `targets`.
    #[cfg(unix)]
    pub(crate) fn run(&self, targets: &[&str], line: &str) -> Assert {
        assert_cmd::Command::from_std(self.run_command(targets, line)).assert()
    }

    /// The default record.
    pub(crate) fn record(&self) -> Run {
        record::read_json(&self.path("target/scalegate/run.json")).unwrap()
    }

    /// Names and contents of all files and directories here but the generated models and the stand-in for Cargo.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.0.files(&["target/scalegate/models", STAND_IN])
    }
}
