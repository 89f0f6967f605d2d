//! What the configuration of an image processor says that images become, in what an encoder's cost hangs on.

use std::collections::BTreeMap;

use crate::inference::preprocess::{Geometry, Layout, Preprocessor};
use scalegate::Resolution;
use scalegate::record::{ExpectedUnits, InputUnit};

/// The units of each image: image tokens of flattened patches, patches of one image of any size, tiles of one size, and patches where
/// pieces are padded to one number of them. `None` if the image processor refuses one of the images, which nobody can then run.
pub(super) fn of(preprocessor: &Preprocessor, images: &[Resolution]) -> Option<ExpectedUnits> {
    let mut unit = InputUnit::Tiles;
    let mut by_size = BTreeMap::new();
    for image in images {
        let (its, count) = units(preprocessor, *image)?;
        unit = its;
        by_size.insert(image.pixels(), count);
    }
    (!by_size.is_empty()).then_some(ExpectedUnits { unit, by_size })
}

/// The units of one image.
pub(super) fn units(preprocessor: &Preprocessor, image: Resolution) -> Option<(InputUnit, u64)> {
    let Geometry { rows, cols, layout } = preprocessor.geometry(image.width, image.height).ok()?;
    let patches = rows * cols;
    let (unit, count) = match layout {
        Layout::Patches { merge, side, .. } => {
            let tokens = patches / (merge * merge);
            // What is measured may have the processor of this very program, which is not asked about a clamp that it ignores.
            let clamp = preprocessor.expected_knee(f64::from(image.width) / f64::from(image.height));
            let block = (side * merge * side * merge) as f64;
            let most = clamp.map_or(usize::MAX, |pixels| ((pixels / block) as usize).max(1));
            (InputUnit::Tokens, tokens.min(most))
        }
        Layout::Images { .. } if preprocessor.block().is_some() => (InputUnit::Patches, patches),
        Layout::Images { count, .. } => (InputUnit::Tiles, count),
        Layout::Padded { count, length, .. } => (InputUnit::Patches, count * length),
    };
    Some((unit, count as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_config(config: &str, images: &[&str]) -> (InputUnit, Vec<u64>) {
        let preprocessor = Preprocessor::from_json("preprocessor_config.json", config).unwrap();
        let images: Vec<Resolution> = images.iter().map(|image| image.parse().unwrap()).collect();
        let ExpectedUnits { unit, by_size } = of(&preprocessor, &images).unwrap();
        (unit, by_size.into_values().collect())
    }

    #[test]
    fn units_are_what_the_encoder_of_each_form_of_input_costs_by() {
        let qwen = r#"{"image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 200704}"#;
        let images = ["112x84", "448x336", "1092x840", "2184x1680"];
        assert_eq!(of_config(qwen, &images), (InputUnit::Tokens, vec![12, 192, 252, 252]));
        let pixtral = r#"{"image_processor_type": "PixtralImageProcessor"}"#;
        assert_eq!(of_config(pixtral, &["64x48", "1024x768", "4000x3000"]), (InputUnit::Patches, vec![12, 3072, 3072]));
        let llama = r#"{"image_processor_type": "Llama4ImageProcessorFast"}"#;
        assert_eq!(of_config(llama, &["336x336", "337x337", "1009x1009"]), (InputUnit::Tiles, vec![1, 5, 17]));
        let siglip2 = r#"{"image_processor_type": "Siglip2ImageProcessor"}"#;
        assert_eq!(of_config(siglip2, &["64x48", "1024x768"]), (InputUnit::Patches, vec![256, 256]));
        let clip = r#"{"image_processor_type": "CLIPImageProcessor"}"#;
        assert_eq!(of_config(clip, &["64x48", "1024x768"]), (InputUnit::Tiles, vec![1, 1]));
    }

    #[test]
    fn an_image_that_is_refused_leaves_nothing_to_expect() {
        let qwen = r#"{"image_processor_type": "Qwen2VLImageProcessor"}"#;
        let preprocessor = Preprocessor::from_json("preprocessor_config.json", qwen).unwrap();
        let image = |width, height| Resolution { width, height };
        assert_eq!(of(&preprocessor, &[image(56, 56), image(8000, 8)]), None);
        assert_eq!(of(&preprocessor, &[]), None);
    }
}
