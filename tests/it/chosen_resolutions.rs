//! A vlm workload without `resolutions` has the sizes at which the law of its model shows.

use std::path::Path;

use scalegate::{Error, Workload};
use scalegate_suite::suite::Suite;
use scalegate_suite::workload::Registry;

use crate::support::bench::SUITE;
use crate::support::{Place, TOKENS, line, rows};

/// The tiny suite without resolutions, and `more`.
fn suite(more: &str) -> Suite {
    let text: String =
        SUITE.lines().filter(|line| !line.starts_with("resolutions")).map(|it| format!("{it}\n")).collect();
    Suite::parse(Path::new("suite.toml"), &format!("{text}{more}")).unwrap()
}

fn model(path: &str) -> String {
    format!("[[model]]\nname = \"mine\"\npath = \"{path}\"\nworkloads = [\"vlm/encode\"]\n")
}

/// The resolutions that the record of a workload has in its protocol.
fn resolutions(workloads: &[Box<dyn Workload>], name: &str) -> String {
    let workload = workloads.iter().find(|workload| workload.name() == name).unwrap();
    let protocol = workload.protocol();
    let sizes: Vec<u64> =
        protocol["resolutions"].split(' ').map(|its| its.parse::<scalegate::Resolution>().unwrap().pixels()).collect();
    assert_eq!(sizes, workload.sizes());
    protocol["resolutions"].clone()
}

fn refused(suite: &Suite) -> Error {
    Registry::all(suite).err().unwrap()
}

#[test]
fn the_embedded_model_has_them_around_the_clamp_of_the_suite() {
    let workloads = Registry::all(&suite("")).unwrap();
    insta::assert_snapshot!(resolutions(&workloads, "vlm/encode"), @"84x56 112x84 140x112 168x140 196x140 224x168 252x196 364x280 504x392 616x476 728x560");
    assert_eq!(resolutions(&workloads, "vlm/preprocess"), resolutions(&workloads, "vlm/encode"));
}

#[test]
fn a_user_model_has_them_where_its_own_processor_has_its_steps() {
    let place = Place::new();
    place.write("mine/preprocessor_config.json", r#"{"image_processor_type": "Llama4ImageProcessorFast"}"#);
    let workloads = Registry::all(&suite(&model(&place.path("mine").display().to_string()))).unwrap();
    insta::assert_snapshot!(resolutions(&workloads, "mine/vlm/encode"), @"136x102 176x132 224x168 288x216 356x267 376x282 404x303 428x321 480x360 528x396 576x432 632x474 704x528 752x564 804x603 860x645 916x687 940x705 964x723 992x744 1192x894 1540x1155 1992x1494 2576x1932");
    assert_ne!(resolutions(&workloads, "mine/vlm/encode"), resolutions(&workloads, "vlm/encode"));
}

#[test]
fn each_aspect_ratio_has_a_law_of_its_own() {
    let place = Place::new();
    place.write("mine/preprocessor_config.json", r#"{"image_processor_type": "PixtralImageProcessor"}"#);
    let text =
        SUITE.replace("name = \"vlm/encode\"\nresolutions", "name = \"vlm/encode\"\naspects = [\"1:1\", \"16:9\"]\n#");
    let model = model(&place.path("mine").display().to_string());
    let suite = Suite::parse(Path::new("suite.toml"), &format!("{text}{model}")).unwrap();
    let workloads = Registry::all(&suite).unwrap();
    let names: Vec<&str> =
        workloads.iter().map(|workload| workload.name()).filter(|name| name.contains("vlm/encode")).collect();
    assert_eq!(names, ["vlm/encode/1x1", "vlm/encode/16x9", "mine/vlm/encode/1x1", "mine/vlm/encode/16x9"]);
    let subject = scalegate_suite::workload::subject::of(&suite).unwrap();
    let knee = |aspect: &str| subject[&format!("model.mine.expected_knee.{aspect}")].clone();
    assert_eq!((knee("1x1"), knee("16x9")), ("1048576".to_owned(), "589824".to_owned()));
}

#[test]
fn a_processor_that_is_missing_is_named_by_its_file() {
    insta::assert_snapshot!(refused(&suite(&model("tests/fixtures"))), @"
    tests/fixtures/preprocessor_config.json: No such file or directory (os error 2)
      help: give a model directory with a readable preprocessor_config.json
    ");
}

/// Only what runs the model needs its files.
#[test]
fn a_record_is_judged_where_the_models_files_are_not() {
    let place = Place::new();
    place.import(&rows("mine/vlm/encode", "pixels", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    let text: String =
        SUITE.lines().filter(|line| !line.starts_with("resolutions")).map(|it| format!("{it}\n")).collect();
    place.write(
        "suite.toml",
        format!("{text}{}[gate]\nrequired = [\"wall_time\"]\n", model("$SCALEGATE_NO_SUCH_MODEL")),
    );
    place.scalegate("fit").success();
    place.scalegate("check target/scalegate/run.json").success();
}
