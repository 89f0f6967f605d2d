//! Writes a model once and finds it again by hash.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::GENERATOR_VERSION;
use super::layout::{self, File};
use crate::inference::preprocess::Preprocessor;
use crate::suite::{LlmSpec, VlmSpec};
use crate::{Error, Result};

/// Lists the SHA-256 of every file as `sha256sum --check` reads it. It is written last.
const MANIFEST: &str = "SHA256SUMS";

/// A model on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDir {
    /// The directory, laid out as the module says.
    pub path: PathBuf,
    /// SHA-256 in hexadecimal of the manifest: for each file, sorted by path, its own SHA-256, two spaces, its path
    /// with `/` and a line feed.
    pub sha256: String,
}

impl ModelDir {
    /// The image processor of the VLM of a spec, for which none of its files are written or read.
    ///
    /// # Errors
    /// Bounds of the image size that leave no room, which a checked spec does not have.
    pub fn preprocessor(spec: &VlmSpec) -> Result<Preprocessor> {
        Preprocessor::from_json("models.vlm", &layout::preprocessor(spec).to_string())
    }
}

/// Finds the LLM below `root`, or writes it there.
///
/// The directory is named after a hash of spec, seed and generator version. It is reused when every file in it has the
/// hash that the manifest says, and written anew when one does not. Writing goes through a temporary directory and a
/// rename, so that two processes may race.
///
/// # Errors
/// The spec cannot be built, or `root` cannot be written.
pub fn materialise_llm(spec: &LlmSpec, seed: u64, root: &Path) -> Result<ModelDir> {
    spec.check().map_err(|cause| Error::new("model llm", cause, "change this size in the suite file"))?;
    materialise("llm", &(spec, seed, GENERATOR_VERSION), || layout::llm(spec, seed), root)
}

/// Finds the VLM below `root`, or writes it there, as [`materialise_llm`] does.
///
/// # Errors
/// The spec cannot be built, or `root` cannot be written.
pub fn materialise_vlm(spec: &VlmSpec, seed: u64, root: &Path) -> Result<ModelDir> {
    spec.check().map_err(|cause| Error::new("model vlm", cause, "change this size in the suite file"))?;
    materialise("vlm", &(spec, seed, GENERATOR_VERSION), || layout::vlm(spec, seed), root)
}

fn materialise(name: &str, key: &impl Serialize, files: impl Fn() -> Vec<File>, root: &Path) -> Result<ModelDir> {
    let key = serde_json::to_vec(key)
        .map_err(|cause| Error::new(format!("model {name}"), cause, "report this: a spec must serialize"))?;
    let path = root.join(format!("{name}-{}", &hex(&key)[..12]));
    if let Some(sha256) = intact(&path) {
        return Ok(ModelDir { path, sha256 });
    }
    write(&path, root, &files()).map_err(|cause| {
        Error::new(
            path.display(),
            format!("cannot write the model: {cause}"),
            "make the directory writable, or free space",
        )
    })
}

/// The hash of the model at `path`, if all of its files are there and have the content that its manifest says.
fn intact(path: &Path) -> Option<String> {
    let manifest = fs::read_to_string(path.join(MANIFEST)).ok()?;
    for line in manifest.lines() {
        let (sha256, file) = line.split_once("  ")?;
        if hex(&fs::read(path.join(file)).ok()?) != sha256 {
            return None;
        }
    }
    (!manifest.is_empty()).then(|| hex(manifest.as_bytes()))
}

fn write(path: &Path, root: &Path, files: &[File]) -> io::Result<ModelDir> {
    fs::create_dir_all(root)?;
    let temporary = tempfile::Builder::new().prefix(".model-").tempdir_in(root)?;
    let mut manifest = String::new();
    for (file, content) in files {
        let target = temporary.path().join(file);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(target, content)?;
        manifest += &format!("{}  {file}\n", hex(content));
    }
    fs::write(temporary.path().join(MANIFEST), &manifest)?;
    publish(temporary, path)?;
    Ok(ModelDir { path: path.into(), sha256: hex(manifest.as_bytes()) })
}

/// Moves the finished directory to its place. Another process may have been faster, with the same bytes.
fn publish(temporary: tempfile::TempDir, path: &Path) -> io::Result<()> {
    if path.exists() && intact(path).is_none() {
        // A directory cannot be renamed over a full one: the damaged one is moved out of the way first, so that at no
        // moment half a model stands at `path`, and goes away together with its temporary directory.
        let grave = tempfile::Builder::new().prefix(".damaged-").tempdir_in(path.parent().unwrap_or(Path::new(".")))?;
        match fs::rename(path, grave.path().join("model")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match fs::rename(temporary.path(), path) {
        Ok(()) => {
            // It has moved away; there is nothing left to delete.
            let _ = temporary.keep();
            Ok(())
        }
        Err(_) if intact(path).is_some() => Ok(()),
        Err(error) => Err(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Raise `GENERATOR_VERSION` when one of these changes, and pin the new value.
    const LLM_SHA256: &str = "97b99e1902992512e5cb986949798e9ff7d26b088fb73b979394feb723596f9d";
    const VLM_SHA256: &str = "a9334be9be3cdc838e62e181d13cce80623c8ca16feb78439148bdfad4ab8ed1";

    #[test]
    fn the_bytes_are_the_same_on_every_machine() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap().sha256, LLM_SHA256);
        assert_eq!(materialise_vlm(&VlmSpec::test(), 1, root.path()).unwrap().sha256, VLM_SHA256);
    }

    #[test]
    fn a_model_is_written_once_and_reused() {
        let root = tempfile::tempdir().unwrap();
        let first = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap();
        let written = fs::metadata(first.path.join("onnx/model.onnx")).unwrap().modified().unwrap();
        let second = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap();
        assert_eq!(first, second);
        assert_eq!(written, fs::metadata(first.path.join("onnx/model.onnx")).unwrap().modified().unwrap());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "no temporary directory is left");
    }

    #[test]
    fn another_seed_or_size_is_another_directory() {
        let root = tempfile::tempdir().unwrap();
        let first = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap();
        let seed = materialise_llm(&LlmSpec::test(), 2, root.path()).unwrap();
        let size = materialise_llm(&LlmSpec { layers: 1, ..LlmSpec::test() }, 1, root.path()).unwrap();
        assert!(first.path != seed.path && first.path != size.path && seed.path != size.path);
        assert!(first.sha256 != seed.sha256 && first.sha256 != size.sha256 && seed.sha256 != size.sha256);
    }

    #[test]
    fn a_damaged_model_is_written_anew() {
        let root = tempfile::tempdir().unwrap();
        let good = materialise_vlm(&VlmSpec::test(), 1, root.path()).unwrap();
        let file = good.path.join("onnx/vision_encoder.onnx");
        let length = fs::metadata(&file).unwrap().len();
        fs::File::options().write(true).open(&file).unwrap().set_len(length / 2).unwrap();
        assert_eq!(materialise_vlm(&VlmSpec::test(), 1, root.path()).unwrap(), good);
        assert_eq!(fs::metadata(&file).unwrap().len(), length);
        fs::remove_file(good.path.join(MANIFEST)).unwrap();
        assert_eq!(materialise_vlm(&VlmSpec::test(), 1, root.path()).unwrap(), good);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "the damaged directory is gone");
    }

    #[test]
    fn racing_writers_agree() {
        let root = tempfile::tempdir().unwrap();
        let models: Vec<_> = std::thread::scope(|scope| {
            let write = || materialise_llm(&LlmSpec::test(), 3, root.path()).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(models.iter().all(|model| *model == models[0]));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "only the model is left");
    }

    #[test]
    fn a_root_that_cannot_be_written_is_named() {
        // A file where the directory should be: refuses every user, while root may write to read-only directories.
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = materialise_llm(&LlmSpec::test(), 1, &file.path().join("models")).unwrap_err();
        assert!(error.place().contains("models/llm-"), "{error}");
        assert!(error.remedy().contains("writable"), "{error}");
    }

    #[test]
    fn a_spec_that_cannot_be_built_is_refused_before_anything_is_written() {
        let root = tempfile::tempdir().unwrap();
        let error = materialise_llm(&LlmSpec { layers: 0, ..LlmSpec::test() }, 1, root.path()).unwrap_err();
        assert!(error.cause().contains("layers is 0"), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
