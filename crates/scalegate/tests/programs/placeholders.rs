//! What stands in the places of a command, and what is run how often.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use crate::place::Place;

#[test]
fn a_setup_is_run_once_for_each_size_and_its_files_are_found_at_paths_with_spaces() {
    let program = "[[program]]
name = \"script/lines\"
axis = { name = \"lines\", sizes = [1e1, 2e1, 4e1] }
setup = [\"sh\", \"./make input.sh\", \"{size}\", \"{work}/the input\"]
command = [\"./count lines.sh\", \"{work}/the input\", \"{{size}}\", \"$HOME\", \"{size}\"]
";
    let place = Place::with(program);
    place.write("make input.sh", "echo \"setup $1\" >> log; seq \"$1\" > \"$2\"\n");
    let script = place.write("count lines.sh", "#!/bin/sh\necho \"$(wc -l < \"$1\") $2 $3 $4\" >> log\n");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    place.ok("run --rounds 2");
    let log = place.read("log");
    let setups: Vec<&str> = log.lines().filter(|line| line.starts_with("setup")).collect();
    assert_eq!(setups.len(), 3, "{log}");
    let mut runs: Vec<&str> = log.lines().filter(|line| !line.starts_with("setup")).collect();
    runs.sort_unstable();
    runs.dedup();
    assert_snapshot!(runs.join("\n"), @"
    10 {size} $HOME 10
    20 {size} $HOME 20
    40 {size} $HOME 40
    ");
}

/// The lines of a text in alphabetical order, each once.
fn different_lines(text: &str) -> String {
    let lines: BTreeSet<&str> = text.lines().collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

#[test]
fn images_and_prompts_are_made_for_each_size() {
    let programs = "[[program]]
name = \"vlm/script\"
resolutions = [\"84x56\", \"112x84\"]
command = [\"sh\", \"-c\", \"echo $0 $1 $2 $(wc -c < $3) >> log\", \"{size}\", \"{width}\", \"{height}\", \"{image}\"]

[[program]]
name = \"llm/script\"
tokens = [2, 20]
command = [\"sh\", \"-c\", \"echo $0 words $1 $(wc -w < $2) >> log\", \"{size}\", \"{prompt}\", \"{prompt_file}\"]
";
    let place = Place::with(programs);
    place.ok("run --rounds 2");
    assert_snapshot!(different_lines(&place.read("log")), @"
    2 words call small 2
    20 words small birds call call birds on light every hills on morning through light valley small trees the every water runs 20
    4704 84 56 2925
    9408 112 84 5116
    ");
    let record = place.record();
    let axes: Vec<String> = record.series.iter().map(|series| series.axis.to_string()).collect();
    assert_eq!(axes, ["tokens", "pixels"]);
}

/// A vocabulary of three ids, and a special one among them.
const TOKENIZER: &str =
    r#"{"model":{"vocab":{"</s>":0,"a":11,"b":12,"c":13}},"added_tokens":[{"id":0,"special":true}]}"#;

#[test]
fn ids_of_a_vocabulary_are_drawn_for_each_size_and_are_the_same_in_every_run() {
    let place = Place::with(
        "[[program]]
name = \"llm/script\"
tokens = [2, 5]
tokenizer = \"a model/tokenizer.json\"
setup = [\"sh\", \"-c\", \"echo '[{tokens}]' > $0/ids.json\", \"{work}\"]
command = [\"sh\", \"-c\", \"echo $0 [$1] $(cat $2) $(cat $3/ids.json) >> log\", \"{size}\", \"{tokens}\", \"{tokens_file}\", \"{work}\"]
",
    );
    place.write("a model/tokenizer.json", TOKENIZER);
    place.ok("run --rounds 2");
    place.ok("run --rounds 2");
    assert_snapshot!(different_lines(&place.read("log")), @"
    2 [12,11] 12,11 [12,11]
    5 [12,13,12,11,12] 12,13,12,11,12 [12,13,12,11,12]
    ");
}

#[test]
fn another_vocabulary_is_another_program() {
    let place = Place::with(
        "[[program]]\nname = \"llm/script\"\ntokens = [2, 5]\ntokenizer = \"tokenizer.json\"\ncommand = [\"true\", \"{tokens}\"]\n",
    );
    let source = |vocabulary: &str| {
        place.write("tokenizer.json", vocabulary);
        place.ok("run --metric wall_time");
        place.record().provenance.build.source
    };
    let first = source(TOKENIZER);
    assert_eq!(source(&TOKENIZER.replace("\"a\"", "\"A\"")), first, "pieces are not read");
    assert_ne!(source(&TOKENIZER.replace("11", "14")), first);
}

#[test]
fn what_it_takes_to_start_is_subtracted_in_pairs() {
    let program = "[[program]]
name = \"script/sleep\"
axis = { name = \"steps\", sizes = [1, 2] }
command = [\"sh\", \"-c\", \"echo run >> log; sleep 0.3\"]
startup = [\"sh\", \"-c\", \"echo start >> log\"]
";
    let place = Place::with(program);
    place.ok("run --rounds 2");
    let log = place.read("log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.chunks(2).all(|pair| pair == ["start", "run"]) && lines.len() == 12, "{log}");
}
