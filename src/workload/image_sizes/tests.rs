//! Chosen sizes of every configuration in `tests/fixtures/processors` that a model ships.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use scalegate::law::{Class, FitOptions, Observations, fit};
use serde_json::Value;

use super::*;

const ASPECTS: [Aspect; 5] = [
    Aspect::DEFAULT,
    Aspect { width: 1, height: 1 },
    Aspect { width: 16, height: 9 },
    Aspect { width: 3, height: 1 },
    Aspect { width: 3, height: 4 },
];

/// The image processors with the names of their models.
fn processors() -> Vec<(String, Preprocessor)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/processors");
    let configs = ["sizes.json", "tiled_sizes.json"].map(|file| {
        let all: Value = serde_json::from_slice(&std::fs::read(root.join(file)).unwrap()).unwrap();
        all["configs"].as_array().unwrap().clone()
    });
    let known = |config: Value| {
        let preprocessor = Preprocessor::from_json("preprocessor_config.json", &config["config"].to_string());
        (config["name"].as_str().unwrap().to_owned(), preprocessor.unwrap())
    };
    configs.into_iter().flatten().map(known).collect()
}

fn values(preprocessor: &Preprocessor, image: Resolution) -> usize {
    preprocessor.geometry(image.width, image.height).unwrap().shape().iter().product()
}

#[test]
fn images_are_real_of_one_ratio_taken_and_not_too_many() {
    let mut all = 0;
    for (name, preprocessor) in processors() {
        for aspect in ASPECTS {
            let chosen = ImageSizes::chosen(&preprocessor, aspect).unwrap();
            assert!((7..=MAX_SIZES).contains(&chosen.list.len()), "{name} {aspect}: {chosen:?}");
            assert!(chosen.list.is_sorted_by(|a, b| a.pixels() < b.pixels()), "{name} {aspect}: {chosen:?}");
            for image in &chosen.list {
                assert!(image.pixels() <= MAX_PIXELS && image.width.max(image.height) <= MAX_SIDE, "{name}: {image}");
                let off = (f64::from(image.width) / f64::from(image.height) / aspect.ratio()).ln().abs();
                assert!(off < RATIO_TOLERANCES[2] + 1e-9, "{name} {aspect}: {image}");
                assert!(values(&preprocessor, *image) > 0);
            }
            all += 1;
        }
    }
    assert!(all > 150, "{all}");
}

#[test]
fn every_tread_has_two_sizes_and_there_are_enough_for_steps_that_all_differ() {
    let mut most = 0;
    for (name, preprocessor) in processors() {
        for aspect in ASPECTS {
            let steps = preprocessor.expected_steps(aspect.ratio());
            let chosen = ImageSizes::chosen(&preprocessor, aspect).unwrap();
            let (all, left_out) = chosen.steps;
            assert_eq!(all, steps.len(), "{name} {aspect}");
            if steps.is_empty() {
                continue;
            }
            let tread = |image: &Resolution| steps.iter().filter(|step| step.pixels <= image.pixels() as f64).count();
            let treads: Vec<usize> = chosen.list.iter().map(tread).collect();
            let shown: BTreeSet<usize> = treads.iter().copied().collect();
            for one in &shown {
                assert!(treads.iter().filter(|its| *its == one).count() >= 2, "{name} {aspect}: {chosen:?}");
            }
            assert!(shown.contains(&0) && shown.contains(&steps.len()), "{name} {aspect}: {chosen:?}");
            assert_eq!(shown.len(), steps.len() + 1 - left_out, "{name} {aspect}: {chosen:?}");
            let shown_steps = shown.len() - 1;
            assert!(chosen.list.len() >= 2 * shown_steps + 5, "{name} {aspect}: {chosen:?}");
            most = most.max(shown_steps);
        }
    }
    assert!(most >= 5, "{most}");
}

#[test]
fn a_clamp_has_sizes_that_keep_their_pixels_below_and_sizes_that_become_one_input_above() {
    let mut clamps = 0;
    for (name, preprocessor) in processors() {
        for aspect in ASPECTS {
            let (Some(knee), Some(_)) = (preprocessor.expected_knee(aspect.ratio()), preprocessor.block()) else {
                continue;
            };
            let chosen = ImageSizes::chosen(&preprocessor, aspect).unwrap().list;
            let resized = |image: &Resolution| preprocessor.geometry(image.width, image.height).unwrap().resized();
            let keeps = |image: &Resolution| resized(image) == (image.width as usize, image.height as usize);
            let (below, above): (Vec<Resolution>, Vec<Resolution>) = chosen.iter().partition(|image| keeps(image));
            assert!(below.len() >= 6 && above.len() >= 3, "{name} {aspect}: {chosen:?}");
            let largest = below[below.len() - 1].pixels() as f64;
            assert!(largest > 0.7 * knee && largest <= knee, "{name} {aspect}: {chosen:?}");
            assert!(above[0].pixels() as f64 > 1.2 * knee, "{name} {aspect}: {chosen:?}");
            let inputs: BTreeSet<(usize, usize)> = above.iter().map(resized).collect();
            assert_eq!(inputs.len(), 1, "{name} {aspect}: {chosen:?}");
            clamps += 1;
        }
    }
    assert!(clamps >= 40, "{clamps}");
}

#[test]
fn below_a_clamp_of_few_blocks_the_ratio_is_less_exact() {
    let config = r#"{"image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 50176}"#;
    let preprocessor = Preprocessor::from_json("preprocessor_config.json", config).unwrap();
    let chosen = ImageSizes::chosen(&preprocessor, Aspect::DEFAULT).unwrap().list;
    let below = chosen.iter().filter(|image| image.pixels() <= 50_176).count();
    assert!(below >= BELOW_ENOUGH && chosen.len() - below >= 3, "{chosen:?}");
    assert_eq!(class(&preprocessor, &chosen, 1), Class::Knee, "{chosen:?}");
}

#[test]
fn without_steps_and_clamp_all_sizes_become_one_input() {
    for (name, preprocessor) in processors() {
        for aspect in ASPECTS {
            if preprocessor.expected_knee(aspect.ratio()).is_none() {
                let chosen = ImageSizes::chosen(&preprocessor, aspect).unwrap().list;
                let inputs: BTreeSet<usize> = chosen.iter().map(|image| values(&preprocessor, *image)).collect();
                assert_eq!(inputs.len(), 1, "{name} {aspect}: {chosen:?}");
            }
        }
    }
}

#[test]
fn of_many_steps_the_first_and_the_last_are_shown_and_the_record_says_so() {
    let config = r#"{"image_processor_type": "Phi4MultimodalImageProcessorFast", "size": 112, "dynamic_hd": 200}"#;
    let preprocessor = Preprocessor::from_json("preprocessor_config.json", config).unwrap();
    let chosen = ImageSizes::chosen(&preprocessor, Aspect::DEFAULT).unwrap();
    assert_eq!(chosen.list.len(), 2 * OUTER + 5 * 3);
    let (all, left_out) = chosen.steps;
    assert_eq!(chosen.steps_left_out(), Some(format!("{left_out} of {all}, in the middle")));
    assert_eq!(all - left_out, MAX_STEPS);
}

#[test]
fn an_image_processor_that_takes_no_image_of_a_ratio_has_no_sizes() {
    let config = r#"{"image_processor_type": "Qwen2VLImageProcessor"}"#;
    let preprocessor = Preprocessor::from_json("preprocessor_config.json", config).unwrap();
    assert_eq!(ImageSizes::chosen(&preprocessor, Aspect { width: 300, height: 1 }), None);
}

/// Costs in five rounds with a noise of 2 %: a fixed part, and one for each value of the encoder's input.
fn class(preprocessor: &Preprocessor, sizes: &[Resolution], seed: u64) -> Class {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // A sum of twelve is near enough to a normal one.
    let mut normal = || (0..12).map(|_| random.next_u64() as f64 / u64::MAX as f64).sum::<f64>() - 6.0;
    let largest = sizes.iter().map(|image| values(preprocessor, *image)).max().unwrap() as f64;
    let mut points = Vec::new();
    for image in sizes {
        let cost = 0.05 + values(preprocessor, *image) as f64 / largest;
        points.extend((0..5).map(|round| (image.pixels() as f64, round, cost * (0.02 * normal()).exp())));
    }
    fit(&Observations::new(points).unwrap(), &FitOptions::default()).unwrap().class
}

#[test]
fn the_law_of_the_encoder_can_be_told_at_these_sizes() {
    let (mut clamps, mut stairs, mut found) = (0, 0, 0);
    for (index, (name, preprocessor)) in processors().into_iter().enumerate() {
        let ratio = Aspect::DEFAULT.ratio();
        let sizes = ImageSizes::chosen(&preprocessor, Aspect::DEFAULT).unwrap();
        let class = class(&preprocessor, &sizes.list, index as u64);
        let steps = preprocessor.expected_steps(ratio);
        match steps.len() {
            0 if preprocessor.block().is_some() => {
                assert_eq!(class, Class::Knee, "{name}");
                clamps += 1;
            }
            0 => assert_eq!(class, Class::Constant, "{name}"),
            // A single jump is no staircase, and neither is one that goes down, as Phi-4-multimodal's does at its end.
            1 => {}
            _ if !steps.is_sorted_by(|a, b| a.images < b.images) => {}
            _ => {
                stairs += 1;
                found += usize::from(class == Class::Staircase);
                assert_eq!(class, Class::Staircase, "{name}: {sizes:?}, {steps:?}");
            }
        }
    }
    assert!(clamps >= 8, "{clamps}");
    assert!(stairs >= 2 && found == stairs, "{found} of {stairs}");
}

#[test]
fn the_sizes_of_each_model() {
    let list = |(name, preprocessor): (String, Preprocessor)| {
        let chosen = ImageSizes::chosen(&preprocessor, Aspect::DEFAULT).unwrap();
        let left_out = chosen.steps_left_out().map_or_else(String::new, |it| format!(", left out {it}"));
        let sizes: Vec<String> = chosen.list.iter().map(ToString::to_string).collect();
        format!("{name}, {} steps{left_out}:\n  {}\n", chosen.steps.0, sizes.join(" "))
    };
    insta::assert_snapshot!(processors().into_iter().map(list).collect::<String>());
}
