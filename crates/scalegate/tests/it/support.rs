//! A working directory for the command, and what its tests compare.

mod outline;

use std::ops::Deref;

use scalegate::record::{self, Run};

pub(crate) use outline::{outline, section};
pub(crate) use scalegate_testing::{HEAD, TOKENS, line, rows, stderr, stdout};

/// The default record.
pub(crate) const RUN: &str = "target/scalegate/run.json";

/// An empty working directory for the command.
pub(crate) struct Place(scalegate_testing::Place);

impl Deref for Place {
    type Target = scalegate_testing::Place;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(scalegate_testing::Place::new(env!("CARGO_BIN_EXE_scalegate")))
    }

    /// The second half of a file is lost.
    pub(crate) fn cut(&self, name: &str) {
        let text = self.read(name);
        self.write(name, &text[..text.len() / 2]);
    }

    /// What a command says that is refused with exit code 2, and changes no file.
    #[track_caller]
    pub(crate) fn refused(&self, line: &str) -> String {
        let before = self.files(&[]);
        let assert = self.scalegate(line).code(2);
        assert_eq!(stdout(&assert), "");
        assert!(self.files(&[]) == before, "a file was changed, or one was left: {}", stderr(&assert));
        stderr(&assert)
    }

    /// Makes five runs of `rows` the baseline, between which all costs differ by a per cent or two.
    pub(crate) fn accept_five(&self, rows: &str) {
        let names = [1.0, 0.98, 1.02, 0.99, 1.01].map(|factor| {
            let name = format!("accepted-{factor}.json");
            self.import_as(&name, &scaled(rows, factor));
            name
        });
        self.scalegate(&format!("accept {} --reason before", names.join(" "))).success();
        for name in names {
            std::fs::remove_file(self.path(&name)).unwrap();
        }
    }

    /// The default record.
    pub(crate) fn record(&self) -> Run {
        record::read_json(&self.path(RUN)).unwrap()
    }
}

/// A file among the fixtures.
pub(crate) fn fixture(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap()
}

/// Rows of costs that are all `factor` times as high.
fn scaled(rows: &str, factor: f64) -> String {
    let scale = |row: &str| {
        let (cells, value) = row.rsplit_once(',').unwrap();
        format!("{cells},{:e}\n", factor * value.parse::<f64>().unwrap())
    };
    rows.lines().map(scale).collect()
}

/// A message without the columns of a document on one line: they change with every field that comes before.
pub(crate) fn without_columns(message: &str) -> String {
    let mut parts = message.split(" column ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(" column [column]");
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}

/// Messages one after the other, each with what it is about.
pub(crate) fn list(messages: impl IntoIterator<Item = (impl std::fmt::Display, String)>) -> String {
    messages.into_iter().map(|(about, message)| format!("{about}\n{message}\n")).collect()
}

pub(crate) const PIXELS: [u64; 12] =
    [9_408, 37_632, 49_392, 68_992, 84_672, 101_920, 129_360, 150_528, 293_216, 583_296, 917_280, 1_630_720];

/// A cost that stops growing at `clamp` pixels.
pub(crate) fn knee(clamp: f64) -> impl Fn(f64) -> f64 {
    move |pixels| 2e-3 + 0.4e-6 * pixels.min(clamp) + 2e-9 * (pixels - clamp).max(0.0)
}
