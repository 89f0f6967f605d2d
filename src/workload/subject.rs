//! What a suite puts under test, for the fingerprint of a run.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::prompt::TEXT;
use crate::inference::preprocess::Preprocessor;
use crate::suite::{Images, ModelSettings, Suite, UserModel, WorkloadSettings};
use crate::{Error, Result, bounded, models, paths};

/// What helps against a photo that cannot be read.
pub(super) const PHOTO: &str = "name a readable JPEG or PNG under `photo` in `suite.toml`, or leave it out";

/// The models and the photo by hash, and the settings that may change their cost, by the name they have in `suite.toml`.
///
/// # Errors
/// A model that cannot be written or read, or a photo that cannot be read.
pub fn of(suite: &Suite) -> Result<BTreeMap<String, String>> {
    let root = paths::models();
    let mut subject = BTreeMap::from([("inference.kv_cache".to_owned(), suite.inference.kv_cache.to_string())]);
    if let Some(ModelSettings { llm, vlm }) = &suite.models {
        subject.extend([
            ("models.llm".to_owned(), models::materialise_llm(llm, suite.seed(), &root)?.sha256),
            ("models.llm.layers".to_owned(), llm.layers.to_string()),
            ("models.llm.hidden".to_owned(), llm.hidden.to_string()),
            ("models.vlm".to_owned(), models::materialise_vlm(vlm, suite.seed(), &root)?.sha256),
            ("models.vlm.min_pixels".to_owned(), vlm.min_pixels.to_string()),
            ("models.vlm.max_pixels".to_owned(), vlm.max_pixels.to_string()),
        ]);
    }
    // What is left at its default is left out, as in the records from before there was a choice.
    if suite.inference.threads != NonZeroUsize::MIN {
        subject.insert("inference.threads".to_owned(), suite.inference.threads.to_string());
    }
    if !suite.inference.rewrites {
        subject.insert("inference.rewrites".to_owned(), "false".to_owned());
    }
    if let Some(chunk) = suite.inference.prompt_chunk {
        subject.insert("inference.prompt_chunk".to_owned(), chunk.to_string());
    }
    if let Some(ModelSettings { llm, vlm }) = suite.instructions.as_ref().and_then(|counted| counted.models.as_ref()) {
        subject.extend([
            ("instructions.models.llm".to_owned(), models::materialise_llm(llm, suite.seed(), &root)?.sha256),
            ("instructions.models.vlm".to_owned(), models::materialise_vlm(vlm, suite.seed(), &root)?.sha256),
            ("instructions.models.vlm.max_pixels".to_owned(), vlm.max_pixels.to_string()),
        ]);
    }
    for model in &suite.user_models {
        subject.insert(format!("model.{}", model.name), hash(&model.path()?)?);
        for (end, pixels) in expected_knees(suite, model) {
            subject.insert(format!("model.{}.expected_knee{end}", model.name), format!("{pixels:.0}"));
        }
    }
    if let Some(path) = &suite.images.photo {
        subject.insert("images.photo".to_owned(), hash_file(path, PHOTO)?);
    }
    if let Some(path) = &suite.inference.prompt {
        subject.insert("inference.prompt".to_owned(), hash_file(path, TEXT)?);
    }
    Ok(subject)
}

/// The image sizes, in pixels, from which on a model of the user gets no larger input: at the aspect ratio of the largest picture
/// that is listed for it, or else of the sizes that are chosen, and with what the names of laws end on at each ratio that they are chosen for.
/// A model without a preprocessor that can be read says so itself when it is loaded.
fn expected_knees(suite: &Suite, model: &UserModel) -> Vec<(String, f64)> {
    let of_model = |workload: &&WorkloadSettings| model.workloads.iter().any(|name| name == workload.name());
    let pictures: Vec<&Images> = suite
        .workloads
        .iter()
        .filter(of_model)
        .filter_map(|workload| match workload {
            WorkloadSettings::Pixels { images, .. } => Some(images),
            WorkloadSettings::Tokens { .. } => None,
        })
        .collect();
    let listed = pictures.iter().filter_map(|images| match images {
        Images::Listed(list) => list.iter().max_by_key(|it| it.pixels()),
        Images::Chosen(_) => None,
    });
    let largest = listed.max_by_key(|it| it.pixels()).map(|it| f64::from(it.width) / f64::from(it.height));
    let mut ratios: BTreeMap<String, f64> = pictures
        .iter()
        .flat_map(|images| images.chosen())
        .map(|(end, aspect)| (end.replace('/', "."), aspect.ratio()))
        .collect();
    ratios.extend(largest.map(|ratio| (String::new(), ratio)));
    let file = model.directory().map(|directory| directory.join("preprocessor_config.json"));
    let Some(preprocessor) = file.ok().and_then(|file| Preprocessor::from_config(&file).ok()) else {
        return Vec::new();
    };
    let knee = |(end, ratio): (String, f64)| Some((end, preprocessor.expected_knee(ratio)?));
    ratios.into_iter().filter_map(knee).collect()
}

/// SHA-256 of a photo or a prompt.
fn hash_file(path: &Path, remedy: &str) -> Result<String> {
    let content = std::fs::read(path).map_err(|error| Error::new(path.display(), error, remedy))?;
    Ok(sha256(&content))
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 over names and contents of all files below a model's directory, in the order of their names.
fn hash(model: &Path) -> Result<String> {
    // A graph that is named by its file may keep its weights in files beside it.
    let directory = if model.is_file() { model.parent().unwrap_or(model) } else { model };
    let fail = |path: &Path, error: std::io::Error| {
        Error::new(path.display(), error, "name a readable model directory under `path` in `suite.toml`")
    };
    let mut files = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| fail(&folder, error))? {
            let path = entry.map_err(|error| fail(&folder, error))?.path();
            // A link may lead out of the directory or back into it; what it leads to is the loader's matter.
            match path.symlink_metadata().map_err(|error| fail(&path, error))?.file_type() {
                kind if kind.is_dir() => open.push(path),
                _ => files.push(path),
            }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let name = path.strip_prefix(directory).unwrap_or(&path).to_string_lossy().into_owned();
        hash.update(name.as_bytes());
        hash.update([0]);
        let mut file = bounded::open(&path).map_err(|error| fail(&path, error))?;
        std::io::copy(&mut file, &mut Writer(&mut hash)).map_err(|error| fail(&path, error))?;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A model may be larger than memory, so that its files are hashed as they are read.
struct Writer<'a>(&'a mut Sha256);

impl std::io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
