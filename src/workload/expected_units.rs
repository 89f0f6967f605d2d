//! What the configuration of an image processor says that images become, in what an encoder's cost hangs on.

use std::collections::BTreeMap;

use crate::inference::preprocess::{Geometry, Layout, MAX_SIDE, Preprocessor};
use scalegate::Resolution;
use scalegate::record::{ExpectedUnits, InputUnit, UnitMap};

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
    (!by_size.is_empty()).then(|| ExpectedUnits { unit, by_size, map: Some(map(preprocessor)) })
}

/// Sides of a map, and how far they reach from the side of a square image at the clamp, or at 1 megapixel: so that the clamp is within it, and the
/// sizes that are chosen are.
const SIDES: u32 = 24;
const REACH: (f64, f64) = (1.0 / 12.0, 6.0);
const WITHOUT_CLAMP: f64 = 1e6;

/// The units of images of every width and height, in equal factors.
fn map(preprocessor: &Preprocessor) -> UnitMap {
    let reference = preprocessor.expected_knee(1.0).unwrap_or(WITHOUT_CLAMP).sqrt();
    let (least, most) = ((reference * REACH.0).max(8.0), (reference * REACH.1).min(f64::from(MAX_SIDE)));
    let side = |index: u32| (least * (most / least).powf(f64::from(index) / f64::from(SIDES - 1))).round() as u32;
    let mut sides: Vec<u32> = (0..SIDES).map(side).collect();
    sides.dedup();
    let of = |width: u32, height: u32| units(preprocessor, Resolution { width, height }).map(|its| its.1);
    let row = |height: &u32| sides.iter().map(|width| of(*width, *height)).collect();
    let units = sides.iter().map(row).collect();
    // Of tiles the last step lies elsewhere for every other ratio, which is no line.
    let at_clamp = |index: u32| {
        let ratio = 2f64.powf(f64::from(index) / 4.0 - 3.0);
        let pixels = preprocessor.expected_knee(ratio)?;
        let (width, height) = ((pixels * ratio).sqrt(), (pixels / ratio).sqrt());
        let is_inside = |side: f64| (least..=most).contains(&side);
        (is_inside(width) && is_inside(height)).then_some((width.round() as u32, height.round() as u32))
    };
    let clamp = if preprocessor.block().is_some() { (0..=24).filter_map(at_clamp).collect() } else { Vec::new() };
    UnitMap { sides, units, clamp }
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
        let ExpectedUnits { unit, by_size, .. } = of(&preprocessor, &images).unwrap();
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
    fn a_map_covers_the_clamp_and_is_flat_above_it() {
        let qwen = r#"{"image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 200704}"#;
        let UnitMap { sides, units, clamp } = map(&Preprocessor::from_json("", qwen).unwrap());
        assert_eq!((sides.len(), units.len()), (24, 24));
        assert_eq!((sides[0], sides[23]), (37, 2688));
        assert_eq!(units[23][23], Some(256), "448×448");
        assert!(units[0][0] < units[12][12]);
        assert_eq!(clamp[clamp.len() / 2], (448, 448));
        let llama = r#"{"image_processor_type": "Llama4ImageProcessorFast"}"#;
        assert_eq!(map(&Preprocessor::from_json("", llama).unwrap()).clamp, []);
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
