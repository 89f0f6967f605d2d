//! The image processors that are known: their names, what their missing keys stand for, and their rules.

use super::SmartResize;
use super::any_resolution::AnyResolution;
use super::center_crop::{CenterCrop, Edge};
use super::closest_ratio::ClosestRatio;
use super::config::{Config, Sides};
use super::decode::{MAX_PIXELS, MAX_SIDE};
use super::dynamic_hd::DynamicHd;
use super::largest_scale::LargestScale;
use super::longest_edge::LongestEdge;
use super::naflex::Naflex;
use super::pan_and_scan::PanAndScan;
use super::resample::Filter;
use super::rule::Rule;
use super::splitting::Splitting;
use super::tiles::Tiles;

pub(super) const CLIP_MEAN: [f64; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
pub(super) const CLIP_STD: [f64; 3] = [0.268_629_54, 0.261_302_58, 0.275_777_11];

/// The most tiles that a configuration may ask for.
const MAX_TILES: u64 = 256;

/// A class of image processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Processor {
    Qwen2Vl,
    Glm4v,
    Idefics3,
    Clip,
    Llava,
    Siglip,
    Pixtral,
    GotOcr2,
    LlavaNext,
    LlavaOneVision,
    Gemma3,
    Lfm2Vl,
    Siglip2,
    Phi4,
    Llama4,
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
    const NAMES: [(&'static str, Self); 16] = [
        ("Qwen2VLImageProcessor", Self::Qwen2Vl),
        ("Glm4vImageProcessor", Self::Glm4v),
        ("Idefics3ImageProcessor", Self::Idefics3),
        ("SmolVLMImageProcessor", Self::Idefics3),
        ("CLIPImageProcessor", Self::Clip),
        ("LlavaImageProcessor", Self::Llava),
        ("SiglipImageProcessor", Self::Siglip),
        ("PixtralImageProcessor", Self::Pixtral),
        ("GotOcr2ImageProcessor", Self::GotOcr2),
        ("LlavaNextImageProcessor", Self::LlavaNext),
        ("LlavaOnevisionImageProcessor", Self::LlavaOneVision),
        ("Gemma3ImageProcessor", Self::Gemma3),
        ("Lfm2VlImageProcessor", Self::Lfm2Vl),
        ("Siglip2ImageProcessor", Self::Siglip2),
        ("Phi4MultimodalImageProcessor", Self::Phi4),
        ("Llama4ImageProcessor", Self::Llama4),
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
            Self::Gemma3 | Self::Lfm2Vl | Self::Siglip2 | Self::Llama4 => Filter::Bilinear,
            _ => Filter::Bicubic,
        }
    }

    /// Whether there is only the `Fast` kind, which resizes with torchvision and has no Lanczos filter.
    pub(super) fn is_of_torchvision(self) -> bool {
        matches!(self, Self::Lfm2Vl | Self::Phi4 | Self::Llama4)
    }

    /// Mean and standard deviation of the channels without keys for them.
    pub(super) fn normalisation(self) -> ([f64; 3], [f64; 3]) {
        match self {
            Self::Idefics3 | Self::Siglip | Self::Gemma3 | Self::Lfm2Vl | Self::Siglip2 | Self::Phi4 | Self::Llama4 => {
                ([0.5; 3], [0.5; 3])
            }
            Self::Qwen2Vl
            | Self::Glm4v
            | Self::Clip
            | Self::Llava
            | Self::Pixtral
            | Self::GotOcr2
            | Self::LlavaNext
            | Self::LlavaOneVision => (CLIP_MEAN, CLIP_STD),
        }
    }

    /// The rule that the keys of a configuration give.
    pub(super) fn rule(self, config: &Config) -> Result<Rule, Unsupported> {
        match self {
            Self::Qwen2Vl | Self::Glm4v => smart(config, self),
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
            Self::GotOcr2 => ClosestRatio::from_config(config).map(Rule::ClosestRatio),
            Self::LlavaNext => AnyResolution::next(config).map(Rule::AnyResolution),
            Self::LlavaOneVision => AnyResolution::one_vision(config).map(Rule::AnyResolution),
            Self::Gemma3 => PanAndScan::from_config(config).map(Rule::PanAndScan),
            Self::Lfm2Vl => Splitting::from_config(config).map(Rule::Splitting),
            Self::Siglip2 => Naflex::from_config(config).map(Rule::Naflex),
            Self::Phi4 => DynamicHd::from_config(config).map(Rule::DynamicHd),
            Self::Llama4 => LargestScale::from_config(config).map(Rule::LargestScale),
        }
    }
}

fn smart(config: &Config, processor: Processor) -> Result<Rule, Unsupported> {
    let patch = patch(config.patch_size, 14)?;
    let merge = number("merge_size", config.merge_size, 2, (1, 16))?;
    let temporal = config.temporal_patch_size.unwrap_or(2);
    if !(1..=2).contains(&temporal) {
        return Err(Unsupported::new("temporal_patch_size", temporal, "1 or 2"));
    }
    let (shortest, longest) = match config.size {
        None => (None, None),
        Some(Sides::Keys { shortest_edge, longest_edge, .. }) => (shortest_edge, longest_edge),
        Some(found) => return Err(Unsupported::new("size", found, "shortest_edge and longest_edge, as areas")),
    };
    let (min_pixels, max_pixels) = if processor == Processor::Glm4v {
        // It has no other keys for them, and wants both or none.
        match (config.size, shortest.zip(longest)) {
            (None, _) => (112 * 112, 15_000 * 28 * 28),
            (Some(_), Some(bounds)) => bounds,
            (Some(found), None) => return Err(Unsupported::new("size", found, "shortest_edge with longest_edge")),
        }
    } else {
        let min_pixels = config.min_pixels.or(shortest).unwrap_or(56 * 56);
        (min_pixels, config.max_pixels.or(longest).unwrap_or(1280 * 28 * 28))
    };
    if min_pixels > MAX_PIXELS {
        return Err(Unsupported::new("min_pixels", min_pixels, format!("up to {MAX_PIXELS}")));
    }
    let resize = SmartResize::new(patch * merge, min_pixels, max_pixels)
        .map_err(|error| Unsupported::new("min_pixels or max_pixels", error.cause(), error.remedy()))?;
    let resize = if processor == Processor::Glm4v { resize.of_frames(temporal as u32) } else { resize };
    Ok(Rule::Smart { resize, patches: (temporal, patch as usize, merge as usize) })
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
pub(super) fn sides(found: Option<Sides>, key: &'static str, default: u32) -> Result<(u32, u32), Unsupported> {
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

pub(super) fn side(key: &'static str, found: u64) -> Result<u32, Unsupported> {
    u32::try_from(found)
        .ok()
        .filter(|side| (1..=MAX_SIDE).contains(side))
        .ok_or_else(|| Unsupported::new(key, found, format!("1 to {MAX_SIDE} pixels")))
}

/// A whole number within bounds.
pub(super) fn number(
    key: &'static str,
    found: Option<u64>,
    default: u32,
    (least, most): (u32, u32),
) -> Result<u32, Unsupported> {
    let found = found.unwrap_or(u64::from(default));
    u32::try_from(found)
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| Unsupported::new(key, found, format!("{least} to {most}")))
}

/// A number of tiles that follows from a key.
pub(super) fn tiles_within(key: &'static str, found: u64) -> Result<u32, Unsupported> {
    let supported = format!("one that gives {MAX_TILES} tiles or fewer");
    let small = |tiles: &u32| u64::from(*tiles) <= MAX_TILES;
    let cause = format!("one that gives {found} tiles");
    u32::try_from(found).ok().filter(small).ok_or_else(|| Unsupported::new(key, cause, supported))
}

/// The number of tiles.
pub(super) fn tiles(key: &'static str, found: Option<u64>, default: u32) -> Result<u32, Unsupported> {
    number(key, found, default, (1, MAX_TILES as u32))
}

/// The side of a square patch.
pub(super) fn patch(found: Option<Sides>, default: u32) -> Result<u32, Unsupported> {
    let found = match found {
        None => None,
        Some(Sides::One(side)) => Some(side),
        Some(found) => return Err(Unsupported::new("patch_size", found, "a number")),
    };
    number("patch_size", found, default, (1, 512))
}

/// Refuses a key by which an input would have more pixels than are decoded of an image.
pub(super) fn check_pixels(key: &'static str, images: u32, (width, height): (u32, u32)) -> Result<(), Unsupported> {
    let pixels = u64::from(images) * u64::from(width) * u64::from(height);
    if pixels <= MAX_PIXELS {
        return Ok(());
    }
    let found = format!("of {images} images of {width}×{height} pixels");
    Err(Unsupported::new(key, found, format!("an input of up to {MAX_PIXELS} pixels")))
}

/// Refuses a key that is set to something else than what is computed.
pub(super) fn check_flag(key: &'static str, found: Option<bool>, supported: bool) -> Result<(), Unsupported> {
    match found {
        Some(found) if found != supported => Err(Unsupported::new(key, found, supported)),
        _ => Ok(()),
    }
}
