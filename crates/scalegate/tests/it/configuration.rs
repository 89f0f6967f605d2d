//! A configuration that says something else than its author believes is refused with its line, and no record is touched.

use insta::assert_snapshot;

use crate::support::{Place, TOKENS, line, list, rows};

/// A configuration with keys of the tract suite, of which the gate's are also this program's.
const SUITE: &str = "schema = 1

[models.llm]
hidden = 64

[inference]
kv_cache = true

[[workload]]
name = \"llm/prefill\"
tokens = [4, 8, 16, 32]

[[resources.workload]]
name = \"llm/prefill\"

[resources]
rounds = 3
";

/// A place with a record and its baselines.
fn accepted() -> Place {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    place
}

/// What commands that read a configuration say of one; they agree, and keep the record.
fn refused(name: &str, text: &str) -> String {
    let place = accepted();
    place.write(name, text);
    let message = place.refused("check");
    for line in ["run", "accept --reason second", "compare target/scalegate/run.json target/scalegate/run.json"] {
        assert_eq!(place.refused(line), message, "{line}");
    }
    message
}

#[test]
fn a_key_or_a_value_that_is_wrong_is_named_with_its_line() {
    let cases = [
        "runds = 3\n",
        "seed = 1\n\n[measure]\nrunds = 3\n",
        "[measure]\nrounds = 1\n",
        "[measure]\nrounds = \"many\"\n",
        "[gate]\nalpha = 2.0\n",
        "[gate]\nrequired = [\"wall_clock\"]\n",
        "[gate.tolerance.wall_time]\nslop = 0.1\n",
        "[resources]\nrounds = 0\n",
        "schema = 9\n",
        "[measure\n",
        "[models.llm]\nhidden = 64\n",
        "[resources]\nrounds = 3\n\n[[resources.workload]]\nname = \"x\"\n",
    ];
    assert_snapshot!(list(cases.map(|text| (text, refused("scalegate.toml", text)))), @r#"
    runds = 3

    error: scalegate.toml:1: unknown field `runds`, expected one of `schema`, `seed`, `measure`, `resources`, `gate`, `ab`, `program`, `server`, `budget`
      help: see docs/suite.md for the keys of a configuration

    seed = 1

    [measure]
    runds = 3

    error: scalegate.toml:4: unknown field `runds`, expected one of `rounds`, `samples`, `warm_up_ms`, `measurement_ms`
      help: see docs/suite.md for the keys of a configuration

    [measure]
    rounds = 1

    error: scalegate.toml:1: rounds = 1: a spread needs at least 2 rounds, and a verdict about 8
      help: change the value in this section

    [measure]
    rounds = "many"

    error: scalegate.toml:2: invalid type: string "many", expected u32
      help: see docs/suite.md for the keys of a configuration

    [gate]
    alpha = 2.0

    error: scalegate.toml:1: gate.alpha = 2 is not a rate between 0 and 0.5
      help: change the value in this section

    [gate]
    required = ["wall_clock"]

    error: scalegate.toml:2: unknown variant `wall_clock`, expected one of `wall_time`, `cpu_time`, `instructions`, `instructions_hw`, `heap_bytes`, `heap_blocks`, `d1_misses`, `ll_misses`, `branches`, `cpu_auc`, `rss_auc`, `peak_rss`, `energy`, `utilisation`, `mean_power`, `tokens_per_joule`, `perplexity`
      help: see docs/suite.md for the keys of a configuration

    [gate.tolerance.wall_time]
    slop = 0.1

    error: scalegate.toml:2: unknown field `slop`, expected one of `gates`, `slope`, `cost`, `curvature_share`, `breakpoint`, `level`, `slope_ratio`, `growth`
      help: see docs/suite.md for the keys of a configuration

    [resources]
    rounds = 0

    error: scalegate.toml:1: rounds = 0: a spread needs at least 2 rounds, and a verdict about 8
      help: change the value in this section

    schema = 9

    error: scalegate.toml:1: schema 9 is not known
      help: this scalegate reads schema 1; use the version that wrote the file

    [measure

    error: scalegate.toml:1: unclosed table, expected `]`
      help: see docs/suite.md for the keys of a configuration

    [models.llm]
    hidden = 64

    error: scalegate.toml:1: unknown field `models`, expected one of `schema`, `seed`, `measure`, `resources`, `gate`, `ab`, `program`, `server`, `budget`
      help: see docs/suite.md for the keys of a configuration

    [resources]
    rounds = 3

    [[resources.workload]]
    name = "x"

    error: scalegate.toml:4: unknown field `resources.workload`, expected one of `schema`, `seed`, `measure`, `resources`, `gate`, `ab`, `program`, `server`, `budget`
      help: see docs/suite.md for the keys of a configuration
    "#);
}

#[test]
fn the_gate_of_a_suite_is_read_and_its_models_are_of_no_concern() {
    let place = accepted();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, |n| 15.0 * line(n)));
    place.write("suite.toml", SUITE);
    place.scalegate("check").code(1);
    let tolerant = format!("{SUITE}\n[gate.tolerance.wall_time]\nslope = 90.0\ncost = 90.0\n");
    place.write("suite.toml", &tolerant);
    place.scalegate("check").code(0);
    // A file of its own comes first.
    place.write("scalegate.toml", "[gate.tolerance.wall_time]\nslope = 0.1\ncost = 0.1\n");
    place.scalegate("check").code(1);
}

#[test]
fn a_wrong_gate_in_a_suite_is_named_with_its_line() {
    assert_snapshot!(refused("suite.toml", &format!("{SUITE}\n[gate]\nalfa = 0.1\n")), @"
    error: suite.toml:20: unknown field `alfa`, expected one of `alpha`, `miss`, `required`, `required_costs`, `expected_units`, `host`, `tolerance`
      help: see docs/suite.md for the keys of a configuration
    ");
}
