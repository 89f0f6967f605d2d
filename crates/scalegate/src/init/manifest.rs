//! What a `Cargo.toml` lacks for a bench target, as text for its end.

use std::path::Path;

use toml::{Table, Value};

/// The name of the bench target.
const TARGET: &str = "scaling";

/// What has to come after `text`, the manifest of a package; nothing if all is there. `sources` are those of scalegate, and `has_target`
/// says that there is a file for the target already, which then is as its author wants it.
///
/// # Errors
/// What is wrong, and what would help: it is no manifest of a package, nothing can be added at its end, or `sources` are not there.
pub(super) fn addition(text: &str, sources: &Path, has_target: bool) -> Result<String, (String, String)> {
    let manifest: Table = text.parse().map_err(|error: toml::de::Error| {
        (error.message().to_owned(), "make it a manifest that `cargo check` takes".to_owned())
    })?;
    if !manifest.contains_key("package") {
        let cause = "it is a workspace without a package".to_owned();
        return Err((cause, "run this in the directory of the package whose functions are to be measured".to_owned()));
    }
    let mut addition = String::new();
    if !depends(&manifest) {
        if !sources.join("Cargo.toml").is_file() {
            let cause =
                format!("the sources that this command was built from are not at {} any more", sources.display());
            let remedy = "add scalegate to `[dev-dependencies]` as docs/tutorial.md shows, and run this again";
            return Err((cause, remedy.to_owned()));
        }
        let path = Value::String(sources.display().to_string());
        addition += &format!(
            "\n# Not published yet: the sources that the command `scalegate` was built from. Put their repository here (`git = …`).\n\
             [dev-dependencies.scalegate]\npath = {path}\ndefault-features = false\n"
        );
    }
    if !has_target && !has_bench(&manifest) {
        addition += &format!("\n[[bench]]\nname = \"{TARGET}\"\nharness = false\n");
    }
    if !addition.is_empty() && !text.is_empty() && !text.ends_with('\n') {
        addition.insert(0, '\n');
    }
    match format!("{text}{addition}").parse::<Table>() {
        Ok(_) => Ok(addition),
        // `dev-dependencies = { … }` and `bench = [ … ]` end where they begin.
        Err(error) => Err((
            format!("nothing can be added at its end: {}", error.message()),
            format!("write `[dev-dependencies]` and `[[bench]]` as tables of their own, or add by hand:\n{addition}"),
        )),
    }
}

fn depends(manifest: &Table) -> bool {
    ["dev-dependencies", "dependencies"]
        .iter()
        .any(|section| manifest.get(*section).is_some_and(|table| table.get("scalegate").is_some()))
}

fn has_bench(manifest: &Table) -> bool {
    let benches = manifest.get("bench").and_then(Value::as_array);
    benches.into_iter().flatten().any(|bench| bench.get("name").and_then(Value::as_str) == Some(TARGET))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "[package]\nname = \"x\"\n";

    fn added(text: &str, has_target: bool) -> Result<String, String> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
        addition(text, sources, has_target)
            .map(|text| text.replace(&sources.display().to_string(), "SOURCES"))
            .map_err(|(cause, remedy)| format!("{cause}\n{remedy}").replace(&sources.display().to_string(), "SOURCES"))
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_there_is_not() {
        insta::assert_snapshot!(added(EMPTY, false).unwrap(), @r#"
        # Not published yet: the sources that the command `scalegate` was built from. Put their repository here (`git = …`).
        [dev-dependencies.scalegate]
        path = "SOURCES"
        default-features = false

        [[bench]]
        name = "scaling"
        harness = false
        "#);
        let all = format!("{EMPTY}{}", added(EMPTY, false).unwrap());
        assert_eq!(added(&all, false), Ok(String::new()));
        assert_eq!(added(&format!("{EMPTY}[dev-dependencies]\nscalegate = \"1\"\n"), true), Ok(String::new()));
        let with_others = added(&format!("{EMPTY}[dev-dependencies]\nserde = \"1\""), true).unwrap();
        assert!(with_others.starts_with("\n\n# Not published yet"), "{with_others}");
    }

    #[test]
    fn what_cannot_be_extended_says_what_to_add() {
        let inline = format!("dev-dependencies = {{ serde = \"1\" }}\n{EMPTY}");
        insta::assert_snapshot!(added(&inline, false).unwrap_err(), @r#"
        nothing can be added at its end: cannot extend value of type inline table with a dotted key
        write `[dev-dependencies]` and `[[bench]]` as tables of their own, or add by hand:

        # Not published yet: the sources that the command `scalegate` was built from. Put their repository here (`git = …`).
        [dev-dependencies.scalegate]
        path = "SOURCES"
        default-features = false

        [[bench]]
        name = "scaling"
        harness = false
        "#);
        insta::assert_snapshot!(added("[workspace]\n", false).unwrap_err(), @"
        it is a workspace without a package
        run this in the directory of the package whose functions are to be measured
        ");
        insta::assert_snapshot!(added("[package\n", false).unwrap_err(), @"
        unclosed table, expected `]`
        make it a manifest that `cargo check` takes
        ");
        let gone = addition(EMPTY, Path::new("/nowhere"), false).unwrap_err();
        insta::assert_snapshot!(format!("{}\n{}", gone.0, gone.1), @"
        the sources that this command was built from are not at /nowhere any more
        add scalegate to `[dev-dependencies]` as docs/tutorial.md shows, and run this again
        ");
    }
}
