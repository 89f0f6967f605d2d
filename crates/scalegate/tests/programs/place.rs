//! A directory with a configuration and scripts, and no package.

use std::ops::Deref;
use std::path::Path;
use std::process::Output;

use scalegate::record::{self, Run};

/// Rounds that take as long as their runs.
pub(crate) const SHORT: &str = "[measure]\nrounds = 3\nmeasurement_ms = 1\n";

/// A directory in which programs are measured.
pub(crate) struct Place(scalegate_testing::Place);

impl Deref for Place {
    type Target = scalegate_testing::Place;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Place {
    /// With a configuration of short rounds and these programs.
    pub(crate) fn with(programs: &str) -> Self {
        let place = Self(scalegate_testing::Place::new(env!("CARGO_BIN_EXE_scalegate")));
        place.configure(programs);
        place
    }

    pub(crate) fn configure(&self, programs: &str) {
        self.write("scalegate.toml", format!("{SHORT}{programs}"));
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.start(Path::new(env!("CARGO_BIN_EXE_scalegate")), line).output().unwrap()
    }

    /// What a run prints that succeeds.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> String {
        said(&self.run(line), 0)
    }

    /// What a run says that is refused with exit code 2, without the name of this directory and that of the session's; the record is
    /// as it was, and nothing is left but that, no process either.
    #[track_caller]
    pub(crate) fn refused(&self) -> String {
        let before = self.files(&["target"]);
        let record = std::fs::read(self.path(RUN)).ok();
        let output = self.run("run --metric wall_time");
        let text = said(&output, 2);
        assert_eq!(std::fs::read(self.path(RUN)).ok(), record, "the record was changed");
        assert!(self.files(&["target"]) == before, "a file was changed, or one was left");
        let here = self.path("").canonicalize().unwrap();
        assert_eq!(working_in(&here), 0, "a process is left: {text}");
        text.replace(here.to_str().unwrap(), "[directory]").replace(self.path("").to_str().unwrap(), "[directory]/")
    }

    pub(crate) fn record(&self) -> Run {
        record::read_json(&self.path(RUN)).unwrap()
    }
}

/// How many processes have their working directory there, as all have that a configuration's commands started.
fn working_in(directory: &Path) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    // Those of other users cannot be read, and are none.
    all.filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok()).filter(|cwd| cwd == directory).count()
}

/// The default record.
const RUN: &str = "target/scalegate/run.json";

#[track_caller]
pub(crate) fn said(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{all}");
    all
}
