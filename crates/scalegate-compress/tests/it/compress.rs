//! A model made smaller, and what that cost in accuracy, through the binary.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Place, empty, lasting, reference, stderr, stdout};

fn text(name: &str) -> String {
    reference().join(name).display().to_string()
}

/// A place with the first pages of the text that the reference was not trained on.
fn place() -> Place {
    let place = empty();
    let heldout = fs::read_to_string(reference().join("heldout.txt")).unwrap();
    let end = heldout.char_indices().nth(16_000).unwrap().0;
    place.write("text.txt", &heldout[..end]);
    place
}

fn accuracy(place: &Place, candidate: &str) -> Value {
    let reference = reference().display().to_string();
    let line = format!("accuracy {reference} {candidate} --text text.txt --format json");
    serde_json::from_str(&stdout(&place.scalegate(&line).success())).unwrap()
}

fn estimate(accuracy: &Value, quantity: &str) -> f64 {
    let [estimate, lower, upper] = ["estimate", "lower", "upper"].map(|key| accuracy[quantity][key].as_f64().unwrap());
    assert!(lower <= estimate && estimate <= upper, "{quantity}: {lower} {estimate} {upper}");
    estimate
}

#[test]
fn a_model_agrees_with_itself() {
    let place = place();
    let same = accuracy(&place, &reference().display().to_string());
    assert_eq!(estimate(&same, "divergence_nats"), 0.0);
    assert_eq!(estimate(&same, "perplexity_change"), 0.0);
    assert_eq!((estimate(&same, "top1_agreement"), estimate(&same, "top5_agreement")), (1.0, 1.0));
}

#[test]
fn less_is_lost_with_more_parameters_and_with_calibration() {
    let place = place();
    let model = reference().display().to_string();
    let calibration = text("calibration.txt");
    place.scalegate(&format!("compress {model} --out half --keep 0.5")).success();
    place.scalegate(&format!("compress {model} --out most --keep 0.8")).success();
    let table =
        place.scalegate(&format!("compress {model} --out aware --keep 0.5 --calibrate {calibration}")).success();
    let table = stdout(&table);
    assert!(table.contains("output error") && table.contains("first layer") && table.contains("parameters remain"));

    let [half, most, aware] = ["half", "most", "aware"].map(|name| accuracy(&place, name));
    let lost = |accuracy: &Value| estimate(accuracy, "divergence_nats");
    assert!(lost(&most) < lost(&half), "{} {}", lost(&most), lost(&half));
    assert!(lost(&aware) < lost(&half), "{} {}", lost(&aware), lost(&half));
    assert!(estimate(&half, "perplexity_change") > 0.0);
    assert!(estimate(&half, "top1_agreement") < 1.0);
    let size = |dir: &Path| fs::metadata(dir.join("onnx/model.onnx")).unwrap().len();
    assert!(size(&place.path("half")) < size(&place.path("most")));
    assert!(size(&place.path("most")) < size(&reference()));
    assert!(place.path("half/tokenizer.json").is_file());
}

#[test]
fn bad_input_of_compress_is_named_and_leaves_nothing() {
    let place = empty();
    let model = reference().display().to_string();
    fs::create_dir_all(place.path("empty")).unwrap();
    place.write("full/file", "text");
    place.write("blank.txt", " \n");
    place.write("short.txt", "one two three");
    place.write("partial/config.json", "{\"max_position_embeddings\": 64}");
    fs::create_dir_all(place.path("partial/onnx")).unwrap();
    fs::copy(reference().join("onnx/model.onnx"), place.path("partial/onnx/model.onnx")).unwrap();
    place.write("cut/onnx/model.onnx", &fs::read(reference().join("onnx/model.onnx")).unwrap()[..100_000]);
    let told = [
        "compress empty --out new --keep 0.5".to_owned(),
        "compress cut --out new --keep 0.5".to_owned(),
        format!("compress {model} --out full --keep 0.5"),
        format!("compress {model} --out new --keep 0"),
        format!("compress {model} --out new --keep 1.1"),
        format!("compress {model} --out new --keep nan"),
        format!("compress {model} --out new --error 1"),
        format!("compress {model} --out new --rank 0"),
        format!("compress {model} --out new"),
        format!("compress {model} --out new --keep 0.5 --rank 3"),
        format!("compress {model} --out new --keep 0.5 --calibrate none.txt"),
        format!("compress {model} --out new --keep 0.5 --calibrate blank.txt"),
        format!("compress {model} --out new --keep 0.5 --calibrate short.txt"),
        "compress partial --out new --keep 0.5 --calibrate short.txt".to_owned(),
    ]
    .map(|line| format!("$ {line}\n{}", stderr(&place.scalegate(&line).code(2))));
    insta::assert_snapshot!(lasting(&told.concat()), @"
    $ compress empty --out new --keep 0.5
    error: empty: there is no language model here: neither onnx/model.onnx nor model.onnx
      help: name the directory of an ONNX export, as Optimum makes one with the task text-generation-with-past
    $ compress cut --out new --keep 0.5
    error: cut/onnx/model.onnx: not an ONNX model, or cut short: failed to decode Protobuf message: ModelProto.graph: buffer underflow
      help: export the model again; if the suite wrote it, delete its directory and the next run writes it anew
    $ compress [repository]/models/reference --out full --keep 0.5
    error: full: it exists and is not an empty directory
      help: name a directory that doesn't exist yet, or empty it; nothing was changed
    $ compress [repository]/models/reference --out new --keep 0
    error: --keep: out of its range
      help: give a share above 0 and up to 1
    $ compress [repository]/models/reference --out new --keep 1.1
    error: --keep: out of its range
      help: give a share above 0 and up to 1
    $ compress [repository]/models/reference --out new --keep nan
    error: --keep: out of its range
      help: give a share above 0 and up to 1
    $ compress [repository]/models/reference --out new --error 1
    error: --error: out of its range
      help: give a relative error above 0 and below 1
    $ compress [repository]/models/reference --out new --rank 0
    error: --rank: out of its range
      help: give a rank of 1 or more
    $ compress [repository]/models/reference --out new
    error: the following required arguments were not provided:
      <--keep <SHARE>|--error <ERROR>|--rank <RANK>>

    Usage: scalegate compress --out <DIR> <--keep <SHARE>|--error <ERROR>|--rank <RANK>> <MODEL_DIR>

    For more information, try '--help'.
    $ compress [repository]/models/reference --out new --keep 0.5 --rank 3
    error: the argument '--keep <SHARE>' cannot be used with '--rank <RANK>'

    Usage: scalegate compress --out <DIR> <--keep <SHARE>|--error <ERROR>|--rank <RANK>> <MODEL_DIR>

    For more information, try '--help'.
    $ compress [repository]/models/reference --out new --keep 0.5 --calibrate none.txt
    error: none.txt: No such file or directory (os error 2)
      help: name a file of plain UTF-8 text
    $ compress [repository]/models/reference --out new --keep 0.5 --calibrate blank.txt
    error: blank.txt: there is no text in it
      help: name a file of plain UTF-8 text
    $ compress [repository]/models/reference --out new --keep 0.5 --calibrate short.txt
    error: calibration: 4 tokens of text cannot tell how inputs of 512 values vary together
      help: give a longer text, best of what the model is used for
    $ compress partial --out new --keep 0.5 --calibrate short.txt
    error: partial/tokenizer.json: cannot read the tokenizer: No such file or directory (os error 2)
      help: restore tokenizer.json from the model's repository
    ");
    assert!(!place.path("new").exists());
    assert_eq!(fs::read_dir(place.path("full")).unwrap().count(), 1);
    let left = fs::read_dir(place.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with('.')), "no temporary directory is left");
}

#[test]
fn bad_input_of_accuracy_is_named() {
    let place = place();
    let model = reference().display().to_string();
    place.write("blank.txt", "");
    place.write("short.txt", "one two three four five");
    let told = [
        format!("accuracy {model} nowhere --text text.txt"),
        format!("accuracy {model} {model} --text none.txt"),
        format!("accuracy {model} {model} --text blank.txt"),
        format!("accuracy {model} {model} --text short.txt"),
    ]
    .map(|line| format!("$ {line}\n{}", stderr(&place.scalegate(&line).code(2))));
    insta::assert_snapshot!(lasting(&told.concat()), @"
    $ accuracy [repository]/models/reference nowhere --text text.txt
    error: nowhere/config.json: No such file or directory (os error 2)
      help: name the directory of an export with a config.json that states max_position_embeddings
    $ accuracy [repository]/models/reference [repository]/models/reference --text none.txt
    error: none.txt: No such file or directory (os error 2)
      help: name a file of plain UTF-8 text
    $ accuracy [repository]/models/reference [repository]/models/reference --text blank.txt
    error: blank.txt: there is no text in it
      help: name a file of plain UTF-8 text
    $ accuracy [repository]/models/reference [repository]/models/reference --text short.txt
    error: the text: 1 passages of 256 tokens; intervals need 10
      help: give a longer text
    ");

    // Another vocabulary: the same model with a tokenizer that knows less.
    fs::create_dir_all(place.path("other/onnx")).unwrap();
    for file in ["onnx/model.onnx", "config.json"] {
        fs::copy(reference().join(file), place.path("other").join(file)).unwrap();
    }
    let mut tokenizer: Value = serde_json::from_str(&fs::read_to_string(text("tokenizer.json")).unwrap()).unwrap();
    tokenizer["model"]["merges"].as_array_mut().unwrap().truncate(100);
    place.write("other/tokenizer.json", tokenizer.to_string());
    let error = stderr(&place.scalegate(&format!("accuracy {model} other --text text.txt")).code(2));
    insta::assert_snapshot!(lasting(&error), @"
    error: other: its tokenizer makes other tokens of the text than that of [repository]/models/reference
      help: compare models that share a tokenizer
    ");
}
