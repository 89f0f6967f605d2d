//! The directory of baselines.

use std::path::{Path, PathBuf};

use super::{Baseline, count_key};
use crate::metric::Kind;
use crate::record::{Document, Run, Series, read_json, write_json};
use crate::{Error, Result};

/// The directory of baselines.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// What [`Store::accept`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The files, in the order of the series, with the number of runs in each.
    pub files: Vec<(PathBuf, usize)>,
    /// Files that had more runs before, with that number.
    pub fewer: Vec<(PathBuf, usize)>,
}

impl Store {
    /// The baselines below `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Baselines whose shapes are valid everywhere; none if nothing was accepted yet.
    ///
    /// # Errors
    /// A file that cannot be read, or is no baseline of its name.
    pub fn portable(&self) -> Result<Vec<Baseline>> {
        read_all(&self.portable_directory())
    }

    /// Counts that were accepted under a key, as [`count_key`] gives it; none if there are none.
    ///
    /// # Errors
    /// As [`Store::portable`].
    pub fn counts(&self, key: &str) -> Result<Vec<Baseline>> {
        read_all(&self.portable_directory().join(key))
    }

    /// The keys that counts were accepted under.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn count_keys(&self) -> Result<Vec<String>> {
        directories(&self.portable_directory())
    }

    /// The classes of hosts that have baselines.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn host_classes(&self) -> Result<Vec<String>> {
        directories(&self.root.join("hosts"))
    }

    /// Baselines of one host class; none if nobody accepted a run on such a machine.
    ///
    /// # Errors
    /// As [`Store::portable`].
    pub fn host(&self, class: &str) -> Result<Vec<Baseline>> {
        read_all(&self.host_directory(class))
    }

    /// Makes the gated series of `run` baselines: counts under their key, accuracies the portable ones, costs those of its host
    /// class and, for those that `is_portable` names, the portable ones too. `further` runs of the same program go with the costs of
    /// the host class, and what was accepted before is replaced. Baselines of other series stay as they are.
    ///
    /// # Errors
    /// A directory or file that cannot be written; or a series that was unavailable, since there is nothing to accept.
    pub fn accept(
        &self,
        run: &Run,
        further: &[Run],
        reason: &str,
        is_portable: impl Fn(&Series) -> bool,
    ) -> Result<Accepted> {
        let (mut files, mut fewer) = (Vec::new(), Vec::new());
        for series in run.series.iter().filter(|series| series.unavailable.is_none() && series.metric.is_gated()) {
            let mut single = Run::new(run.provenance.clone());
            single.series.push(series.clone());
            let document = |further| Baseline {
                schema: Baseline::SCHEMA,
                reason: reason.to_owned(),
                accepted: crate::time::now(),
                run: single.clone(),
                further,
            };
            let others = || {
                let its = further.iter().filter_map(|run| run.series(&series.workload, series.metric));
                its.filter(|series| series.unavailable.is_none()).cloned().collect::<Vec<_>>()
            };
            let name = Baseline::file_name(&series.key());
            let mut directories = Vec::new();
            match series.metric.kind() {
                Kind::Count => directories.push((self.portable_directory().join(count_key(series)), Vec::new())),
                Kind::Accuracy => directories.push((self.portable_directory(), Vec::new())),
                Kind::Cost | Kind::Informative => {
                    directories.push((self.host_directory(&run.provenance.host.class), others()));
                    directories.extend(is_portable(series).then(|| (self.portable_directory(), Vec::new())));
                }
            }
            for (directory, further) in directories {
                let (path, document) = (directory.join(&name), document(further));
                if let Some(earlier) = earlier(&path, series)?
                    && earlier.n_runs() > document.n_runs()
                {
                    fewer.push((path.clone(), earlier.n_runs()));
                }
                write_json(&path, &document)?;
                files.push((path, document.n_runs()));
            }
        }
        if files.is_empty() {
            let cause = "none of these series has samples and gates";
            return Err(Error::new("accept", cause, "measure with `cargo bench` first, or name a metric that gates"));
        }
        Ok(Accepted { files, fewer })
    }

    fn portable_directory(&self) -> PathBuf {
        self.root.join("portable")
    }

    fn host_directory(&self, class: &str) -> PathBuf {
        self.root.join("hosts").join(class)
    }
}

/// The baseline that the file holds; fails if it is that of another series: `a/b` and `a-b` have one name.
fn earlier(path: &Path, series: &Series) -> Result<Option<Baseline>> {
    if !path.exists() {
        return Ok(None);
    }
    let earlier: Baseline = read_json(path)?;
    if earlier.series().key() == series.key() {
        return Ok(Some(earlier));
    }
    let (ours, theirs) = (&series.workload, &earlier.series().workload);
    Err(Error::new(
        path.display(),
        format!("the baselines of {ours} and {theirs} would share this file"),
        "give one of the workloads another name",
    ))
}

/// Every baseline of a directory, by name; an absent directory holds none.
fn read_all(directory: &Path) -> Result<Vec<Baseline>> {
    let mut paths = entries(directory)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| read_one(path)).collect()
}

/// The names of the directories in a directory, sorted.
fn directories(directory: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = entries(directory)?
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// What is in a directory, in no order; an absent one is empty.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let fail =
        |error: std::io::Error| Error::new(directory.display(), error, "name a readable directory with `--baseline`");
    match std::fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(fail),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(fail(error)),
    }
}

fn read_one(path: &Path) -> Result<Baseline> {
    let baseline: Baseline = read_json(path)?;
    let series = baseline.series();
    let expected = Baseline::file_name(&series.key());
    if path.file_name().is_some_and(|name| name.to_string_lossy() == expected) {
        return Ok(baseline);
    }
    Err(Error::new(
        path.display(),
        format!("holds the baseline of {}, whose file is `{expected}`", series.key()),
        "restore the file from version control, or accept a new run with `scalegate accept`",
    ))
}
