//! Counts by function, from the file that callgrind leaves.
//!
//! The form of the file is in the manual of Valgrind, *Callgrind Format Specification*. It is written without compression of names and
//! positions. Functions are those that exist in the program: what is inlined counts for the function that it is inlined into.

use std::collections::BTreeMap;
use std::path::Path;

use super::function_name::normalized;
use crate::{Error, Result, bounded};

/// What one case executed, by function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// All instructions.
    pub total: u64,
    /// Functions by name.
    pub functions: BTreeMap<String, FunctionCount>,
    /// Instructions below a call, from caller to callee by name; recursion of a function into itself is left out.
    pub calls: BTreeMap<(String, String), u64>,
}

/// Instructions of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionCount {
    /// Executed in it, and not in what it calls.
    pub own: u64,
    /// The file of its source, if there is debug information.
    pub file: Option<String>,
    /// The executable or library that it is in.
    pub object: Option<String>,
}

/// What callgrind writes for a name that it does not know.
const UNKNOWN: &str = "???";

/// The functions in all files whose names begin with `out`: one for each process.
///
/// # Errors
/// As [`read_functions`].
pub(crate) fn read_functions_of_tree(out: &Path) -> Result<Profile> {
    let mut sum = Profile::default();
    for path in super::callgrind::files_of_tree(out)? {
        sum.add(read_functions(&path)?);
    }
    Ok(sum)
}

/// The functions in the file that callgrind left.
///
/// # Errors
/// It cannot be read, or is not in the form that it is asked for.
pub fn read_functions(path: &Path) -> Result<Profile> {
    let fail = |cause: String| Error::new(path.display(), cause, "count again; if it stays, report it as a bug");
    let text = bounded::text(path, bounded::MAX_RECORD).map_err(|error| fail(error.to_string()))?;
    parse(&text).map_err(fail)
}

fn parse(text: &str) -> std::result::Result<Profile, String> {
    let head = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let events: Vec<&str> = head("events:").ok_or("it names no events")?.split_whitespace().collect();
    let instructions = events.iter().position(|name| *name == "Ir").ok_or("there is no count of Ir")?;
    let positions = head("positions:").map_or(1, |names| names.split_whitespace().count());
    let totals = head("totals:").or(head("summary:")).ok_or("it has no totals")?;
    let count = |line: &str, before: usize| -> std::result::Result<u64, String> {
        // Trailing zeros are left out.
        let Some(word) = line.split_whitespace().nth(before + instructions) else { return Ok(0) };
        word.parse().map_err(|_| format!("`{word}` is no count"))
    };
    let mut reader =
        Reader { profile: Profile { total: count(totals, 0)?, ..Profile::default() }, ..Reader::default() };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            reader.own(count(line, positions)?)?;
        } else if line.starts_with("calls=") {
            let cost = lines.next().ok_or("it ends within a call")?;
            reader.call(count(cost, positions)?)?;
        } else if let Some((key, name)) = line.split_once('=') {
            if name.starts_with('(') && name[1..].starts_with(|c: char| c.is_ascii_digit()) {
                return Err("its names are compressed".to_owned());
            }
            reader.set(key, name);
        }
    }
    Ok(reader.profile)
}

/// Where the reader is.
#[derive(Default)]
struct Reader {
    profile: Profile,
    function: Option<String>,
    file: Option<String>,
    object: Option<String>,
    callee: Option<String>,
}

impl Reader {
    fn set(&mut self, key: &str, name: &str) {
        let known = || Some(name.to_owned()).filter(|name| name != UNKNOWN);
        match key {
            "ob" => self.object = known(),
            "fl" => self.file = known(),
            "fn" => {
                let name = normalized(name);
                let function = self.profile.functions.entry(name.clone()).or_default();
                function.file = function.file.take().or_else(|| self.file.clone());
                function.object = function.object.take().or_else(|| self.object.clone());
                self.function = Some(name);
            }
            "cfn" => self.callee = Some(normalized(name)),
            // `fi` and `fe` say where inlined code comes from, `cob` and `cfi` where a callee is, which has an entry of its own.
            _ => {}
        }
    }

    fn own(&mut self, count: u64) -> std::result::Result<(), String> {
        let name = self.function.as_ref().ok_or("a count of no function")?;
        let own = &mut self.profile.functions.entry(name.clone()).or_default().own;
        *own = own.saturating_add(count);
        Ok(())
    }

    fn call(&mut self, count: u64) -> std::result::Result<(), String> {
        let caller = self.function.as_ref().ok_or("a call from no function")?;
        let callee = self.callee.as_ref().ok_or("a call to no function")?;
        if caller != callee {
            let below = self.profile.calls.entry((caller.clone(), callee.clone())).or_default();
            *below = below.saturating_add(count);
        }
        Ok(())
    }
}

impl Profile {
    /// Adds what another process of the same case executed.
    pub fn add(&mut self, other: Self) {
        self.total += other.total;
        for (name, its) in other.functions {
            let function = self.functions.entry(name).or_default();
            function.own += its.own;
            function.file = function.file.take().or(its.file);
            function.object = function.object.take().or(its.object);
        }
        for (edge, count) in other.calls {
            *self.calls.entry(edge).or_default() += count;
        }
    }

    /// Leaves out what was never executed while it was counted.
    #[must_use]
    pub fn pruned(mut self) -> Self {
        self.calls.retain(|_, count| *count > 0);
        let called: std::collections::BTreeSet<&String> = self.calls.keys().flat_map(|(a, b)| [a, b]).collect();
        self.functions.retain(|name, its| its.own > 0 || called.contains(name));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form of a file that Valgrind 3.19.0 wrote.
    const RECORDED: &str = "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npositions: line\n\
        events: Ir Dr\nsummary: 1000 20\n\n\nob=/tmp/a\nfl=???\nfn=a::main\n0 100 20\ncfn=a::rec\ncalls=1 0\n0 700\n\
        cob=/lib/libc.so.6\ncfi=./string/memcpy.S\ncfn=memcpy\ncalls=3 80\n0 200 5\n\nfn=a::rec\n0 300\nfi=/src/lib.rs\n0 50\nfe=???\n\
        cfn=a::rec'2\ncalls=1 0\n0 350\n\nfn=a::rec'2\n0 350\n\nob=/lib/libc.so.6\nfl=./string/memcpy.S\nfn=memcpy\n80 200 5\n\n\
        totals: 1000 25\n";

    #[test]
    fn own_costs_and_calls_are_read_and_recursion_is_one_function() {
        let profile = parse(RECORDED).unwrap();
        let own: Vec<(&str, u64)> = profile.functions.iter().map(|(name, its)| (&**name, its.own)).collect();
        assert_eq!(own, [("a::main", 100), ("a::rec", 700), ("memcpy", 200)]);
        assert_eq!(own.iter().map(|(_, count)| count).sum::<u64>(), profile.total);
        let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(profile.calls, BTreeMap::from([(edge("a::main", "a::rec"), 700), (edge("a::main", "memcpy"), 200)]));
        let memcpy = &profile.functions["memcpy"];
        assert_eq!(memcpy.object.as_deref(), Some("/lib/libc.so.6"));
        assert_eq!(
            (memcpy.file.as_deref(), profile.functions["a::main"].file.as_deref()),
            (Some("./string/memcpy.S"), None)
        );
    }

    #[test]
    fn a_file_in_another_form_is_an_error() {
        assert_eq!(parse("").unwrap_err(), "it names no events");
        assert_eq!(parse("events: Dr\n").unwrap_err(), "there is no count of Ir");
        assert_eq!(parse(&RECORDED.replace("fn=a::main", "fn=(1) a::main")).unwrap_err(), "its names are compressed");
        assert_eq!(parse(&RECORDED.replace("fn=a::main\n", "")).unwrap_err(), "a count of no function");
        assert_eq!(parse(&RECORDED.replace("0 100", "0 x")).unwrap_err(), "`x` is no count");
    }

    #[test]
    fn damaged_files_are_read_or_refused_but_no_panic() {
        for bytes in crate::mutate::damaged(RECORDED.as_bytes(), 3, 3000) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }
    }
}
