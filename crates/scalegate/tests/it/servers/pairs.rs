//! `scalegate ab` with servers: each side is started in a checkout of its own, and both answer in turns.

use insta::assert_snapshot;
use scalegate::record::{self, PairRecord};

use super::{Place, WORKLOADS, started, stderr, stub, tag, with};

/// A repository whose server multiplies its times by what a file says.
fn committed(more: &str) -> Place {
    let place = started("llama-cpp", "reads its factor", more, WORKLOADS);
    place.write("factor", "1");
    place.write(".gitignore", "target\n");
    for line in ["init --quiet --initial-branch main", "add --all", "commit --quiet --message base"] {
        let options = "-c user.name=test -c user.email=test@localhost";
        let mut git = place.start(std::path::Path::new("git"), &format!("{options} {line}"));
        assert!(git.status().unwrap().success());
    }
    place
}

#[test]
fn a_server_that_an_edit_makes_slower_is_found_by_its_law_and_nothing_is_left_of_it() {
    let place = committed("");
    place.write("factor", "1.05");
    let said = stderr(&place.scalegate("ab --workload stub/prefill --budget 10s").code(1));
    assert_eq!(stub::processes(&tag(&place)), 0, "{said}");
    let record: PairRecord = record::read_json(&place.path("target/scalegate/ab.json")).unwrap();
    assert_eq!(record.series.len(), 1);
    assert_eq!((&*record.series[0].workload, record.random_layout), ("stub/prefill", false));
    assert_eq!(record.base.executables.keys().collect::<Vec<_>>(), ["stub"]);
}

#[test]
fn an_unchanged_server_passes_and_is_built_where_it_is_started() {
    let place = committed("build = [\"touch\", \"built\"]");
    place.scalegate("ab --aa --workload stub/prefill --budget 10s").success();
    for side in ["base", "head"] {
        assert!(place.path(&format!("target/scalegate/ab/programs/{side}/built")).exists());
    }
    assert!(!place.path("built").exists());
}

#[test]
fn a_server_that_both_sides_would_share_is_left_out_and_the_reason_given() {
    let place = committed("");
    let text = place.read("scalegate.toml");
    let shared = "[[server]]\nname = \"there\"\nkind = \"llama-cpp\"\nurl = \"http://127.0.0.1:8080\"\n";
    place.write("scalegate.toml", format!("{text}\n{shared}{WORKLOADS}"));
    let said = stderr(&place.scalegate("ab --aa --workload stub/prefill --budget 10s").success());
    let note = "note: [[server]] there is not compared: without a `command`, base and head would be the same server";
    assert!(said.contains(note), "{said}");
}

#[test]
fn where_no_server_can_be_compared_nothing_is_and_the_reason_given() {
    let place = with("kind = \"llama-cpp\"\ncommand = [\"sleep\", \"9\"]\nurl = \"http://127.0.0.1:8080\"", WORKLOADS);
    let git = |line: &str| assert!(place.start(std::path::Path::new("git"), line).status().unwrap().success());
    git("init --quiet");
    git("-c user.name=test -c user.email=test@localhost commit --quiet --allow-empty --message base");
    assert_snapshot!(stderr(&place.scalegate("ab HEAD").code(2)), @"
    note: [[server]] stub is not compared: base and head would both listen at http://127.0.0.1:8080; let `command` and `url` have `{port}`, for which a free port is put
    error: this package: none of its bench targets is made with scalegate
      help: add one, as docs/tutorial.md shows: a `[[bench]]` entry with `harness = false`, and `scalegate::bench!` in its `main`; or a `[[program]]` or a `[[server]]`, as docs/programs.md shows
    ");
}
