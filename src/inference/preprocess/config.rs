//! `preprocessor_config.json`, as Hugging Face writes it for Qwen2-VL.

use std::path::Path;

use serde::Deserialize;

use super::patches::Levels;
use super::{Preprocessor, SmartResize};
use crate::suite::{MERGE, PATCH};
use crate::{Error, Result};

/// Names of the image processor, slow and fast; both compute the same.
const PROCESSORS: [&str; 2] = ["Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast"];
/// Pillow's number of its bicubic filter.
const BICUBIC: u32 = 3;
/// What a missing `image_mean` and `image_std` stand for: those of CLIP.
const CLIP_MEAN: [f64; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const CLIP_STD: [f64; 3] = [0.268_629_54, 0.261_302_58, 0.275_777_11];

/// The keys that change what is computed. Others are let through, since the files of Hugging Face carry many
/// (`processor_class`, `auto_map`, …) and more with each of its versions.
#[derive(Deserialize)]
struct Config {
    image_processor_type: Option<String>,
    patch_size: Option<usize>,
    merge_size: Option<usize>,
    temporal_patch_size: Option<usize>,
    min_pixels: Option<u64>,
    max_pixels: Option<u64>,
    size: Option<Size>,
    image_mean: Option<[f64; 3]>,
    image_std: Option<[f64; 3]>,
    rescale_factor: Option<f64>,
    resample: Option<u32>,
    do_resize: Option<bool>,
    do_rescale: Option<bool>,
    do_normalize: Option<bool>,
    do_convert_rgb: Option<bool>,
}

/// Where newer files keep the bounds of the area.
#[derive(Deserialize)]
struct Size {
    #[serde(alias = "min_pixels")]
    shortest_edge: Option<u64>,
    #[serde(alias = "max_pixels")]
    longest_edge: Option<u64>,
}

impl Preprocessor {
    /// Reads a `preprocessor_config.json`. Keys that are missing have the default of the image processor.
    ///
    /// # Errors
    /// When the file can't be read or is no such JSON; when it is for another image processor, or for a patch size, a
    /// merge size or a resampling that isn't Qwen2-VL's; when the numbers leave no valid image.
    pub fn from_config(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Error::new(path.display(), cause, "give a model directory with a readable preprocessor_config.json")
        })?;
        Self::from_json(&path.display().to_string(), &text)
    }

    fn from_json(place: &str, text: &str) -> Result<Self> {
        let config: Config = serde_json::from_str(text).map_err(|cause| {
            Error::new(place, cause, "restore the file from the model's repository; see the Qwen2VLImageProcessor keys")
        })?;
        config.check(place)?;
        let size = config.size.unwrap_or(Size { shortest_edge: None, longest_edge: None });
        let min_pixels = config.min_pixels.or(size.shortest_edge).unwrap_or(56 * 56);
        let max_pixels = config.max_pixels.or(size.longest_edge).unwrap_or(1280 * 28 * 28);
        let resize = SmartResize::new(min_pixels, max_pixels)
            .map_err(|error| Error::new(place, error.cause(), error.remedy()))?;
        let scale = if config.do_rescale.unwrap_or(true) { config.rescale_factor.unwrap_or(1.0 / 255.0) } else { 1.0 };
        let (mean, std) = if config.do_normalize.unwrap_or(true) {
            (config.image_mean.unwrap_or(CLIP_MEAN), config.image_std.unwrap_or(CLIP_STD))
        } else {
            ([0.0; 3], [1.0; 3])
        };
        let levels = Levels::new(scale, mean, std);
        if !levels.is_finite() {
            return Err(Error::new(
                place,
                format!(
                    "rescale_factor {scale}, image_mean {mean:?} and image_std {std:?} give values that aren't finite"
                ),
                "set image_std above 0 and the others to finite numbers",
            ));
        }
        Ok(Self { resize, levels, temporal: config.temporal_patch_size.unwrap_or(2) })
    }
}

impl Config {
    /// Refuses what would be computed in another way than the file says.
    fn check(&self, place: &str) -> Result<()> {
        let foreign = |key: &str, found: String, supported: &str| {
            Err(Error::new(
                place,
                format!("{key} is {found}, but only {supported} is supported"),
                format!("use a model with the image processor of Qwen2-VL and {key} {supported}"),
            ))
        };
        let processor = self.image_processor_type.as_deref().unwrap_or("missing");
        if !PROCESSORS.contains(&processor) {
            return foreign("image_processor_type", processor.to_owned(), PROCESSORS[0]);
        }
        for (key, found, supported) in [("patch_size", self.patch_size, PATCH), ("merge_size", self.merge_size, MERGE)]
        {
            if let Some(found) = found.filter(|&found| found != supported) {
                return foreign(key, found.to_string(), &supported.to_string());
            }
        }
        if let Some(found) = self.temporal_patch_size.filter(|found| !(1..=2).contains(found)) {
            return foreign("temporal_patch_size", found.to_string(), "1 or 2");
        }
        if let Some(found) = self.resample.filter(|&found| found != BICUBIC) {
            return foreign("resample", found.to_string(), "3 (bicubic)");
        }
        for (key, flag) in [("do_resize", self.do_resize), ("do_convert_rgb", self.do_convert_rgb)] {
            if flag == Some(false) {
                return foreign(key, "false".to_owned(), "true");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What a model of the Qwen2-VL family ships, with keys that don't matter here.
    fn shipped() -> Value {
        json!({
            "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
            "image_mean": [0.5, 0.25, 0.125], "image_std": [0.5, 0.5, 0.25], "rescale_factor": 0.00392156862745098,
            "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor", "resample": 3,
            "min_pixels": 3136, "max_pixels": 200704, "patch_size": 14, "merge_size": 2, "temporal_patch_size": 1
        })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut config = shipped();
        config[key] = value;
        config
    }

    fn read(config: &Value) -> Result<Preprocessor> {
        Preprocessor::from_json("vlm/preprocessor_config.json", &config.to_string())
    }

    #[test]
    fn the_keys_of_a_file_are_followed() {
        let got = read(&shipped()).unwrap();
        assert_eq!((got.resize.min_pixels(), got.resize.max_pixels(), got.temporal), (3136, 200_704, 1));
        assert_eq!(got.levels, Levels::new(1.0 / 255.0, [0.5, 0.25, 0.125], [0.5, 0.5, 0.25]));
        let raw = read(&with("do_normalize", json!(false))).unwrap();
        assert_eq!(raw.levels, Levels::new(1.0 / 255.0, [0.0; 3], [1.0; 3]));
        let unscaled = read(&with("do_rescale", json!(false))).unwrap();
        assert_eq!(unscaled.levels, Levels::new(1.0, [0.5, 0.25, 0.125], [0.5, 0.5, 0.25]));
    }

    #[test]
    fn missing_and_null_keys_have_the_processors_defaults() {
        for config in [
            json!({"image_processor_type": "Qwen2VLImageProcessorFast"}),
            json!({"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": null, "image_mean": null}),
        ] {
            let got = read(&config).unwrap();
            assert_eq!((got.resize.min_pixels(), got.resize.max_pixels(), got.temporal), (3136, 1_003_520, 2));
            assert_eq!(got.levels, Levels::new(1.0 / 255.0, CLIP_MEAN, CLIP_STD));
        }
    }

    #[test]
    fn bounds_may_be_under_size() {
        let size = json!({"shortest_edge": 784, "longest_edge": 7840});
        let got = read(&json!({"image_processor_type": "Qwen2VLImageProcessor", "size": size})).unwrap();
        assert_eq!((got.resize.min_pixels(), got.resize.max_pixels()), (784, 7840));
        // The keys of its own win.
        assert_eq!(read(&with("size", size)).unwrap().resize.max_pixels(), 200_704);
    }

    #[test]
    fn what_would_be_computed_otherwise_is_refused_by_key() {
        for (key, value) in [
            ("image_processor_type", json!("CLIPImageProcessor")),
            ("image_processor_type", json!(null)),
            ("patch_size", json!(16)),
            ("merge_size", json!(3)),
            ("temporal_patch_size", json!(0)),
            ("temporal_patch_size", json!(3)),
            ("resample", json!(2)),
            ("do_resize", json!(false)),
            ("do_convert_rgb", json!(false)),
            ("image_std", json!([0.5, 0.0, 0.5])),
            ("image_mean", json!([0.5, 1e300, 0.5])),
            ("max_pixels", json!(100)),
            ("min_pixels", json!(0)),
            ("min_pixels", json!(200_705)),
        ] {
            let error = read(&with(key, value.clone())).unwrap_err();
            assert_eq!(error.place(), "vlm/preprocessor_config.json");
            assert!(error.cause().contains(key), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn malformed_files_are_refused_with_their_line() {
        for text in ["", "{", "[]", r#"{"patch_size": -1}"#, r#"{"image_mean": [1, 2]}"#, r#"{"min_pixels": 1.5}"#] {
            let error = Preprocessor::from_json("p.json", text).unwrap_err();
            assert!(error.cause().contains("line 1"), "{text}: {error}");
        }
        let missing = Preprocessor::from_config(Path::new("no/such/preprocessor_config.json")).unwrap_err();
        assert!(missing.place().contains("no/such"), "{missing}");
    }
}
