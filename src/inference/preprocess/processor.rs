//! The image processors that are known: their names, what their missing keys stand for, and their rules.

use super::SmartResize;
use super::center_crop::{CenterCrop, Edge};
use super::config::{Config, Sides};
use super::decode::{MAX_PIXELS, MAX_SIDE};
use super::longest_edge::LongestEdge;
use super::resample::Filter;
use super::rule::Rule;
use super::tiles::Tiles;
use crate::suite::{MERGE, PATCH};

pub(super) const CLIP_MEAN: [f64; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
pub(super) const CLIP_STD: [f64; 3] = [0.268_629_54, 0.261_302_58, 0.275_777_11];

/// A class of image processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Processor {
    Qwen2Vl,
    Idefics3,
    Clip,
    Llava,
    Siglip,
    Pixtral,
}

/// What is wrong with a key, and what it may be.
pub(super) struct Unsupported {
    pub(super) key: &'static str,
    pub(super) found: String,
    pub(super) supported: String,
}

impl Unsupported {
    pub(super) fn new(key: &'static str, found: impl ToString, supported: impl ToString) -> Self {
        Self { key, found: found.to_string(), supported: supported.to_string() }
    }
}

impl Processor {
    const NAMES: [(&'static str, Self); 7] = [
        ("Qwen2VLImageProcessor", Self::Qwen2Vl),
        ("Idefics3ImageProcessor", Self::Idefics3),
        ("SmolVLMImageProcessor", Self::Idefics3),
        ("CLIPImageProcessor", Self::Clip),
        ("LlavaImageProcessor", Self::Llava),
        ("SiglipImageProcessor", Self::Siglip),
        ("PixtralImageProcessor", Self::Pixtral),
    ];

    /// The processor of a name, slow or fast.
    pub(super) fn named(name: &str) -> Result<Self, Unsupported> {
        let slow = name.strip_suffix("Fast").unwrap_or(name);
        Self::NAMES.iter().find(|(known, _)| *known == slow).map(|&(_, processor)| processor).ok_or_else(|| {
            let known: Vec<&str> = Self::NAMES.iter().map(|(known, _)| *known).collect();
            let known = format!("{} (with or without Fast)", known.join(", "));
            Unsupported::new("image_processor_type", name, known)
        })
    }

    /// The filter without a key for it.
    pub(super) fn filter(self) -> Filter {
        match self {
            Self::Idefics3 => Filter::Lanczos,
            _ => Filter::Bicubic,
        }
    }

    /// Mean and standard deviation of the channels without keys for them.
    pub(super) fn normalisation(self) -> ([f64; 3], [f64; 3]) {
        match self {
            Self::Idefics3 | Self::Siglip => ([0.5; 3], [0.5; 3]),
            Self::Qwen2Vl | Self::Clip | Self::Llava | Self::Pixtral => (CLIP_MEAN, CLIP_STD),
        }
    }

    /// The rule that the keys of a configuration give.
    pub(super) fn rule(self, config: &Config) -> Result<Rule, Unsupported> {
        match self {
            Self::Qwen2Vl => smart(config),
            Self::Idefics3 => Ok(Rule::Tiles(Tiles {
                longest_edge: longest(config.size, "size", 4 * 364)?,
                tile: longest(config.max_image_size, "max_image_size", 364)?,
                is_split: config.do_image_splitting.unwrap_or(true),
            })),
            Self::Llava if config.do_pad == Some(true) => Err(Unsupported::new("do_pad", true, false)),
            Self::Clip | Self::Llava => center_crop(config),
            Self::Siglip => {
                let (width, height) = sides(config.size, "size", 224)?;
                Ok(Rule::Fixed { width, height })
            }
            Self::Pixtral => Ok(Rule::LongestEdge(LongestEdge {
                longest: match config.size {
                    Some(Sides::Keys { longest_edge: Some(edge), .. }) => (side("size", edge)?, side("size", edge)?),
                    other => sides(other, "size", 1024)?,
                },
                patch: sides(config.patch_size, "patch_size", 16)?,
            })),
        }
    }
}

fn smart(config: &Config) -> Result<Rule, Unsupported> {
    match config.patch_size {
        None => {}
        Some(Sides::One(found)) if found == PATCH as u64 => {}
        Some(found) => return Err(Unsupported::new("patch_size", found, PATCH)),
    }
    if let Some(found) = config.merge_size.filter(|&found| found != MERGE) {
        return Err(Unsupported::new("merge_size", found, MERGE));
    }
    let temporal = config.temporal_patch_size.unwrap_or(2);
    if !(1..=2).contains(&temporal) {
        return Err(Unsupported::new("temporal_patch_size", temporal, "1 or 2"));
    }
    let (shortest, longest) = match config.size {
        None => (None, None),
        Some(Sides::Keys { shortest_edge, longest_edge, .. }) => (shortest_edge, longest_edge),
        Some(found) => return Err(Unsupported::new("size", found, "shortest_edge and longest_edge, as areas")),
    };
    let min_pixels = config.min_pixels.or(shortest).unwrap_or(56 * 56);
    let max_pixels = config.max_pixels.or(longest).unwrap_or(1280 * 28 * 28);
    if min_pixels > MAX_PIXELS {
        return Err(Unsupported::new("min_pixels", min_pixels, format!("up to {MAX_PIXELS}")));
    }
    let resize = SmartResize::new(min_pixels, max_pixels)
        .map_err(|error| Unsupported::new("min_pixels or max_pixels", error.cause(), error.remedy()))?;
    Ok(Rule::Smart { resize, temporal })
}

fn center_crop(config: &Config) -> Result<Rule, Unsupported> {
    let size = match config.size {
        None => Edge::Shortest(224),
        Some(Sides::One(edge) | Sides::Keys { shortest_edge: Some(edge), .. }) => Edge::Shortest(side("size", edge)?),
        other => {
            let (width, height) = sides(other, "size", 224)?;
            Edge::Exact(width, height)
        }
    };
    let is_cropped = config.do_center_crop.unwrap_or(true);
    let crop = if is_cropped { Some(sides(config.crop_size, "crop_size", 224)?) } else { None };
    if let Some((width, height)) = crop.filter(|&(width, height)| u64::from(width) * u64::from(height) > MAX_PIXELS) {
        return Err(Unsupported::new("crop_size", format!("{width}×{height}"), format!("up to {MAX_PIXELS} pixels")));
    }
    Ok(Rule::CenterCrop(CenterCrop { size, crop }))
}

/// Width and height; both are `default` without the key.
fn sides(found: Option<Sides>, key: &'static str, default: u32) -> Result<(u32, u32), Unsupported> {
    match found {
        None => Ok((default, default)),
        Some(Sides::One(edge)) => Ok((side(key, edge)?, side(key, edge)?)),
        Some(Sides::Keys { height: Some(height), width: Some(width), .. }) => {
            Ok((side(key, width)?, side(key, height)?))
        }
        Some(found) => Err(Unsupported::new(key, found, "a number, or height and width")),
    }
}

/// The longest edge.
fn longest(found: Option<Sides>, key: &'static str, default: u32) -> Result<u32, Unsupported> {
    match found {
        None => Ok(default),
        Some(Sides::Keys { longest_edge: Some(edge), .. }) => side(key, edge),
        Some(found) => Err(Unsupported::new(key, found, "longest_edge")),
    }
}

fn side(key: &'static str, found: u64) -> Result<u32, Unsupported> {
    u32::try_from(found)
        .ok()
        .filter(|side| (1..=MAX_SIDE).contains(side))
        .ok_or_else(|| Unsupported::new(key, found, format!("1 to {MAX_SIDE} pixels")))
}
