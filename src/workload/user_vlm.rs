//! The same workloads of a vision model of the user, whose tower is a plan for each size of its input.

use std::cell::{OnceCell, RefCell};
use std::hint::black_box;
use std::rc::Rc;

use super::prompt::prompt;
use super::registry::options;
use super::traced::Traced;
use super::vlm::{Phase, TEXT_TOKENS};
use crate::Result;
use crate::inference::preprocess::{Geometry, PixelValues, Preprocessor};
use crate::inference::{Language, Tower, VisionFiles, Vlm};
use crate::suite::{Suite, UserModel};
use scalegate::Prepared;

/// What is loaded of a vision model, each part when the first workload needs it.
pub(super) struct UserVlm {
    suite: Rc<Suite>,
    model: UserModel,
    has_embedded_layout: OnceCell<bool>,
    preprocessor: OnceCell<Rc<Preprocessor>>,
    /// The latest, with the form of its input. Sizes in a row that become the same input share it; of the others only one at a
    /// time is in memory, since each has all of the weights.
    tower: RefCell<Option<(Geometry, Tower)>>,
    language: OnceCell<Language>,
}

impl UserVlm {
    pub(super) fn new(suite: &Rc<Suite>, model: &UserModel) -> Self {
        Self {
            suite: Rc::clone(suite),
            model: model.clone(),
            has_embedded_layout: OnceCell::new(),
            preprocessor: OnceCell::new(),
            tower: RefCell::default(),
            language: OnceCell::new(),
        }
    }

    /// Whether the graphs are those of the embedded model, which takes every size in one plan.
    pub(super) fn has_embedded_layout(&self) -> Result<bool> {
        if let Some(known) = self.has_embedded_layout.get() {
            return Ok(*known);
        }
        let found = Vlm::has_layout(&self.model.path()?)?;
        Ok(*self.has_embedded_layout.get_or_init(|| found))
    }

    /// A phase for one encoded picture, which `place` names.
    pub(super) fn prepare(&self, phase: Phase, place: String, encoded: Rc<[u8]>) -> Result<Box<dyn Prepared>> {
        let preprocessor = self.preprocessor()?;
        if phase == Phase::Preprocess {
            return Ok(Box::new(Preprocess { preprocessor, encoded, place }));
        }
        let pixels = preprocessor.run(&place, &encoded)?;
        let tower = self.tower(pixels.geometry().of_one())?;
        if phase == Phase::Encode {
            return Ok(Box::new(Traced(Encode { tower, pixels })));
        }
        let language = self.language()?;
        let mut text = prompt(TEXT_TOKENS, language.vocabulary(), self.suite.seed());
        for token in text.iter_mut().filter(|token| **token == language.image_token()) {
            // Every vocabulary has the first token, and no image token is it.
            *token = 0;
        }
        Ok(Box::new(Traced(Prompt { preprocessor, tower, language, encoded, text, place })))
    }

    /// What its `preprocessor_config.json` says of images.
    pub(super) fn preprocessor(&self) -> Result<Rc<Preprocessor>> {
        if let Some(preprocessor) = self.preprocessor.get() {
            return Ok(Rc::clone(preprocessor));
        }
        let file = self.model.directory()?.join("preprocessor_config.json");
        let preprocessor = Rc::new(Preprocessor::from_config(&file)?);
        Ok(Rc::clone(self.preprocessor.get_or_init(|| preprocessor)))
    }

    fn tower(&self, geometry: Geometry) -> Result<Tower> {
        // Taken out first, so that it is gone before another one is loaded.
        let latest = self.tower.borrow_mut().take();
        let tower = match latest.filter(|(known, _)| *known == geometry) {
            Some((_, tower)) => tower,
            None => Tower::load(&self.model.path()?, geometry, options(&self.suite))?,
        };
        *self.tower.borrow_mut() = Some((geometry, tower.clone()));
        Ok(tower)
    }

    fn language(&self) -> Result<Language> {
        if let Some(language) = self.language.get() {
            return Ok(language.clone());
        }
        let files = VisionFiles::find(&self.model.path()?);
        let language = Language::load(&files, &self.model.directory()?, options(&self.suite))?;
        Ok(self.language.get_or_init(|| language).clone())
    }
}

struct Preprocess {
    preprocessor: Rc<Preprocessor>,
    encoded: Rc<[u8]>,
    place: String,
}

impl Prepared for Preprocess {
    fn run(&mut self) -> Result<()> {
        black_box(self.preprocessor.run(&self.place, &self.encoded)?);
        Ok(())
    }
}

struct Encode {
    tower: Tower,
    pixels: PixelValues,
}

impl Prepared for Encode {
    fn run(&mut self) -> Result<()> {
        black_box(self.tower.encode(&self.pixels)?);
        Ok(())
    }
}

struct Prompt {
    preprocessor: Rc<Preprocessor>,
    tower: Tower,
    language: Language,
    encoded: Rc<[u8]>,
    text: Vec<i64>,
    place: String,
}

impl Prepared for Prompt {
    fn run(&mut self) -> Result<()> {
        let pixels = self.preprocessor.run(&self.place, &self.encoded)?;
        black_box(self.language.prompt(&self.tower, &pixels, &self.text)?);
        Ok(())
    }
}
