//! `scalegate accuracy --prompts`: what two models write, through the binary.

use std::fs;

use scalegate_suite::inference::{Llm, Tokenizer};
use serde_json::Value;

use crate::embedding::fixture;
use crate::support::{Place, empty, lasting, reference, stderr, stdout};

const PROMPTS: [&str; 12] = [
    "cargo owner is a command that",
    "List owners of a crate",
    "The registry",
    "Use the --token option to",
    "Options:",
    "This command will",
    "The name of the package",
    "If the file does not exist,",
    "let x =",
    "A trait is",
    "The compiler",
    "Build the documentation of",
];

/// A place with the prompts as lines, and as JSON with answers to all but the last two.
fn place() -> Place {
    let place = empty();
    place.write("prompts.txt", PROMPTS.join("\n"));
    let line = |(index, prompt): (usize, &&str)| {
        let answer = if index < 10 { format!(", \"answer\": \"the cost of {index} tokens\"") } else { String::new() };
        format!("{{\"prompt\": \"{prompt}\"{answer}}}\n")
    };
    place.write("prompts.jsonl", PROMPTS.iter().enumerate().map(line).collect::<String>());
    place
}

fn json(place: &Place, line: &str) -> Value {
    let line = format!("accuracy {} {line} --format json", reference().display());
    let value: Value = serde_json::from_str(&stdout(&place.scalegate(&line).success())).unwrap();
    value["continuations"].clone()
}

fn interval(value: &Value) -> [f64; 3] {
    ["lower", "estimate", "upper"].map(|key| value[key].as_f64().unwrap())
}

/// What the library writes, token by token, without any of the command's code.
fn written(prompt: &str, new_tokens: usize) -> Vec<i64> {
    let tokenizer = Tokenizer::from_file(&reference().join("tokenizer.json")).unwrap();
    let mut session = Llm::load(&reference()).unwrap().session(true);
    let mut logits = session.prefill(&tokenizer.encode(prompt).unwrap()).unwrap();
    let mut tokens = Vec::new();
    while tokens.len() < new_tokens {
        tokens.push(logits.best());
        logits = session.decode(logits.best()).unwrap();
    }
    tokens
}

#[test]
fn a_model_writes_what_it_writes_itself() {
    let place = place();
    let model = reference().display().to_string();
    let same = json(&place, &format!("{model} --prompts prompts.txt --new-tokens 8"));
    assert_eq!(interval(&same["equal"]), [1.0; 3]);
    assert_eq!((&same["prompts"], &same["new_tokens"]), (&12.into(), &8.into()));
    assert!(same.get("similarity").is_none());
    let tokenizer = Tokenizer::from_file(&reference().join("tokenizer.json")).unwrap();
    for (prompt, each) in PROMPTS.iter().zip(same["each"].as_array().unwrap()) {
        let tokens = written(prompt, 8);
        let tokens: Vec<i64> = tokens.into_iter().take_while(|token| *token != 0).collect();
        assert_eq!(each["prompt"], *prompt);
        assert_eq!(each["reference"], tokenizer.decode(&tokens).unwrap(), "{prompt}");
        assert_eq!(each["common_prefix_tokens"], tokens.len(), "{prompt}");
    }
    let embed = fixture().display().to_string();
    let line = format!("accuracy {model} {model} --prompts prompts.txt --new-tokens 8 --embed {embed}");
    let text = stdout(&place.scalegate(&line).success());
    assert!(text.starts_with("12 prompts continued by at most 8 tokens; "), "{text}");
    assert!(text.contains("to the reference's continuations, by mean of last_hidden_state"), "{text}");
    assert!(text.contains("  candidate                     1.000  between 1.000 and 1.000"), "{text}");
    assert!(!text.contains("perplexity"), "no text was given: {text}");
}

#[test]
fn what_a_smaller_model_writes_differs_and_is_compared_with_the_answers() {
    let place = place();
    place.scalegate(&format!("compress {} --out small --keep 0.3", reference().display())).success();
    let embed = fixture().display().to_string();
    let found = json(&place, &format!("small --prompts prompts.jsonl --new-tokens 16 --embed {embed}"));
    let [lower, equal, upper] = interval(&found["equal"]);
    assert!(lower <= equal && equal < 0.5 && equal <= upper, "{lower} {equal} {upper}");
    let [lower, prefix, upper] = interval(&found["common_prefix_tokens"]);
    assert!(0.0 <= lower && lower <= prefix && prefix <= upper && prefix < 16.0, "{lower} {prefix} {upper}");
    let similarity = &found["similarity"];
    assert_eq!((&similarity["answers"], &similarity["trimmed_each_end"]), (&10.into(), &1.into()));

    // The means are those of the prompts one by one.
    let each = found["each"].as_array().unwrap();
    let values = |key: &str| each.iter().map(|one| one[key].as_f64().unwrap()).collect::<Vec<_>>();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let [candidate, reference] = ["candidate", "reference"].map(|whose| {
        let mut values = values(&format!("{whose}_similarity"));
        assert!((interval(&similarity[whose])[1] - mean(&values)).abs() < 1e-12);
        values.sort_by(f64::total_cmp);
        let trimmed = interval(&similarity[&format!("trimmed_{whose}")])[1];
        assert!((trimmed - mean(&values[1..11])).abs() < 1e-12);
        mean(&values)
    });
    assert!((interval(&similarity["change"])[1] - (candidate - reference)).abs() < 1e-12);
    assert!(
        (interval(&found["equal"])[1]
            - mean(&each.iter().map(|one| f64::from(u8::from(one["equal"] == true))).collect::<Vec<_>>()))
        .abs()
            < 1e-12
    );
    for one in &each[10..] {
        assert!((one["reference_similarity"].as_f64().unwrap() - 1.0).abs() < 1e-6, "its own answer: {one}");
        assert!(one.get("answer").is_none());
    }
    let text = format!(
        "accuracy {} small --prompts prompts.jsonl --new-tokens 4 --embed {embed}",
        crate::support::reference().display()
    );
    let text = stdout(&place.scalegate(&text).success());
    assert!(text.contains("to 10 answers and 2 continuations of the reference, by mean of"), "{text}");
    assert!(text.contains("without the 1 lowest and the 1 highest of each"), "{text}");
}

#[test]
fn a_text_and_prompts_are_told_together() {
    let place = place();
    let heldout = fs::read_to_string(reference().join("heldout.txt")).unwrap();
    let end = heldout.char_indices().nth(8_000).unwrap().0;
    place.write("text.txt", &heldout[..end]);
    let model = reference().display().to_string();
    let line = format!("accuracy {model} {model} --text text.txt --prompts prompts.txt --new-tokens 2");
    let text = stdout(&place.scalegate(&line).success());
    let [first, second] = ["perplexity of reference", "equal continuations"].map(|words| text.find(words).unwrap());
    assert!(first < second, "{text}");
    let json: Value =
        serde_json::from_str(&stdout(&place.scalegate(&format!("{line} --format json")).success())).unwrap();
    assert!(json["reference_perplexity"]["estimate"].is_f64() && json["continuations"]["equal"].is_object());
}

#[test]
fn a_continuation_ends_where_the_model_stops() {
    let place = place();
    fs::create_dir_all(place.path("brief/onnx")).unwrap();
    for file in ["onnx/model.onnx", "config.json", "tokenizer.json"] {
        fs::copy(reference().join(file), place.path("brief").join(file)).unwrap();
    }
    let third = written(PROMPTS[0], 3)[2];
    place.write("brief/generation_config.json", format!("{{\"eos_token_id\": [{third}]}}"));
    let found = json(&place, "brief --prompts prompts.txt --new-tokens 6");
    let first = &found["each"][0];
    assert!(first["common_prefix_tokens"].as_u64().unwrap() <= 2, "{first}");
    assert!(first["candidate"].as_str().unwrap().len() < first["reference"].as_str().unwrap().len(), "{first}");
    place.write("brief/generation_config.json", "{\"eos_token_id\": \"end\"}");
    let line = format!("accuracy {} brief --prompts prompts.txt", reference().display());
    let error = stderr(&place.scalegate(&line).code(2));
    insta::assert_snapshot!(lasting(&error), @"
    error: brief/generation_config.json: eos_token_id is neither a token nor a list of tokens
      help: restore the file from the model's repository
    ");
}

#[test]
fn bad_input_is_named() {
    let place = place();
    let model = reference().display().to_string();
    place.write("few.txt", "one\ntwo\n");
    place.write("bad.jsonl", "{\"prompt\": \"a\"}\n{\"text\": \"b\"}\n");
    place.write("long.txt", format!("{}\n{}\n", PROMPTS.join("\n"), "word ".repeat(300)));
    fs::create_dir_all(place.path("other/onnx")).unwrap();
    for file in ["onnx/model.onnx", "config.json"] {
        fs::copy(reference().join(file), place.path("other").join(file)).unwrap();
    }
    let mut tokenizer: Value =
        serde_json::from_str(&fs::read_to_string(reference().join("tokenizer.json")).unwrap()).unwrap();
    tokenizer["model"]["merges"].as_array_mut().unwrap().truncate(100);
    place.write("other/tokenizer.json", tokenizer.to_string());
    let both = format!("accuracy {model} {model}");
    let told = [
        both.clone(),
        format!("{both} --text few.txt --new-tokens 3"),
        format!("{both} --text few.txt --embed {model}"),
        format!("{both} --prompts none.txt"),
        format!("{both} --prompts few.txt"),
        format!("{both} --prompts bad.jsonl"),
        format!("{both} --prompts prompts.txt --new-tokens 0"),
        format!("{both} --prompts prompts.txt --new-tokens 9999"),
        format!("{both} --prompts long.txt"),
        format!("{both} --prompts prompts.txt --embed nowhere"),
        format!("{both} --prompts prompts.txt --embed {model}"),
        format!("accuracy {model} other --prompts prompts.txt"),
        format!("accuracy {model} nowhere --prompts prompts.txt"),
    ]
    .map(|line| format!("$ {line}\n{}", stderr(&place.scalegate(&line).code(2))));
    insta::assert_snapshot!(lasting(&told.concat()), @r#"
    $ accuracy [repository]/models/reference [repository]/models/reference
    error: the following required arguments were not provided:
      --text <FILE>

    Usage: scalegate accuracy --text <FILE> <REFERENCE> <CANDIDATE>

    For more information, try '--help'.
    $ accuracy [repository]/models/reference [repository]/models/reference --text few.txt --new-tokens 3
    error: the following required arguments were not provided:
      --prompts <FILE>

    Usage: scalegate accuracy --prompts <FILE> --text <FILE> --new-tokens <N> <REFERENCE> <CANDIDATE>

    For more information, try '--help'.
    $ accuracy [repository]/models/reference [repository]/models/reference --text few.txt --embed [repository]/models/reference
    error: the following required arguments were not provided:
      --prompts <FILE>

    Usage: scalegate accuracy --prompts <FILE> --text <FILE> --embed <DIR> <REFERENCE> <CANDIDATE>

    For more information, try '--help'.
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts none.txt
    error: none.txt: cannot read the prompts: No such file or directory (os error 2)
      help: write one prompt on each line; in a file called `….jsonl`, `{"prompt": "…", "answer": "…"}`, whose answer may be left out
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts few.txt
    error: the prompts: there are 2 of them; intervals need 10
      help: give more prompts
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts bad.jsonl
    error: bad.jsonl:2: no prompt: unknown field `text`, expected `prompt` or `answer` at line 1 column 7
      help: write one prompt on each line; in a file called `….jsonl`, `{"prompt": "…", "answer": "…"}`, whose answer may be left out
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts prompts.txt --new-tokens 0
    error: invalid value '0' for '--new-tokens <N>': number would be zero for non-zero type

    For more information, try '--help'.
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts prompts.txt --new-tokens 9999
    error: [repository]/models/reference: a prompt of 7 tokens and 9999 new ones are more than its context of 256
      help: shorten the prompt, or lower `--new-tokens`
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts long.txt
    error: [repository]/models/reference: a prompt of 600 tokens and 64 new ones are more than its context of 256
      help: shorten the prompt, or lower `--new-tokens`
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts prompts.txt --embed nowhere
    error: nowhere: there is no sentence-embedding model here: neither onnx/model.onnx nor model.onnx
      help: export the model with Optimum, with the task feature-extraction; docs/compression.md has its inputs and outputs
    $ accuracy [repository]/models/reference [repository]/models/reference --prompts prompts.txt --embed [repository]/models/reference
    error: [repository]/models/reference/onnx/model.onnx: nothing is known about the model's input position_ids; its inputs are: input_ids, attention_mask, position_ids, past_key_values.0.key, past_key_values.0.value, past_key_values.1.key, past_key_values.1.value, past_key_values.2.key, past_key_values.2.value, past_key_values.3.key, past_key_values.3.value, past_key_values.4.key, past_key_values.4.value
      help: export the model with Optimum, with the task feature-extraction; docs/compression.md has its inputs and outputs
    $ accuracy [repository]/models/reference other --prompts prompts.txt
    error: other: its tokenizer makes other tokens of the prompts than that of [repository]/models/reference
      help: compare models that share a tokenizer
    $ accuracy [repository]/models/reference nowhere --prompts prompts.txt
    error: nowhere/tokenizer.json: cannot read the tokenizer: No such file or directory (os error 2)
      help: restore tokenizer.json from the model's repository
    "#);
}
