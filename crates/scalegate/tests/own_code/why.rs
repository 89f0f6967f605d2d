//! `scalegate why`: changes that were planted in the example, and the functions and terms that it names.

use serde_json::Value;

use crate::package::{Package, code, ok, plant_quadratic, text};

/// An edit of `src/lib.rs`, with what it has to be called.
struct Planted {
    old: &'static str,
    new: &'static str,
    workload: &'static str,
    function: &'static str,
    term: &'static str,
}

const LOOP: &str = "    for word in text.split_ascii_whitespace() {\n";
const STAGE: &str = "    while half < values.len() {\n";
const CLOSE: &str = "    let close = |a: u64|";

/// One term each, in each of the three functions; with own instructions, those of the standard library, and those of a new function.
const PLANTED: [Planted; 5] = [
    Planted {
        old: LOOP,
        new: "    std::hint::black_box(text.bytes().filter(|byte| std::hint::black_box(*byte) == b'x').count());\n    \
              for word in text.split_ascii_whitespace() {\n",
        workload: "text/count_words",
        function: "own_code::count_words",
        term: "slope",
    },
    Planted {
        old: LOOP,
        new: "    (0..40_000_u64).for_each(|i| drop(std::hint::black_box(i)));\n    for word in text.split_ascii_whitespace() {\n",
        workload: "text/count_words",
        function: "own_code::count_words",
        term: "constant",
    },
    Planted {
        old: STAGE,
        new: "    while half < values.len() {\n        std::hint::black_box(values.iter().map(|v| std::hint::black_box(*v)).max());\n",
        workload: "signal/spectrum",
        function: "own_code::spectrum",
        term: "linearithmic",
    },
    Planted {
        old: CLOSE,
        new: "    keys.iter().for_each(|key| drop(std::hint::black_box(keys.iter().max().copied().max(Some(*key)))));\n    \
              let close = |a: u64|",
        workload: "keys/neighbours",
        function: "own_code::neighbours",
        term: "curvature",
    },
    Planted {
        old: "/// How many keys lie closer",
        new: "#[inline(never)]\npub fn checksum(keys: &[u64]) -> u64 {\n    keys.iter().fold(0, |sum, key| std::hint::black_box(sum * 31 + key % 97))\n}\n\n\
              /// How many keys lie closer",
        workload: "keys/neighbours",
        function: "own_code::checksum",
        term: "slope",
    },
];

impl Planted {
    fn apply(&self, package: &Package) {
        package.edit("src/lib.rs", self.old, self.new);
        if self.function.ends_with("checksum") {
            package.edit("src/lib.rs", CLOSE, "    std::hint::black_box(checksum(keys));\n    let close = |a: u64|");
        }
    }
}

fn count(package: &Package, name: &str) {
    ok(&package.scalegate(&format!("run --metric instructions --out {name}.json")));
}

fn why(package: &Package, line: &str) -> Value {
    serde_json::from_str(&ok(&package.scalegate(&format!("why {line} --format json")))).unwrap()
}

fn of<'a>(said: &'a Value, workload: &str) -> &'a Value {
    said["workloads"].as_array().unwrap().iter().find(|its| its["workload"] == workload).unwrap()
}

/// The parts of a workload add up to its instructions on both sides, at every size.
fn assert_whole(its: &Value) {
    for side in ["base", "head"] {
        let parts = its["functions"].as_array().unwrap().iter().chain([&its["of_no_function"]]);
        let parts: Vec<&Value> = parts.collect();
        for (at, all) in its["all"][side].as_array().unwrap().iter().enumerate() {
            let (sum, all) =
                (parts.iter().map(|part| part[side][at].as_f64().unwrap()).sum::<f64>(), all.as_f64().unwrap());
            assert!((sum / all - 1.0).abs() < 0.02, "{side} {at}: {sum} of {all}");
            let unattributed = its["of_no_function"][side][at].as_f64().unwrap();
            assert!(unattributed.abs() < 0.02 * all, "{side} {at}: {unattributed} of {all}");
        }
    }
}

#[test]
fn the_function_and_the_term_that_were_planted_are_named_first() {
    let package = Package::new();
    count(&package, "base");
    let sources = package.read("src/lib.rs");
    for planted in &PLANTED {
        package.write("src/lib.rs", &sources);
        planted.apply(&package);
        count(&package, "head");
        let said = why(&package, "base.json head.json");
        for its in said["workloads"].as_array().unwrap() {
            assert_whole(its);
        }
        // Other workloads may change too: the compiler lays out and inlines the functions of a crate together.
        assert_eq!(of(&said, planted.workload)["changed"], true, "{}", planted.new);
        let first = &of(&said, planted.workload)["functions"][0];
        assert_eq!(
            (&first["function"], &first["term"]),
            (&planted.function.into(), &planted.term.into()),
            "{}",
            planted.new
        );
    }
}

#[test]
fn benign_edits_name_nothing() {
    let package = Package::new();
    count(&package, "base");
    let sources = package.read("src/lib.rs");
    let edits = [
        sources.replace("half", "width"),
        sources.replace(
            "/// How many keys",
            "/// Nobody calls it.\npub fn unused(keys: &[u64]) -> usize {\n    keys.len()\n}\n\n/// How many keys",
        ),
        sources.replace("pub fn neighbours", "#[inline(never)]\npub fn neighbours"),
    ];
    for edit in edits {
        assert_ne!(edit, sources);
        package.write("src/lib.rs", &edit);
        count(&package, "head");
        let said = ok(&package.scalegate("why base.json head.json"));
        assert_eq!(said.matches("nothing to name").count(), 3, "{said}");
        let said = why(&package, "base.json head.json");
        assert!(said["workloads"].as_array().unwrap().iter().all(|its| its["changed"] == false));
        said["workloads"].as_array().unwrap().iter().for_each(assert_whole);
    }
}

#[test]
fn two_revisions_are_built_and_the_file_that_changed_is_named_with_the_line() {
    let package = Package::committed();
    plant_quadratic(&package);
    let said = ok(&package.scalegate("why --workload text/*"));
    assert!(said.starts_with("text/count_words: instructions "), "{said}");
    assert!(said.contains("curvature of own_code::count_words"), "{said}");
    assert!(said.contains("src/lib.rs:6, which changed and defines own_code::count_words"), "{said}");
    assert!(!said.contains("signal/spectrum"), "{said}");
}

/// As the sources were when they were built: somebody may go on with them meanwhile, or write what is printed beside them.
#[test]
fn an_edit_during_a_comparison_takes_no_cause_away() {
    let package = Package::committed();
    plant_quadratic(&package);
    // Counting begins after the builds, and runs this in the place of Valgrind.
    let valgrind = package.write(
        "target/tools/valgrind",
        "#!/bin/sh\necho 'another state' >> src/lib.rs.orig\nPATH=${PATH#*:}\nexec valgrind \"$@\"\n",
    );
    std::fs::set_permissions(&valgrind, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", valgrind.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut why = package.command(env!("CARGO_BIN_EXE_scalegate"), "why --workload text/*");
    let said = ok(&why.env("PATH", path).output().unwrap());
    assert!(package.path("src/lib.rs.orig").exists(), "{said}");
    assert!(said.contains("src/lib.rs:6, which changed and defines own_code::count_words"), "{said}");
}

#[test]
fn a_regressed_comparison_names_its_cause_by_itself_and_the_comment_has_it() {
    let package = Package::played();
    plant_quadratic(&package);
    let said = code(&package.scalegate("ci ab target/verdict HEAD --budget 10s"), 1);
    assert!(said.contains("curvature of own_code::count_words"), "{said}");
    // What a workload knows of its parts: their names, and the times that it reports of them.
    assert!(said.contains("  graph   the same 2 nodes, with results of the same shapes, at 128 kB"), "{said}");
    let time = said.lines().find(|line| line.starts_with("  time    +25")).unwrap_or_else(|| panic!("{said}"));
    assert!(time.contains(" at 128 kB (1.28 ms → 4.5") && time.contains(": count has "), "{time}");
    assert!(time.ends_with("curvature") && !time.contains("split"), "{time}");
    assert!(package.read("target/verdict/summary.md").contains("### Where it comes from"), "{said}");
    let comment = ok(&package.scalegate("ci comment target/verdict/digest.json"));
    assert!(comment.contains("Where it comes from:\n\n- `text/count_words: instructions "), "{comment}");
    assert!(comment.contains("src/lib.rs:6, which changed and defines own_code::count_words"), "{comment}");
    assert!(comment.contains("<details><summary>By function</summary>"), "{comment}");
}

#[test]
fn what_cannot_be_explained_is_refused_with_what_would_help() {
    let package = Package::new();
    count(&package, "base");
    count(&package, "head");
    let refused = |line: &str, expected: &str| {
        let said = code(&package.scalegate(line), 2);
        assert!(said.contains(expected), "{said}");
    };
    refused("why base.json v9", "it is a record, and the other side is none\n  help: name two records");
    refused("why base.json missing.json", "missing.json: No such file");
    refused(
        "why base.json head.json --workload sort/*",
        "no workload that was counted is called so\n  help: name one of keys/neighbours,",
    );
    let functions = package.read("head.functions.json");
    std::fs::remove_file(package.path("head.functions.json")).unwrap();
    refused(
        "why base.json head.json",
        "head.functions.json: there are no counts by function of head.json\n  help: count again with",
    );
    package.write("head.functions.json", &functions[..functions.len() / 2]);
    refused("why base.json head.json", "head.functions.json: not a whole list of functions");
    let other = functions.replacen("\"total\":", "\"total\":1", 1);
    package.write("head.functions.json", other);
    refused("why base.json head.json", "they are of another build\n  help: count again with");
    // A name in the place of every one: what a stripped executable leaves.
    let stripped =
        functions.replace("\"own_code::", "\"0x00").replace("\"<own_code::", "\"0x01").replace("\"scaling::", "\"0x02");
    package.write("head.functions.json", stripped);
    let said = package.scalegate("why base.json head.json");
    assert_eq!(said.status.code(), Some(3));
    assert!(
        text(&said.stdout)
            .contains("of the instructions of head.json are in code without a name; build without `strip`")
    );
}
