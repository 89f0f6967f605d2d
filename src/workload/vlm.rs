//! The workloads of the vision-language model, along the pixels axis.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::rc::Rc;

use image::RgbImage;
use image::imageops::{self, FilterType};

use super::expected_units;
use super::image_sizes::ImageSizes;
use super::photo::{self, Format};
use super::prompt::prompt;
use super::registry::{Source, options, preprocessor};
use super::subject;
use super::traced::Traced;
use super::user_vlm::UserVlm;
use crate::inference::Vlm;
use crate::inference::preprocess::{self, PixelValues};
use crate::suite::Suite;
use crate::{Error, Result};
use scalegate::record::ExpectedUnits;
use scalegate::workload::WorkloadName;
use scalegate::{Axis, Prepared, Resolution, Workload};

/// Text tokens after the image in `vlm/prompt`.
pub(super) const TEXT_TOKENS: u64 = 16;

/// The phases of answering about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Encoded JPEG bytes to the encoder's input.
    Preprocess,
    /// The vision encoder alone.
    Encode,
    /// Encoded JPEG bytes to the first text logits.
    Prompt,
}

impl Phase {
    pub(super) const ALL: [(&'static str, Self); 3] =
        [("vlm/preprocess", Self::Preprocess), ("vlm/encode", Self::Encode), ("vlm/prompt", Self::Prompt)];
}

/// The model, loaded when the first workload needs it.
pub(super) type SharedVlm = Rc<OnceCell<Rc<Vlm>>>;

/// Encoded pictures by resolution, made once for all workloads of a process.
pub(super) type SharedPictures = Rc<RefCell<HashMap<Resolution, Rc<[u8]>>>>;

pub(super) struct VlmWorkload {
    pub(super) name: WorkloadName,
    pub(super) phase: Phase,
    pub(super) images: ImageSizes,
    pub(super) suite: Rc<Suite>,
    pub(super) source: Source,
    pub(super) model: SharedVlm,
    /// Of a model of the user.
    pub(super) user_model: Option<Rc<UserVlm>>,
    pub(super) pictures: SharedPictures,
}

impl VlmWorkload {
    fn encoded(&self, resolution: Resolution) -> Result<Rc<[u8]>> {
        if let Some(encoded) = self.pictures.borrow().get(&resolution) {
            return Ok(Rc::clone(encoded));
        }
        let encoded: Rc<[u8]> = photo::encode(&picture(&self.suite, resolution)?, Format::Jpeg)?.into();
        self.pictures.borrow_mut().insert(resolution, Rc::clone(&encoded));
        Ok(encoded)
    }

    fn model(&self) -> Result<Rc<Vlm>> {
        if let Some(model) = self.model.get() {
            return Ok(Rc::clone(model));
        }
        let model = Rc::new(Vlm::load_on(&self.source.vlm(&self.suite)?, options(&self.suite))?);
        Ok(Rc::clone(self.model.get_or_init(|| model)))
    }
}

/// The picture at a resolution: the embedded one, or the user's photo scaled to it.
fn picture(suite: &Suite, resolution: Resolution) -> Result<RgbImage> {
    let Resolution { width, height } = resolution;
    match &suite.images.photo {
        None => Ok(photo::photo(width, height, suite.seed())),
        Some(path) => {
            let place = path.display().to_string();
            let encoded = std::fs::read(path).map_err(|error| Error::new(&place, error, subject::PHOTO))?;
            Ok(imageops::resize(&preprocess::rgb(&place, &encoded)?, width, height, FilterType::CatmullRom))
        }
    }
}

impl Workload for VlmWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn axis(&self) -> Axis {
        Axis::PIXELS
    }

    fn sizes(&self) -> Vec<u64> {
        self.images.list.iter().map(|resolution| resolution.pixels()).collect()
    }

    fn protocol(&self) -> BTreeMap<String, String> {
        let resolutions: Vec<String> = self.images.list.iter().map(ToString::to_string).collect();
        let mut protocol = BTreeMap::from([
            ("image_seed".to_owned(), self.suite.seed().to_string()),
            ("image_format".to_owned(), "jpeg".to_owned()),
            (
                "photo".to_owned(),
                self.suite.images.photo.as_ref().map_or("embedded".into(), |path| path.display().to_string()),
            ),
            ("resolutions".to_owned(), resolutions.join(" ")),
        ]);
        protocol.extend(self.images.steps_left_out().map(|left_out| ("steps_left_out".to_owned(), left_out)));
        if self.phase == Phase::Prompt {
            protocol.insert("text_tokens".to_owned(), TEXT_TOKENS.to_string());
        }
        protocol
    }

    fn expected_units(&self) -> Option<ExpectedUnits> {
        // Preprocessing costs by the pixels of the file too.
        if self.phase == Phase::Preprocess {
            return None;
        }
        // A model without a preprocessor that can be read says so itself when it is loaded.
        let preprocessor = preprocessor(&self.suite, self.user_model.as_deref()).ok()?;
        expected_units::of(&preprocessor, &self.images.list)
    }

    fn load(&self) -> Result<()> {
        // Of a model of the user, preprocessing and encoding need parts only.
        if self.user_model.is_some() { Ok(()) } else { self.model().map(drop) }
    }

    fn prepare(&self, size: u64) -> Result<Box<dyn Prepared>> {
        let resolution = self.images.list.iter().find(|resolution| resolution.pixels() == size).ok_or_else(|| {
            Error::new(
                &self.name,
                format!("{size} pixels is none of its sizes"),
                "use one of its sizes, which `scalegate fit` shows",
            )
        })?;
        let encoded = self.encoded(*resolution)?;
        let place = format!("{} at {resolution}", self.name);
        if let Some(user_model) = &self.user_model
            && (self.phase == Phase::Preprocess || !user_model.has_embedded_layout()?)
        {
            return user_model.prepare(self.phase, place, encoded);
        }
        let model = self.model()?;
        Ok(match self.phase {
            Phase::Preprocess => Box::new(Preprocess { model, encoded, place }),
            Phase::Encode => Box::new(Traced(Encode { pixels: model.preprocessor().run(&place, &encoded)?, model })),
            Phase::Prompt => {
                let text = prompt(TEXT_TOKENS, model.vocabulary(), self.suite.seed());
                Box::new(Traced(Prompt { model, encoded, text, place }))
            }
        })
    }
}

struct Preprocess {
    model: Rc<Vlm>,
    encoded: Rc<[u8]>,
    place: String,
}

impl Prepared for Preprocess {
    fn run(&mut self) -> Result<()> {
        black_box(self.model.preprocessor().run(&self.place, &self.encoded)?);
        Ok(())
    }
}

struct Encode {
    model: Rc<Vlm>,
    pixels: PixelValues,
}

impl Prepared for Encode {
    fn run(&mut self) -> Result<()> {
        black_box(self.model.encode(&self.pixels)?);
        Ok(())
    }
}

struct Prompt {
    model: Rc<Vlm>,
    encoded: Rc<[u8]>,
    text: Vec<i64>,
    place: String,
}

impl Prepared for Prompt {
    fn run(&mut self) -> Result<()> {
        let pixels = self.model.preprocessor().run(&self.place, &self.encoded)?;
        black_box(self.model.prompt(&pixels, &self.text)?);
        Ok(())
    }
}
