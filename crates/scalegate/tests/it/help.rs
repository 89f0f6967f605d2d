//! What the command says of itself.

use insta::assert_snapshot;

use crate::support::{Place, stdout};

#[test]
fn without_arguments_it_says_the_commands_that_matter() {
    let place = Place::new();
    assert_snapshot!(stdout(&place.scalegate("").success()), @"");
    place.write("scalegate.toml", "");
    place.write("Cargo.toml", "");
    assert_snapshot!(stdout(&place.scalegate("").success()), @"");
}

#[test]
fn help_has_the_commands_in_groups_and_the_exit_codes() {
    let help = stdout(&Place::new().scalegate("--help").success());
    assert_snapshot!(help, @"");
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
fn shells_complete_the_commands_and_man_has_a_page_of_each() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&place.scalegate(&format!("completions {shell}")).success());
        assert!(script.contains("attach-energy") && script.contains("--bisect"), "{shell}");
    }
    place.scalegate("man pages").success();
    assert!(place.read("pages/scalegate.1").contains("scalegate\\-check"));
    assert!(place.read("pages/scalegate-check.1").contains("git bisect"));
}
