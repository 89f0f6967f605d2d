//! Budgets: absolute limits in the configuration, judged by `scalegate check`.

use insta::assert_snapshot;

use crate::support::{Place, TOKENS, line, list, rows, stdout};

fn budget(workload: &str, metric: &str, at: &str, at_most: &str) -> String {
    format!("[[budget]]\nworkload = \"{workload}\"\nmetric = \"{metric}\"\nat = {at}\nat_most = \"{at_most}\"\n")
}

/// A place with what was accepted, five times, and a record of the same costs.
fn accepted() -> Place {
    let place = Place::new();
    let costs = rows("llm/prefill", "tokens", &TOKENS, 8, line);
    place.accept_five(&costs);
    place.import(&costs);
    place
}

/// What a check says of a budget, by its lines.
fn judged(place: &Place, text: &str, code: i32) -> String {
    place.write("scalegate.toml", text);
    let said = stdout(&place.scalegate("check").code(code));
    said.lines()
        .filter(|line| line.contains("budget") || line.contains("quantities"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn a_budget_holds_only_if_that_is_shown_and_is_exceeded_only_if_that_is_shown() {
    let place = accepted();
    // The law costs 155 ms at 1,024 tokens.
    let limits = [("1 s", 0), ("160 ms", 3), ("150 ms", 3), ("50 ms", 1)];
    let said =
        limits.map(|(limit, code)| (limit, judged(&place, &budget("llm/prefill", "wall_time", "1024", limit), code)));
    assert_snapshot!(list(said));
}

#[test]
fn a_budget_may_lie_beyond_the_measured_sizes() {
    let place = accepted();
    assert_snapshot!(judged(&place, &budget("llm/prefill", "wall_time", "2048", "1 s"), 0));
}

#[test]
fn a_count_is_compared_with_its_budget_to_the_last_instruction() {
    let place = Place::new();
    let csv = TOKENS
        .map(|n| format!("llm/prefill,tokens,instructions,instructions,{n},0,{}\n", 1_000_000 + 5_000 * n))
        .concat();
    place.import(&csv);
    let at =
        |limit: &str| budget("llm/prefill", "instructions", "1024", limit) + "[gate]\nrequired = [\"instructions\"]\n";
    // 6,120,000 instructions.
    let said = [("6.121 M", 0), ("6.12 M", 3), ("6.119 M", 1)].map(|(limit, code)| {
        place.write("scalegate.toml", at(limit));
        let said = place.scalegate("check").get_output().clone();
        let lines = String::from_utf8(said.stdout).unwrap();
        let lines: String =
            lines.lines().filter(|line| line.contains("budget")).map(|line| format!("{line}\n")).collect();
        // That there is no baseline of counts is a note.
        assert_eq!(said.status.code(), Some(code), "{limit}");
        (limit, lines)
    });
    assert_snapshot!(list(said));
}

#[test]
fn a_budget_of_another_class_of_hosts_or_of_what_need_not_be_measured_is_none() {
    let place = accepted();
    let elsewhere = budget("llm/prefill", "wall_time", "1024", "1 ms") + "host = \"raspberry-pi-5\"\n";
    assert!(!judged(&place, &elsewhere, 0).contains("budget"));
    assert!(!judged(&place, &budget("llm/prefill", "energy", "1024", "1 J"), 0).contains("budget"));
}

#[test]
fn a_budget_that_makes_no_sense_is_named_with_its_line() {
    let cases = [
        budget("llm/prefill", "wall_time", "1024", "3 MB"),
        budget("llm/prefill", "wall_time", "1024", "3"),
        budget("llm/prefill", "perplexity", "1024", "3"),
        budget("llm/prefill", "wall_time", "0", "3 s"),
        budget("llm/prefill", "wall_time", "5000", "3 s"),
        budget("llm/prefill", "wall_time", "4", "3 s"),
        budget("llm/prefill", "wall_time", "1024", "3 s") + "size = 3\n",
        "\n\n[[budget]]\nworkload = \"llm/prefill\"\n".to_owned(),
    ];
    let said = cases.map(|text| {
        let place = accepted();
        place.write("scalegate.toml", &text);
        let said = place.refused("check");
        (text, said)
    });
    assert_snapshot!(list(said));
}
