//! Programs that cannot be measured: place, cause and remedy are named, and the record stays.

use insta::assert_snapshot;

use crate::place::Place;

const SIZES: &str = "axis = { name = \"items\", sizes = [10, 20] }";

/// A configuration of one program.
fn program(keys: &str) -> String {
    format!("[[program]]\nname = \"script/own\"\n{SIZES}\n{keys}\n")
}

/// What a run says of a program of these keys.
#[track_caller]
fn refused(keys: &str) -> String {
    Place::with(&program(keys)).refused()
}

/// The same of a shell script.
#[track_caller]
fn script(text: &str, keys: &str) -> String {
    let place =
        Place::with(&program(&format!("command = [\"sh\", \"script.sh\", \"{{size}}\", \"{{work}}\"]\n{keys}")));
    place.write("script.sh", text);
    place.refused()
}

#[test]
fn a_program_that_is_not_there_is_refused_before_anything_runs() {
    assert_snapshot!(refused("command = [\"./target/release/parse\", \"{size}\"]"), @"
    error: [[program]] script/own, `command`: there is no [directory]/target/release/parse
      help: build it, put it on PATH, or correct `command`: relative paths are of the working directory, and there is no shell
    ");
    assert_snapshot!(refused("command = [\"no-such-program\"]"), @"
    error: [[program]] script/own, `command`: there is no `no-such-program` on PATH
      help: build it, put it on PATH, or correct `command`: relative paths are of the working directory, and there is no shell
    ");
    let place = Place::with(&program("command = [\"./script.sh\"]"));
    place.write("script.sh", "#!/bin/sh\n");
    assert_snapshot!(place.refused(), @"
    error: [[program]] script/own, `command`: [directory]/script.sh is no executable file
      help: build it, put it on PATH, or correct `command`: relative paths are of the working directory, and there is no shell
    ");
    assert_snapshot!(refused("setup = [\"no-such-program\"]\ncommand = [\"true\"]"), @"
    error: [[program]] script/own, `setup`: there is no `no-such-program` on PATH
      help: build it, put it on PATH, or correct `command`: relative paths are of the working directory, and there is no shell
    ");
}

#[test]
fn a_configuration_that_cannot_be_meant_is_named_with_its_line() {
    let cases = [
        "command = [\"true\", \"{sise}\"]",
        "command = [\"true\", \"{tokens}\"]",
        "tokenizer = \"tokenizer.json\"\ncommand = [\"true\", \"{tokens_file}\"]",
        "command = [\"true\", \"{image}\"]",
        "command = []",
        "command = \"true {size}\"",
        "command = [\"true\"]\ntokens = [1, 2]",
        "command = [\"true\"]\nshell = true",
        "command = [\"true\"]\ntimeout_s = 0",
        "command = [\"true\"]\nbuild = []",
        "command = [\"true\"]\nresult = { json = \"ms\", unit = \"ms\" }",
        "command = [\"true\"]\nresult = { json = \"/ms\", regex = \"x\", unit = \"ms\" }",
        "command = [\"true\"]\nresult = { json = \"/b\", unit = \"bytes\" }",
        "command = [\"true\"]\nresult = { regex = \"(\", unit = \"ms\" }",
        "command = [\"true\"]\nresult = { json = \"/ms\", unit = \"ms\" }\nstartup = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"script/own\"\ntokens = [1]\ncommand = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"script two\"\ntokens = [1]\ncommand = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"two\"\ntokens = [2, 1]\ncommand = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"two\"\ntokens = [1.5]\ncommand = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"two\"\nresolutions = [\"8x8\", \"4x16\"]\ncommand = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"two\"\ncommand = [\"true\"]",
        "command = [\"true\"]\n[[program]]\nname = \"two\"\ntokens = [1, 2]\ncommand = [\"true\"]\nsetup = [\"true\", \"{tokens}\"]",
    ];
    let all: Vec<String> = cases.iter().map(|keys| format!("{keys}\n{}", refused(keys))).collect();
    assert_snapshot!(all.join("\n"));
}

#[test]
fn a_tokenizer_that_has_no_ids_is_refused_before_anything_runs() {
    let vocabulary = |text: Option<&str>| {
        let place = Place::with(
            "[[program]]\nname = \"llm/script\"\ntokens = [2, 4]\ntokenizer = \"tokenizer.json\"\ncommand = [\"sh\", \"-c\", \"echo ran >> log\", \"{tokens}\"]\n",
        );
        if let Some(text) = text {
            place.write("tokenizer.json", text);
        }
        place.refused()
    };
    let cases = [
        None,
        Some("<html>"),
        Some(r#"{"bos_token":"<s>"}"#),
        Some(r#"{"model":{"type":"BPE","merges":[]}}"#),
        Some(r#"{"model":{"vocab":{"<s>":0}},"added_tokens":[{"id":0,"special":true}]}"#),
    ];
    let all: Vec<String> =
        cases.into_iter().map(|text| format!("{}\n{}", text.unwrap_or_default(), vocabulary(text))).collect();
    assert_snapshot!(all.join("\n"));
}

#[test]
fn more_ids_than_an_argument_may_have_are_refused_with_the_way_to_give_them() {
    let program = |place: &str| {
        let keys = "[[program]]\nname = \"llm/script\"\ntokens = [100, 40000]\ntokenizer = \"tokenizer.json\"\n";
        let place = Place::with(&format!("{keys}command = [\"true\", \"{place}\"]\n"));
        place.write("tokenizer.json", r#"{"model":{"vocab":{"a":1234,"b":5678}}}"#);
        place
    };
    assert_snapshot!(program("{tokens}").refused(), @"
    error: llm/script at size 40000: true {tokens}: Argument list too long (os error 7)
      help: give a long text by `{prompt_file}`, and many ids by `{tokens_file}`
    ");
    program("{tokens_file}").ok("run --metric wall_time");
}

#[test]
fn a_program_that_fails_at_one_size_is_named_with_its_last_words() {
    let fails = "if [ $1 = 20 ]; then echo starting >&2; echo 'no memory for 20 items' >&2; exit 3; fi\n";
    assert_snapshot!(script(fails, ""), @"
    error: script/own at size 20: sh script.sh {size} {work}: the measured process ended with exit status: 3 and said:
    starting
    no memory for 20 items
      help: fix the cause and rerun; earlier records are as they were
    ");
    assert_snapshot!(script("kill -s KILL $$\n", ""), @"
    error: script/own at size 20: sh script.sh {size} {work}: the measured process ended with signal: 9 (SIGKILL) and said nothing
      help: the system kills what takes more memory than there is: `dmesg` tells; leave out the largest sizes, or give it more
    ");
    assert_snapshot!(script("", "setup = [\"sh\", \"-c\", \"exit 4\"]"), @"
    error: script/own at size 20: `setup`: sh -c 'exit 4': the measured process ended with exit status: 4 and said nothing
      help: fix the cause and rerun; earlier records are as they were
    ");
    assert_snapshot!(script("", "startup = [\"sh\", \"-c\", \"echo no start >&2; exit 5\"]"), @"
    error: script/own at size 20: `startup`: sh -c 'echo no start >&2; exit 5': the measured process ended with exit status: 5 and said:
    no start
      help: fix the cause and rerun; earlier records are as they were
    ");
}

#[test]
fn a_program_that_eats_all_memory_fails_alone() {
    // A limit of the shell's stands for the memory of the machine.
    let eats = "ulimit -v 200000\nexec python3 -c 'x = [0]\nwhile True: x = x + x'\n";
    let said = script(eats, "");
    assert!(said.contains("MemoryError") && said.contains("exit status: 1"), "{said}");
}

#[test]
fn a_program_that_prints_no_time_is_refused() {
    let json = |text: &str| script(text, "result = { json = \"/ms\", unit = \"ms\" }");
    assert_snapshot!(json("echo done\n"), @"
    error: script/own at size 20: sh script.sh {size} {work}: neither its output nor the last line of it is JSON: expected value at line 1 column 1
      help: correct `result`, or have the program print it
    ");
    assert_snapshot!(json("echo '{\"ms\": NaN}'\n"), @"
    error: script/own at size 20: sh script.sh {size} {work}: neither its output nor the last line of it is JSON: expected value at line 1 column 8
      help: correct `result`, or have the program print it
    ");
    let regex = |text: &str| script(text, "result = { regex = \"took ([^ ]+) ms\", unit = \"ms\" }");
    assert_snapshot!(regex("echo took no time\n"), @"
    error: script/own at size 20: sh script.sh {size} {work}: it printed nothing that matches `took ([^ ]+) ms`
      help: correct `result`, or have the program print it
    ");
    assert_snapshot!(regex("echo took nan ms\n"), @"
    error: script/own at size 20: sh script.sh {size} {work}: it printed NaN, which is no time
      help: correct `result`, or have the program print it
    ");
}

#[test]
fn a_program_that_writes_to_its_own_input_is_refused() {
    let setup = "setup = [\"sh\", \"-c\", \"echo 1 > $0/input\", \"{work}\"]";
    assert_snapshot!(script("echo 2 >> $2/input\n", setup), @"
    error: script/own at size 20: {work}/input: the command changed its own input, so that its runs are not alike
      help: have it write to another file of `{work}`, or work on a copy
    ");
}

#[test]
fn a_start_that_costs_more_than_the_command_leaves_no_cost() {
    assert_snapshot!(script("", "startup = [\"sleep\", \"0.1\"]"), @"
    error: script/own at size 20: `startup`: it took longer than the command, which therefore has no cost above it
      help: start with larger sizes, name a `startup` that does less, or leave it out: then it is the law's intercept
    ");
}

#[test]
fn an_earlier_record_is_kept_when_a_later_run_fails() {
    let place = Place::with(&program("command = [\"true\"]"));
    place.ok("run");
    place.configure(&program("command = [\"false\"]"));
    place.refused();
    assert_eq!(place.record().series.len(), 1);
}
