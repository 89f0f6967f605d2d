//! What the command says of itself.

use insta::assert_snapshot;

use crate::support::{Place, stdout};

#[test]
fn without_arguments_it_says_the_commands_that_matter() {
    let place = Place::new();
    assert_snapshot!(stdout(&place.scalegate("").success()), @"
    scalegate measures cost as a function of input size, and fails the change that
    bends it.

    Nothing is set up in this directory yet: `scalegate init` writes what a first
    verdict needs. Then:

      scalegate run     measure, fit the laws, and say what still matches
      scalegate check   the verdict, by exit code: 0 pass, 1 regressed, 3 inconclusive
      scalegate ab      this change against the main branch, measured in turns

    `scalegate --help` lists all commands.
    ");
    place.write("scalegate.toml", "");
    place.write("Cargo.toml", "");
    assert_snapshot!(stdout(&place.scalegate("").success()), @"
    scalegate measures cost as a function of input size, and fails the change that
    bends it.

      cargo bench       measure, fit the laws, and say what still matches
      scalegate check   the verdict, by exit code: 0 pass, 1 regressed, 3 inconclusive
      scalegate ab      this change against the main branch, measured in turns

    `scalegate --help` lists all commands.
    ");
}

#[test]
fn help_has_the_commands_in_groups_and_the_exit_codes() {
    let help = stdout(&Place::new().scalegate("--help").success());
    assert_snapshot!(help, @"
    Performance regression tests for how cost scales with the size of the input

    Usage: scalegate [OPTIONS] [COMMAND]

    Measure:
      init           Set this directory up: what a first verdict needs
      run            Measure: build the package's bench targets, drive them, and
                     write a record
      ab             Compare two revisions, measured in turns in the same minutes
      import         Make a record from the measurements of another tool
      attach-energy  Give a record the energy that the log of an external meter
                     tells
      doctor         Say what this host can measure, and what would disturb it

    Judge:
      check          Compare one or more records with the baselines
      compare        Compare the costs of runs of one host, each with the first
      accept         Make runs the baseline of their host class, their shapes the
                     portable ones, and their counts those of their key
      why            Name the functions whose instructions changed between two
                     records or revisions, and which term of the law changed
      predict        Say what a size would cost, or which sizes fit a limit, by the
                     law of a workload

    Look:
      fit            Fit the laws of a run, with intervals
      report         Write laws, verdict and fingerprints of one or more runs as one
                     HTML file

    Share:
      ci             Turn verdicts into what GitHub shows
      join           Put the records of shards into one
      export         Write a run in the form of another tool
      completions    Print the completions of a shell, for instance `source
                     <(scalegate completions bash)`

    Make a model smaller:
      compress       Make a language model smaller (by `scalegate-compress`)
      accuracy       Compare what a compressed language model predicts and writes
                     with its reference (by `scalegate-compress`)

    Options:
          --bisect   Exit with 125 instead of 2 and 3, for `git bisect run`
      -h, --help     Print help
      -V, --version  Print version

    Exit codes: 0 pass or improved, 1 regressed or mixed, 2 wrong usage or
    unreadable input, 3 inconclusive or not comparable, 130 after Ctrl-C.
    ");
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
}

#[test]
fn help_of_what_gates_or_may_seem_to_has_the_exit_codes() {
    for command in ["run", "ab", "check", "compare", "fit"] {
        let help = stdout(&Place::new().scalegate(&format!("{command} --help")).success());
        assert!(help.contains("Exit") && help.contains('2'), "{command}: {help}");
    }
}

#[test]
fn shells_complete_the_commands() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&place.scalegate(&format!("completions {shell}")).success());
        assert!(script.contains("attach-energy") && script.contains("bisect"), "{shell}");
    }
}
