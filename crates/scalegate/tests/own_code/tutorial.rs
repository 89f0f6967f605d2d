//! The commands of `docs/tutorial.md`, as they stand there.

use std::fmt::Write;
use std::path::Path;

use scalegate_testing::Place;

use crate::package::{Package, text};

/// The blocks of the tutorial that its reader runs or writes, as one script for a shell.
fn script(page: &str) -> String {
    let mut script = "set -eu\n".to_owned();
    let mut file = None;
    let mut blocks = page.split("\n```");
    file_named(blocks.next().unwrap_or_default(), &mut file);
    while let (Some(block), Some(prose)) = (blocks.next(), blocks.next()) {
        let (language, body) = block.split_once('\n').unwrap();
        match (language, file.take()) {
            ("sh", _) => body.lines().for_each(|line| script += &command(line)),
            ("rust", Some(file)) => writeln!(script, "cat > {file} <<'END'\n{body}\nEND").unwrap(),
            (other, _) => panic!("a block of {other} that nobody is told what to do with: {body}"),
        }
        file_named(prose, &mut file);
    }
    script
}

/// The file that the text before a block names, as "In `src/lib.rs`:".
fn file_named(prose: &str, file: &mut Option<String>) {
    let last = prose.trim_end().lines().last().unwrap_or_default();
    let name = last.strip_prefix("In `").and_then(|rest| rest.strip_suffix("`:"));
    *file = name.map(str::to_owned);
}

/// A command that has to end with 0, or with the code that its comment says.
fn command(line: &str) -> String {
    match line.split_once("# exits with ") {
        None => format!("{line}\n"),
        Some((command, code)) => format!("code=0; {command} || code=$?; test $code -eq {code}\n"),
    }
}

#[test]
fn the_tutorial_ends_as_it_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorial.md");
    let page = std::fs::read_to_string(page).unwrap();
    // For its directory of what was built; a package of its own must not lie within it.
    let package = Package::new();
    let place = Place::new(env!("CARGO_BIN_EXE_scalegate"));
    // Versions of dependencies that are here already.
    let lock = package.read("Cargo.lock").replace("\"own-code\"", "\"words\"");
    let script = script(&page).replacen("cd words\n", "cd words\ncp ../words.lock Cargo.lock\n", 1);
    place.write("words.lock", lock);
    place.write("run.sh", script);
    let here = Path::new(env!("CARGO_BIN_EXE_scalegate")).parent().unwrap();
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap());
    let mut shell = package.command("sh", "run.sh");
    let output = shell.current_dir(place.path("")).env("PATH", path).output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("law went from linear to quadratic") || said.contains("growth of cost"), "{said}");
    assert!(place.path("words/report.html").is_file());
}
