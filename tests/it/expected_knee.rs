//! The record tells where the preprocessing of a user model lets a knee be expected.

use std::path::Path;

use scalegate_suite::suite::Suite;
use scalegate_suite::workload::subject;

use crate::support::Place;
use crate::support::bench::SUITE;

/// What a record tells of a model with this `preprocessor_config.json`, whose largest picture has 224×168 pixels.
fn knee(config: &str, workload: &str) -> Option<String> {
    let place = Place::new();
    place.write("mine/preprocessor_config.json", config);
    let mine = place.path("mine");
    let model = format!("[[model]]\nname = \"mine\"\npath = \"{}\"\nworkloads = [\"{workload}\"]", mine.display());
    let suite = Suite::parse(Path::new("suite.toml"), &format!("{SUITE}\n{model}")).unwrap();
    let subject = subject::of(&suite).unwrap();
    assert!(subject.contains_key("model.mine"));
    subject.get("model.mine.expected_knee").cloned()
}

#[test]
fn the_clamp_of_a_model_is_told_at_the_ratio_of_its_pictures() {
    let pixtral = r#"{"image_processor_type": "PixtralImageProcessor", "size": {"longest_edge": 120}}"#;
    assert_eq!(knee(pixtral, "vlm/encode").as_deref(), Some("10800"), "120×90");
    let qwen = r#"{"image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 12345}"#;
    assert_eq!(knee(qwen, "vlm/preprocess").as_deref(), Some("12345"));
}

#[test]
fn of_tiles_it_is_the_last_step() {
    let llama = r#"{"image_processor_type": "Llama4ImageProcessorFast"}"#;
    // Nine tiles hold 1008×756 pixels, and twelve are 4:3.
    assert_eq!(knee(llama, "vlm/encode").as_deref(), Some("768108"), "1012×759");
    let internvl = r#"{"image_processor_type": "GotOcr2ImageProcessorFast", "size": 448, "crop_to_patches": true}"#;
    assert_eq!(knee(internvl, "vlm/encode"), None, "every image of 4:3 is twelve tiles");
}

#[test]
fn without_a_clamp_or_pictures_there_is_none() {
    let clip = r#"{"image_processor_type": "CLIPImageProcessor"}"#;
    assert_eq!(knee(clip, "vlm/encode"), None);
    let qwen = r#"{"image_processor_type": "Qwen2VLImageProcessor"}"#;
    assert_eq!(knee(qwen, "llm/prefill"), None, "it is given no pictures");
    assert_eq!(knee("{", "vlm/encode"), None, "the model is refused when it is loaded, with the reason");
}
