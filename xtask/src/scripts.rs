//! Do the scripts of `ci/` do what they should? What talks to GitHub meets a program in the place of `gh`, which answers from files
//! and keeps a log of what it was asked; its answers are those that gh's own filters would have left.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const GH: &str = r#"#!/usr/bin/env bash
echo "$*" >>"$FAKE/log"
case "$*" in
  *"/jobs "*)
    # Each question takes one answer; the last one stays.
    first="$(find "$FAKE" -name 'jobs.*' | sort | head -n 1)"
    cat "$first"
    if [ "$(find "$FAKE" -name 'jobs.*' | wc -l)" -gt 1 ]; then rm "$first"; fi
    ;;
  *artifacts\?name=digest*) cat "$FAKE/artifact" ;;
  */zip) cat "$FAKE/digest.zip" ;;
  *pulls/*) cat "$FAKE/head" ;;
  *"--paginate"*comments*) cat "$FAKE/comments" ;;
  *) echo "https://example.org/comment" ;;
esac
"#;

/// A copy of `ci/` with a fake GitHub.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        let ci = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("ci");
        for script in std::fs::read_dir(ci).unwrap().map(|entry| entry.unwrap().path()) {
            if script.extension().is_some_and(|extension| extension == "sh") {
                place.program(
                    &format!("ci/{}", script.file_name().unwrap().display()),
                    &std::fs::read_to_string(&script).unwrap(),
                );
            }
        }
        place.program("bin/gh", GH);
        place.write("fake/log", "");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn program(&self, name: &str, content: &str) {
        self.write(name, content);
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn log(&self) -> String {
        self.read("fake/log")
    }

    fn run(&self, script: &str, variables: &[(&str, &str)]) -> Output {
        let path = std::env::join_paths(
            std::iter::once(self.path("bin")).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        Command::new(self.path(script))
            .env("PATH", path.unwrap())
            .env("FAKE", self.path("fake"))
            .env("GITHUB_REPOSITORY", "owner/name")
            .envs([("GITHUB_RUN_ID", "1"), ("GITHUB_RUN_ATTEMPT", "1"), ("RUN_ID", "1"), ("POLL_S", "0")])
            .env("GITHUB_OUTPUT", self.path("output"))
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    fn wait(&self, wanted: &str, minutes: &str) {
        let output = self.run("ci/await_hosts.sh", &[("HOSTS_WANTED", wanted), ("QUEUE_MINUTES", minutes)]);
        assert!(output.status.success(), "{output:?}");
    }

    /// The digest of a run, packed as GitHub packs an artifact.
    fn digest(&self, text: &str, bytes: &str) {
        self.write("fake/digest.json", text);
        self.write("fake/artifact", &format!("5 {bytes}\n"));
        let packed = Command::new("python3")
            .args(["-m", "zipfile", "-c", "digest.zip", "digest.json"])
            .current_dir(self.path("fake"))
            .status();
        assert!(packed.unwrap().success());
    }

    /// A comment that is to be written on pull request 7, with what GitHub knows of it.
    fn comment(&self, number: &str, head: &str, earlier: &str) -> Output {
        self.write("target/comment/comment.md", "<!-- scalegate verdict -->\ntext\n");
        self.write("target/comment/pull_request", number);
        self.write("fake/head", &format!("{head}\n"));
        self.write("fake/comments", earlier);
        self.run("ci/comment.sh", &[("HEAD_SHA", "the-head")])
    }
}

#[test]
fn no_host_is_waited_for_if_none_is_asked_for() {
    let place = Place::new();
    place.wait("false", "0");
    assert_eq!(place.log(), "");
}

#[test]
fn a_job_that_stays_in_the_queue_is_given_up_and_named() {
    let place = Place::new();
    place.write("fake/jobs.1", "queued host pi5\n");
    place.wait("true", "0");
    assert_eq!(place.read("output"), "offline=host pi5\n");
}

#[test]
fn a_job_that_runs_is_waited_for() {
    let place = Place::new();
    place.write("fake/jobs.1", "in_progress host m2\nqueued host pi5\n");
    place.write("fake/jobs.2", "queued host pi5\n");
    place.wait("true", "0");
    assert_eq!(place.log().lines().count(), 2);
    assert_eq!(place.read("output"), "offline=host pi5\n");
}

#[test]
fn a_job_that_comes_and_ends_in_time_is_not_given_up() {
    let place = Place::new();
    place.write("fake/jobs.1", "queued host pi5\n");
    place.write("fake/jobs.2", "");
    place.wait("true", "1");
    assert_eq!(place.read("output"), "offline=\n");
}

#[test]
fn a_digest_is_fetched_and_unpacked() {
    let place = Place::new();
    place.digest("{\"schema\": 1}", "300");
    assert!(place.run("ci/fetch_digest.sh", &[]).status.success());
    assert_eq!(place.read("target/digest.json"), "{\"schema\": 1}");
    assert_eq!(place.read("output"), "found=true\n");
}

#[test]
fn an_artifact_that_is_too_large_is_not_fetched() {
    let place = Place::new();
    place.digest("{}", "999999");
    assert_eq!(place.run("ci/fetch_digest.sh", &[]).status.code(), Some(2));
    assert!(!place.log().contains("zip") && !place.path("output").exists());
}

#[test]
fn what_unpacks_to_more_than_a_digest_is_cut_off_where_that_shows() {
    let place = Place::new();
    place.digest(&" ".repeat(1 << 20), "1000");
    assert!(place.run("ci/fetch_digest.sh", &[]).status.success());
    assert_eq!(place.read("target/digest.json").len(), (64 << 10) + 1);
}

#[test]
fn a_run_without_a_digest_has_nothing_to_say() {
    let place = Place::new();
    place.write("fake/artifact", "");
    assert!(place.run("ci/fetch_digest.sh", &[]).status.success());
    assert!(!place.path("output").exists());
}

#[test]
fn the_first_comment_is_made_and_a_later_one_takes_its_place() {
    let place = Place::new();
    assert!(place.comment("7", "the-head", "").status.success());
    assert!(place.log().contains("POST repos/owner/name/issues/7/comments -F body=@comment.md"), "{}", place.log());
    let place = Place::new();
    assert!(place.comment("7", "the-head", "99\n").status.success());
    assert!(place.log().contains("PATCH repos/owner/name/issues/comments/99"), "{}", place.log());
}

#[test]
fn nothing_is_written_on_a_pull_request_that_the_run_is_not_of() {
    for (number, head, code) in [("7", "another-head", 0), ("", "the-head", 2), ("../x", "the-head", 2)] {
        let place = Place::new();
        let output = place.comment(number, head, "");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(!place.log().contains("POST") && !place.log().contains("PATCH"), "{}", place.log());
    }
}

#[test]
fn a_proposal_is_pushed_with_documents_and_tables_alone() {
    let place = Place::new();
    let git = |words: &[&str]| {
        let status = Command::new("git").args(words).current_dir(place.directory.path()).status();
        assert!(status.unwrap().success(), "{words:?}");
    };
    let propose = || {
        let email = [("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_EMAIL", "a@b")];
        place.run("ci/propose.sh", &email)
    };
    git(&["init", "-q", "--bare", "origin"]);
    git(&["init", "-q"]);
    git(&["remote", "add", "origin", "origin"]);
    place.write(".gitignore", "/origin\n/fake\n/bin\n/target\n/output\n");
    place.write("baselines/portable/a.json", "old");
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "base"]);
    place.write("target/proposal/baselines/portable/a.json", "old");
    place.write("target/proposal/target/baseline.md", "Reason: a test\n");
    let output = propose();
    assert!(output.status.success() && !place.log().contains("pr create"), "{output:?}");
    place.write("target/proposal/baselines/portable/a.json", "new");
    place.write("target/proposal/baselines/hosts/m2/b.json", "new");
    place.write("target/proposal/baselines/hosts/m2/.gitattributes", "* filter=x\n");
    place.write("target/proposal/noise/m2.csv", "new");
    place.write("target/proposal/ci/propose.sh", "echo harm\n");
    let output = propose();
    assert!(output.status.success(), "{output:?}");
    assert!(place.log().contains("pr create --head baseline/"), "{}", place.log());
    let pushed = Command::new("git")
        .args(["show", "--name-only", "--format=%s%n%b"])
        .current_dir(place.directory.path())
        .output();
    let pushed = String::from_utf8(pushed.unwrap().stdout).unwrap();
    let expected =
        "New baselines\n\nReason: a test\n\n\nbaselines/hosts/m2/b.json\nbaselines/portable/a.json\nnoise/m2.csv\n";
    assert_eq!(
        pushed.split('\n').filter(|line| !line.is_empty()).collect::<Vec<_>>(),
        expected.split('\n').filter(|line| !line.is_empty()).collect::<Vec<_>>()
    );
}

/// A hook of a runner, by its name below `ci/runner`.
fn hook(name: &str, variables: &[(&str, &Path)]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("ci/runner").join(name);
    Command::new(path).envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn a_runner_refuses_what_was_caused_from_outside_the_repository() {
    let directory = tempfile::tempdir().unwrap();
    let event = directory.path().join("event.json");
    for (code, name, head) in [
        (0, "push", "null"),
        (0, "workflow_dispatch", "null"),
        (0, "pull_request", r#"{"full_name": "owner/name"}"#),
        (1, "pull_request", r#"{"full_name": "stranger/name"}"#),
        (1, "pull_request", "null"),
        (1, "pull_request_target", "null"),
        (1, "issue_comment", "null"),
        (1, "", "null"),
    ] {
        std::fs::write(&event, format!(r#"{{"pull_request": {{"head": {{"repo": {head}}}}}}}"#)).unwrap();
        let repository = Path::new("owner/name");
        let variables =
            [("GITHUB_EVENT_NAME", Path::new(name)), ("GITHUB_EVENT_PATH", &event), ("GITHUB_REPOSITORY", repository)];
        let output = hook("job_started.sh", &variables);
        assert_eq!(output.status.code(), Some(code), "{name} of {head}: {output:?}");
    }
}

#[test]
fn a_job_leaves_nothing_and_a_directory_that_is_no_workspace_stays() {
    let directory = tempfile::tempdir().unwrap();
    let [workspace, home, temporary] = ["_work/name/name", "home", "temp"].map(|name| directory.path().join(name));
    for place in [&workspace, &home, &temporary] {
        std::fs::create_dir_all(place.join("target")).unwrap();
        std::fs::write(place.join("target/file"), "").unwrap();
    }
    let done = hook("job_completed.sh", &[("GITHUB_WORKSPACE", &workspace), ("RUNNER_TEMP", &temporary)]);
    assert!(done.status.success(), "{done:?}");
    assert!(!workspace.join("target").exists() && !temporary.join("target").exists());
    assert!(!hook("job_completed.sh", &[("GITHUB_WORKSPACE", &home)]).status.success());
    assert!(home.join("target/file").exists());
}
