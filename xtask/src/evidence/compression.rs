//! What compressing the reference model saves and costs.

mod tables;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use scalegate::{Error, Result};

use self::tables::{KEEPS, Variant};
use crate::process::{self, command};
use crate::sources::{Checkout, Sources};
use crate::suite;

/// Where the tables go, after this line.
const PAGE: &str = "docs/evidence/compression.md";
const MEASURED: &str = "<!-- measured -->\n";

/// Half of the text: the intervals are narrow enough, and 32 models have to read it.
const TEXT_BYTES: usize = 30_000;

/// Compress the reference model in all ways, measure what that saves and costs, and write the tables of docs/evidence/compression.md
///
/// Healing needs a Python with models/reference/requirements.txt and the component rust-docs; counts need Valgrind. Takes three
/// quarters of an hour on two cores. Leave the machine alone between "measuring times" and "measuring counts".
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory for models and measurements; what is there is not made again, so give an empty one after a change of the model
    #[arg(default_value = "target/compression")]
    work: PathBuf,
    /// Python for healing
    #[arg(long, env = "PYTHON", default_value = "python3")]
    python: PathBuf,
}

const WORKLOADS: &str = r#"
[measure]
rounds = 5
samples = 10
warm_up_ms = 20
measurement_ms = 50

[[workload]]
name = "llm/prefill"
tokens = [32, 64, 128, 192, 255]

[[workload]]
name = "llm/decode"
tokens = [32, 64, 128, 192, 255]

[[instructions.workload]]
name = "llm/prefill"
tokens = [64]

[[instructions.workload]]
name = "llm/decode"
tokens = [64]

[resources]
rounds = 5
window_ms = 400
idle_ms = 150
rate_hz = 20
attempts = 3
others_cores = 0.5

[[resources.workload]]
name = "llm/prefill"
tokens = [255]

[[resources.workload]]
name = "llm/decode"
tokens = [255]
"#;

struct Study<'a> {
    work: PathBuf,
    model: PathBuf,
    python: &'a Path,
    scalegate: PathBuf,
}

pub(super) fn run(arguments: &Arguments, sources: &Sources) -> Result<()> {
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    let has_all = ["-c", "import onnxruntime, torch, transformers"];
    process::run_quietly(&mut command(&arguments.python, has_all)).map_err(|_| {
        let remedy = "make an environment of models/reference/requirements.txt, and name its Python with --python";
        Error::new(arguments.python.display(), "it lacks what healing needs", remedy)
    })?;
    let work = process::absolute(&arguments.work)?;
    let base = sources.working_tree()?;
    let model = sources.root().join("models/reference");
    let text =
        suite::with_workloads(&sources.file(&base, suite::FILE)?, &(WORKLOADS.to_owned() + &models(&model, &work)))?;
    // Built first, so that nothing is compiled while times are taken.
    let checkout = sources.check_out(&sources.with_file(&base, suite::FILE, &text)?)?;
    checkout.build()?;
    let study = Study { work, model, python: &arguments.python, scalegate: checkout.program() };
    study.make_variants()?;
    study.take_accuracies()?;
    study.measure(&checkout, "times", &["llm", "resources"])?;
    study.measure(&checkout, "counts", &["instructions"])?;
    let page = sources.root().join(PAGE);
    let old = process::read(&page)?;
    let (head, _) = old.split_once(MEASURED).ok_or_else(|| {
        Error::new(PAGE, format!("no line `{}` in it", MEASURED.trim_end()), "restore it from version control")
    })?;
    process::write(&page, format!("{head}{MEASURED}\n{}", tables::all(&study.work)?))
}

/// The products of a healed model have the shapes of those that it was healed from: it costs the same, and is not measured.
fn models(reference: &Path, work: &Path) -> String {
    let measured = [Variant::Svd, Variant::Mpo, Variant::Calibrated];
    let variants = measured.into_iter().flat_map(|variant| KEEPS.map(|keep| work.join(variant.directory(keep))));
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let table = |path: PathBuf| {
        let (name, path) = (name(&path), path.display().to_string());
        format!(
            "\n[[model]]\nname = {name:?}\npath = {path:?}\nworkloads = [\"llm/prefill\", \"llm/decode\"]\ncounted = true\n"
        )
    };
    std::iter::once(reference.to_path_buf()).chain(variants).map(table).collect()
}

impl Study<'_> {
    fn make_variants(&self) -> Result<()> {
        for keep in KEEPS {
            for variant in Variant::ALL {
                let directory = self.work.join(variant.directory(keep));
                if directory.is_dir() {
                    continue;
                }
                let text = match variant {
                    Variant::Healed => self.heal(keep, &directory)?,
                    compressed => self.compress(compressed, keep, &directory)?,
                };
                process::write(&directory.with_added_extension("txt"), text + "\n")?;
            }
        }
        Ok(())
    }

    fn compress(&self, variant: Variant, keep: &str, out: &Path) -> Result<String> {
        let method = if variant == Variant::Mpo { "mpo" } else { "svd" };
        let mut compress = command(&self.scalegate, ["compress", "--method", method, "--keep", keep, "--all"]);
        if variant == Variant::Calibrated {
            compress.arg("--calibrate").arg(self.model.join("calibration.txt"));
        }
        process::text(compress.arg(&self.model).arg("--out").arg(out))
    }

    fn heal(&self, keep: &str, out: &Path) -> Result<String> {
        eprintln!("healing {keep}");
        let sysroot = process::text(&mut command("rustc", ["--print", "sysroot"]))?;
        let mut heal =
            command(self.python, [self.model.join("heal.py"), self.work.join(Variant::Calibrated.directory(keep))]);
        heal.arg("--documentation").arg(Path::new(&sysroot).join("share/doc/rust/html"));
        process::text(heal.arg("--out").arg(out))
    }

    /// Compares every variant with the original, several at a time.
    fn take_accuracies(&self) -> Result<()> {
        eprintln!("measuring accuracies");
        let heldout = self.model.join("heldout.txt");
        let mut text = process::read(&heldout)?;
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        let sample = self.work.join("heldout.txt");
        process::write(&sample, text)?;
        let all =
            Variant::ALL.into_iter().flat_map(|variant| KEEPS.map(|keep| self.work.join(variant.directory(keep))));
        let left =
            Mutex::new(all.filter(|variant| !variant.with_added_extension("json").is_file()).collect::<Vec<_>>());
        let next = || left.lock().ok().and_then(|mut left| left.pop());
        let work = || {
            while let Some(variant) = next() {
                let mut accuracy = command(&self.scalegate, ["accuracy", "--format", "json", "--text"].map(OsStr::new));
                let json = process::text(accuracy.arg(&sample).arg(&self.model).arg(&variant))?;
                process::write(&variant.with_added_extension("json"), json + "\n")?;
            }
            Ok(())
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let failed = || Error::new("a thread", "it panicked", "report this as a fault of xtask");
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| failed())?)
        })
    }

    fn measure(&self, checkout: &Checkout, name: &str, targets: &[&str]) -> Result<()> {
        let record = self.work.join(name).with_extension("json");
        if record.is_file() {
            return Ok(());
        }
        eprintln!("measuring {name}");
        checkout.bench(targets, None, &record)
    }
}
