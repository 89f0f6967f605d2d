//! llama.cpp under the gate, in a short form.

use std::env;

use clap::Args;
use scalegate::{Error, Result};

use crate::process::{self, command};
use crate::python;
use crate::sources::Sources;

/// Measure the prefill of `examples/llama-cpp` in a few rounds, and fit it
///
/// llama.cpp and what writes its model come from PyPI, into target/llama-cpp. Which law comes out is a matter of the machine; an
/// error of the server, of a request or of the fit is not.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    sources.build_all()?;
    let example = sources.root().join("examples/llama-cpp");
    let requirements = process::read(&example.join("requirements.txt"))?;
    let environment = sources.target().join("llama-cpp/python");
    let python = python::environment(sources.root(), &environment, &requirements)?;
    let place = process::temporary_directory()?;
    for file in ["scalegate.toml", "serve.py"] {
        process::write(&place.path().join(file), process::read(&example.join(file))?)?;
    }
    process::run(command(&python, [example.join("make_model.py")]).arg(place.path()).arg("f32"))?;
    let model = |name: &str| place.path().join(name);
    std::fs::rename(model("random-f32.gguf"), model("model.gguf"))
        .map_err(|error| Error::new("random-f32.gguf", error, "see what make_model.py wrote"))?;
    // The configuration starts `python3`, which is to be that of the environment.
    let inherited = env::var_os("PATH").unwrap_or_default();
    let directories = std::iter::once(environment.join("bin")).chain(env::split_paths(&inherited));
    let path = env::join_paths(directories)
        .map_err(|error| Error::new("PATH", error, "leave out directories with a colon in their names"))?;
    let words = ["run", "--workload", "llama/prefill", "--metric", "wall_time", "--rounds", "3", "--out", "run.json"];
    process::run(sources.scalegate(words).current_dir(place.path()).env("PATH", path))?;
    process::run(sources.scalegate(["fit", "run.json"]).current_dir(place.path()))
}
