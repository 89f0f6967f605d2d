//! Decoding and resizing a photo of 12 megapixels, beside Pillow.
//!
//! `cargo run --release --example decode_resize -- PYTHON`, with a Python that has Pillow. A child process decodes and resizes
//! the same bytes as often as it is told and answers with its own time, so that neither side pays for a start or for files.
//! Sides alternate A B B A, so that a slow second hits both; the ratio is the median over the rounds. This side does more:
//! it also normalises and writes the patches or planes.

#![expect(clippy::print_stdout, reason = "the program's output")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use scalegate_suite::inference::preprocess::{Layout, Preprocessor};
use scalegate_suite::workload::photo::{self, Format};

// glibc's allocator makes whole processes faster or slower than others; see CONTRIBUTING.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 15;
const SIZE: (u32, u32) = (4000, 3000);
const CONFIGS: [(&str, &str); 3] = [
    ("Qwen2-VL", r#"{"image_processor_type": "Qwen2VLImageProcessor"}"#),
    ("CLIP", r#"{"image_processor_type": "CLIPImageProcessor"}"#),
    ("SigLIP, 384", r#"{"image_processor_type": "SiglipImageProcessor", "size": {"height": 384, "width": 384}}"#),
];
/// Width and height of each resize come in, seconds go out.
const PILLOW: &str = "
import io, sys, time
from PIL import Image, __version__
encoded = open(sys.argv[1], 'rb').read()
print(__version__, flush=True)
for line in sys.stdin:
    width, height = map(int, line.split())
    start = time.perf_counter()
    Image.open(io.BytesIO(encoded)).convert('RGB').resize((width, height), Image.Resampling.BICUBIC)
    print(time.perf_counter() - start, flush=True)
";

fn main() -> Outcome<()> {
    let python = std::env::args().nth(1).ok_or("name a Python that has Pillow")?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("photo.jpg");
    let encoded = photo::encode(&photo::photo(SIZE.0, SIZE.1, 1), Format::Jpeg)?;
    std::fs::write(&path, &encoded)?;
    let mut pillow = Pillow::start(&python, &path.to_string_lossy())?;
    println!("{} by {} pixels, {} bytes of JPEG; Pillow {}", SIZE.0, SIZE.1, encoded.len(), pillow.version);
    for (name, config) in CONFIGS {
        let config_path = directory.path().join("preprocessor_config.json");
        std::fs::write(&config_path, config)?;
        let preprocessor = Preprocessor::from_config(&config_path)?;
        let geometry = preprocessor.geometry(SIZE.0, SIZE.1)?;
        let size = match geometry.layout {
            Layout::Patches { side, .. } => (side * geometry.cols, side * geometry.rows),
            // CLIP resizes to a little more than what it keeps.
            Layout::Images { height, .. } if name == "CLIP" => (height * 4 / 3, height),
            Layout::Images { width, height, .. } => (width, height),
            Layout::Padded { patch, .. } => (patch * geometry.cols, patch * geometry.rows),
        };
        let own = || -> Outcome<f64> {
            let start = Instant::now();
            std::hint::black_box(preprocessor.run("photo", &encoded)?);
            Ok(start.elapsed().as_secs_f64())
        };
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (first, a, b, last) = (own()?, pillow.run(size)?, pillow.run(size)?, own()?);
            ours.extend([first, last]);
            theirs.extend([a, b]);
            ratios.push((first + last) / (a + b));
        }
        let (ours, theirs) = (1e3 * median(ours), 1e3 * median(theirs));
        ratios.sort_by(f64::total_cmp);
        println!(
            "{name:12} to {}×{}: {ours:.1} ms, Pillow {theirs:.1} ms, ratio {:.3} (rounds {:.3} to {:.3})",
            size.0,
            size.1,
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1]
        );
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A Python that waits for sizes.
struct Pillow {
    child: Child,
    sizes: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Pillow {
    fn start(python: &str, path: &str) -> Outcome<Self> {
        let mut child = Command::new(python)
            .args(["-c", PILLOW, path])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("cannot run {python}: {cause}"))?;
        let (Some(sizes), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipes to Python".into());
        };
        let mut pillow = Self { child, sizes, answers: BufReader::new(answers), version: String::new() };
        pillow.version = pillow.line()?;
        Ok(pillow)
    }

    fn run(&mut self, (width, height): (usize, usize)) -> Outcome<f64> {
        writeln!(self.sizes, "{width} {height}")?;
        Ok(self.line()?.parse()?)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() { Err("Python ended; has it Pillow?".into()) } else { Ok(line.trim().to_owned()) }
    }
}

impl Drop for Pillow {
    fn drop(&mut self) {
        // Its input ends with this process anyway; a child that is gone already is no matter.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
