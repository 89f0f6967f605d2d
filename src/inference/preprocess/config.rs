//! `preprocessor_config.json`, as Hugging Face writes it for its image processors.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::Preprocessor;
use super::patches::Levels;
use super::processor::{Processor, Unsupported};
use super::resample::{self, Filter};
use crate::{Error, Result, bounded};

/// The keys that change what is computed. Others are let through, since the files of Hugging Face carry many
/// (`processor_class`, `auto_map`, …) and more with each of its versions.
#[derive(Deserialize)]
pub(super) struct Config {
    image_processor_type: Option<String>,
    /// What files had before `image_processor_type`.
    feature_extractor_type: Option<String>,
    pub(super) patch_size: Option<Sides>,
    pub(super) merge_size: Option<u64>,
    pub(super) temporal_patch_size: Option<usize>,
    pub(super) min_pixels: Option<u64>,
    pub(super) max_pixels: Option<u64>,
    pub(super) size: Option<Sides>,
    pub(super) crop_size: Option<Sides>,
    pub(super) max_image_size: Option<Sides>,
    pub(super) do_image_splitting: Option<bool>,
    pub(super) do_center_crop: Option<bool>,
    pub(super) do_pad: Option<bool>,
    pub(super) crop_to_patches: Option<bool>,
    pub(super) min_patches: Option<u64>,
    pub(super) max_patches: Option<u64>,
    /// Heights and widths.
    pub(super) image_grid_pinpoints: Option<Vec<(u64, u64)>>,
    pub(super) do_pan_and_scan: Option<bool>,
    pub(super) pan_and_scan_min_crop_size: Option<u64>,
    pub(super) pan_and_scan_max_num_crops: Option<u64>,
    pub(super) pan_and_scan_min_ratio_to_activate: Option<f64>,
    pub(super) downsample_factor: Option<u64>,
    pub(super) min_tiles: Option<u64>,
    pub(super) max_tiles: Option<u64>,
    pub(super) use_thumbnail: Option<bool>,
    pub(super) min_image_tokens: Option<u64>,
    pub(super) max_image_tokens: Option<u64>,
    pub(super) encoder_patch_size: Option<u64>,
    pub(super) tile_size: Option<u64>,
    pub(super) max_pixels_tolerance: Option<f64>,
    pub(super) max_num_patches: Option<u64>,
    pub(super) dynamic_hd: Option<u64>,
    pub(super) resize_to_max_canvas: Option<bool>,
    image_mean: Option<[f64; 3]>,
    image_std: Option<[f64; 3]>,
    rescale_factor: Option<f64>,
    resample: Option<u32>,
    do_resize: Option<bool>,
    do_rescale: Option<bool>,
    do_normalize: Option<bool>,
    do_convert_rgb: Option<bool>,
}

/// A length, in one of the forms that the files have. Which of them fits is the processor's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Sides {
    One(u64),
    Keys {
        /// For Qwen2-VL the smallest area, in pixels; otherwise a length, as the others.
        #[serde(alias = "min_pixels")]
        shortest_edge: Option<u64>,
        /// For Qwen2-VL the largest area.
        #[serde(alias = "max_pixels")]
        longest_edge: Option<u64>,
        height: Option<u64>,
        width: Option<u64>,
    },
}

impl fmt::Display for Sides {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shortest, longest, height, width) = match *self {
            Self::One(side) => return write!(formatter, "{side}"),
            Self::Keys { shortest_edge, longest_edge, height, width } => (shortest_edge, longest_edge, height, width),
        };
        let keys = [("shortest_edge", shortest), ("longest_edge", longest), ("height", height), ("width", width)];
        let keys: Vec<String> =
            keys.iter().filter_map(|(key, value)| value.map(|value| format!("{key} {value}"))).collect();
        formatter.write_str(if keys.is_empty() { "empty" } else { "" })?;
        formatter.write_str(&keys.join(", "))
    }
}

impl Preprocessor {
    /// Reads a `preprocessor_config.json`. Keys that are missing have the default of the image processor.
    ///
    /// # Errors
    /// When the file can't be read or is no such JSON; when it is for an unknown image processor, or has a key with a value
    /// that would be computed in another way than the file says; when the numbers leave no valid image.
    pub fn from_config(path: &Path) -> Result<Self> {
        let text = bounded::text(path, bounded::MAX_SETTINGS).map_err(|cause| {
            Error::new(path.display(), cause, "give a model directory with a readable preprocessor_config.json")
        })?;
        Self::from_json(&path.display().to_string(), &text)
    }

    /// The same of its text; `place` names it in errors.
    ///
    /// # Errors
    /// As [`Preprocessor::from_config`].
    pub(crate) fn from_json(place: &str, text: &str) -> Result<Self> {
        let config: Config = serde_json::from_str(text)
            .map_err(|cause| Error::new(place, cause, "restore the file from the model's repository"))?;
        let preprocessor = config.preprocessor().map_err(|Unsupported { key, found, supported }| {
            Error::new(
                place,
                format!("{key} is {found}, but only {supported} is supported"),
                format!("use a model with {key} {supported}"),
            )
        })?;
        if preprocessor.levels.is_finite() {
            return Ok(preprocessor);
        }
        let (scale, mean, std) = (config.rescale_factor, config.image_mean, config.image_std);
        Err(Error::new(
            place,
            format!(
                "rescale_factor {scale:?}, image_mean {mean:?} and image_std {std:?} give values that aren't finite"
            ),
            "set image_std above 0 and the others to finite numbers",
        ))
    }
}

impl Config {
    fn preprocessor(&self) -> Result<Preprocessor, Unsupported> {
        let processor = Processor::named(&self.processor())?;
        for (key, flag) in [("do_resize", self.do_resize), ("do_convert_rgb", self.do_convert_rgb)] {
            if flag == Some(false) {
                return Err(Unsupported::new(key, false, true));
            }
        }
        Ok(Preprocessor {
            rule: processor.rule(self)?,
            filter: self.filter(processor)?,
            levels: self.levels(processor)?,
        })
    }

    fn filter(&self, processor: Processor) -> Result<Filter, Unsupported> {
        let Some(number) = self.resample else { return Ok(processor.filter()) };
        let known = resample::numbered(number)
            .ok_or_else(|| Unsupported::new("resample", number, "1 (Lanczos), 2 (bilinear) or 3 (bicubic)"))?;
        if processor.is_of_torchvision() && known == Filter::Lanczos {
            return Err(Unsupported::new("resample", number, "2 (bilinear) or 3 (bicubic)"));
        }
        // The one without `Fast` cuts its tiles out of an image that was resized with its default, whatever the key says.
        let is_ignored = processor == Processor::GotOcr2 && self.crop_to_patches == Some(true) && !self.is_fast();
        Ok(if is_ignored && self.max_patches != Some(1) { processor.filter() } else { known })
    }

    fn is_fast(&self) -> bool {
        self.image_processor_type.as_ref().is_some_and(|name| name.ends_with("Fast"))
    }

    /// The name of the image processor; what was called a feature extractor is one too.
    fn processor(&self) -> String {
        let older = || Some(self.feature_extractor_type.as_ref()?.replace("FeatureExtractor", "ImageProcessor"));
        self.image_processor_type.clone().or_else(older).unwrap_or_else(|| "missing".to_owned())
    }

    fn levels(&self, processor: Processor) -> Result<Levels, Unsupported> {
        let is_rescaled = self.do_rescale.unwrap_or(true);
        let scale = if is_rescaled { self.rescale_factor.unwrap_or(1.0 / 255.0) } else { 1.0 };
        let (mean, std) = processor.normalisation();
        let (mean, std) = (self.image_mean.unwrap_or(mean), self.image_std.unwrap_or(std));
        let is_normalised = self.do_normalize.unwrap_or(true);
        // It normalises in `bfloat16` what it rescaled; bytes as they are it can't normalise, and ends in an error.
        if processor == Processor::Llama4 && is_normalised && !is_rescaled {
            return Err(Unsupported::new("do_rescale", false, "true, or do_normalize false,"));
        }
        Ok(match (is_normalised, processor) {
            (true, Processor::Llama4) => Levels::bfloat16(scale, mean, std),
            (true, _) => Levels::new(scale, mean, std),
            (false, _) => Levels::new(scale, [0.0; 3], [1.0; 3]),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inference::preprocess::SmartResize;
    use crate::inference::preprocess::processor::{CLIP_MEAN, CLIP_STD};
    use crate::inference::preprocess::rule::Rule;

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

    fn smart(min_pixels: u64, max_pixels: u64, temporal: usize) -> Rule {
        Rule::Smart { resize: SmartResize::new(28, min_pixels, max_pixels).unwrap(), patches: (temporal, 14, 2) }
    }

    #[test]
    fn the_keys_of_a_file_are_followed() {
        let got = read(&shipped()).unwrap();
        assert_eq!((got.rule, got.filter), (smart(3136, 200_704, 1), Filter::Bicubic));
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
            assert_eq!((got.rule, got.filter), (smart(3136, 1_003_520, 2), Filter::Bicubic));
            assert_eq!(got.levels, Levels::new(1.0 / 255.0, CLIP_MEAN, CLIP_STD));
        }
    }

    #[test]
    fn bounds_may_be_under_size() {
        let size = json!({"shortest_edge": 784, "longest_edge": 7840});
        let got = read(&json!({"image_processor_type": "Qwen2VLImageProcessor", "size": size})).unwrap();
        assert_eq!(got.rule, smart(784, 7840, 2));
        // The keys of its own win.
        assert_eq!(read(&with("size", size)).unwrap().rule, smart(3136, 200_704, 1));
    }

    #[test]
    fn what_would_be_computed_otherwise_is_refused_by_key() {
        for (key, value) in [
            ("image_processor_type", json!("ViTImageProcessor")),
            ("image_processor_type", json!(null)),
            ("patch_size", json!(0)),
            ("patch_size", json!(513)),
            ("merge_size", json!(0)),
            ("merge_size", json!(17)),
            ("temporal_patch_size", json!(0)),
            ("temporal_patch_size", json!(3)),
            ("resample", json!(0)),
            ("resample", json!(4)),
            ("size", json!(224)),
            ("patch_size", json!({"height": 14, "width": 14})),
            ("do_resize", json!(false)),
            ("do_convert_rgb", json!(false)),
            ("image_std", json!([0.5, 0.0, 0.5])),
            ("image_mean", json!([0.5, 1e300, 0.5])),
            ("max_pixels", json!(100)),
            ("min_pixels", json!(0)),
            ("min_pixels", json!(200_705)),
            ("min_pixels", json!(50_000_001)),
        ] {
            let error = read(&with(key, value.clone())).unwrap_err();
            assert_eq!(error.place(), "vlm/preprocessor_config.json");
            assert!(error.cause().contains(key), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn keys_of_the_other_processors_are_refused_likewise() {
        for (processor, key, value) in [
            ("LlavaImageProcessor", "do_pad", json!(true)),
            ("CLIPImageProcessor", "size", json!({"longest_edge": 224})),
            ("CLIPImageProcessor", "size", json!({})),
            ("CLIPImageProcessorFast", "crop_size", json!(0)),
            ("CLIPImageProcessor", "crop_size", json!({"height": 16_385, "width": 1})),
            ("CLIPImageProcessor", "crop_size", json!({"height": 16_000, "width": 16_000})),
            ("SiglipImageProcessor", "size", json!({"shortest_edge": 224})),
            ("SiglipImageProcessor", "size", json!({"height": 224})),
            ("Idefics3ImageProcessor", "size", json!({"height": 224, "width": 224})),
            ("SmolVLMImageProcessorFast", "max_image_size", json!(364)),
            ("PixtralImageProcessor", "size", json!({"shortest_edge": 1024})),
            ("PixtralImageProcessor", "patch_size", json!({"height": 16, "width": 0})),
            ("PixtralImageProcessor", "resample", json!(5)),
        ] {
            let error = read(&json!({"image_processor_type": processor, key: value})).unwrap_err();
            assert!(error.cause().starts_with(&format!("{key} is ")), "{processor} {key}: {error}");
        }
        let error = read(&json!({"image_processor_type": "ViTImageProcessor"})).unwrap_err();
        assert!(error.remedy().contains("Qwen2VLImageProcessor, Glm4vImageProcessor, Idefics3"), "{error}");
    }

    #[test]
    fn tiles_that_are_missing_contradictory_or_absurd_are_refused_by_key() {
        let pan = json!({"do_pan_and_scan": true, "pan_and_scan_min_crop_size": 256, "pan_and_scan_max_num_crops": 4,
            "pan_and_scan_min_ratio_to_activate": 1.2});
        for (processor, base, key, value) in [
            ("GotOcr2ImageProcessor", json!({}), "max_patches", json!(0)),
            ("GotOcr2ImageProcessor", json!({}), "max_patches", json!(5000)),
            ("GotOcr2ImageProcessor", json!({}), "min_patches", json!(13)),
            ("GotOcr2ImageProcessorFast", json!({}), "size", json!({"shortest_edge": 448})),
            ("GotOcr2ImageProcessorFast", json!({}), "do_center_crop", json!(true)),
            ("GotOcr2ImageProcessor", json!({"max_patches": 200, "crop_to_patches": true}), "size", json!(2048)),
            ("LlavaNextImageProcessor", json!({}), "image_grid_pinpoints", json!([])),
            ("LlavaNextImageProcessor", json!({}), "image_grid_pinpoints", json!([[336, 0]])),
            ("LlavaNextImageProcessor", json!({}), "image_grid_pinpoints", json!([[16_000, 16_000]])),
            ("LlavaNextImageProcessor", json!({}), "do_center_crop", json!(false)),
            ("LlavaNextImageProcessor", json!({}), "crop_size", json!(2)),
            ("LlavaNextImageProcessor", json!({}), "size", json!({"height": 20, "width": 30})),
            ("LlavaOnevisionImageProcessor", json!({}), "crop_size", json!(384)),
            ("LlavaOnevisionImageProcessor", json!({}), "do_center_crop", json!(true)),
            ("Gemma3ImageProcessor", json!({}), "do_pan_and_scan", json!(true)),
            ("Gemma3ImageProcessor", pan.clone(), "pan_and_scan_min_crop_size", json!(0)),
            ("Gemma3ImageProcessor", pan.clone(), "pan_and_scan_max_num_crops", json!(0)),
            ("Gemma3ImageProcessor", pan.clone(), "pan_and_scan_max_num_crops", json!(9999)),
            ("Gemma3ImageProcessor", pan, "pan_and_scan_min_ratio_to_activate", json!(-1)),
            ("Lfm2VlImageProcessorFast", json!({}), "min_tiles", json!(11)),
            ("Lfm2VlImageProcessorFast", json!({}), "max_tiles", json!(0)),
            ("Lfm2VlImageProcessorFast", json!({}), "tile_size", json!(500)),
            ("Lfm2VlImageProcessorFast", json!({}), "encoder_patch_size", json!(0)),
            ("Lfm2VlImageProcessorFast", json!({}), "downsample_factor", json!(0)),
            ("Lfm2VlImageProcessorFast", json!({}), "min_image_tokens", json!(257)),
            ("Lfm2VlImageProcessorFast", json!({}), "max_image_tokens", json!(10_000_000)),
            ("Lfm2VlImageProcessorFast", json!({}), "max_pixels_tolerance", json!(-1.0)),
            ("Lfm2VlImageProcessorFast", json!({}), "do_pad", json!(false)),
            ("Lfm2VlImageProcessorFast", json!({}), "resample", json!(1)),
            ("Siglip2ImageProcessor", json!({}), "max_num_patches", json!(0)),
            ("Siglip2ImageProcessor", json!({}), "max_num_patches", json!(1_000_000)),
            ("Siglip2ImageProcessor", json!({}), "patch_size", json!({"height": 16, "width": 14})),
            ("Phi4MultimodalImageProcessorFast", json!({}), "dynamic_hd", json!(0)),
            ("Phi4MultimodalImageProcessorFast", json!({}), "size", json!({"height": 448, "width": 336})),
            ("Phi4MultimodalImageProcessorFast", json!({}), "patch_size", json!(449)),
            ("Llama4ImageProcessorFast", json!({}), "max_patches", json!(0)),
            ("Llama4ImageProcessorFast", json!({}), "resize_to_max_canvas", json!(true)),
            ("Llama4ImageProcessorFast", json!({}), "do_rescale", json!(false)),
            ("Glm4vImageProcessor", json!({}), "size", json!({"shortest_edge": 3136})),
        ] {
            let mut config = base;
            config["image_processor_type"] = json!(processor);
            config[key] = value;
            let error = read(&config).unwrap_err();
            assert!(error.cause().contains("is ") && !error.remedy().is_empty(), "{config}: {error}");
            let named = error.cause().split(" is ").next().unwrap_or_default();
            assert!(named.contains(key) || key == "do_pan_and_scan" || key == "size", "{config}: {error}");
        }
    }

    #[test]
    fn an_input_that_grows_beyond_all_bounds_is_refused_before_it_has_memory() {
        let blocks = json!({"image_processor_type": "Lfm2VlImageProcessorFast", "encoder_patch_size": 512,
            "downsample_factor": 16, "min_image_tokens": 1, "max_image_tokens": 1, "do_image_splitting": false});
        let mut long = Vec::new();
        image::RgbImage::new(1, 16_384)
            .write_to(&mut std::io::Cursor::new(&mut long), image::ImageFormat::Png)
            .unwrap();
        let error = read(&blocks).unwrap().run("long.png", &long).unwrap_err();
        assert!(error.place() == "long.png" && error.cause().contains("would become"), "{error}");
    }

    #[test]
    fn files_of_before_image_processors_are_read() {
        let old = json!({"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224});
        assert_eq!(read(&old).unwrap(), read(&json!({"image_processor_type": "CLIPImageProcessor"})).unwrap());
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
