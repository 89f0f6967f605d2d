//! The text of `go test -bench`, which is the format of benchstat (golang.org/design/14313-benchmark-format).

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::collect::{Collector, Imported, Measured, Order, place, read};
use super::name::sized;
use crate::record::Provenance;
use crate::{Axis, Error, Result};

const REMEDY: &str = "write the file with go test -bench NAME > FILE, with a NAME whose benchmarks all have a size; give it its \
                      size with b.Run(\"items=256\", …), one -cpu at a time, and say with --axis what the size counts";

/// A line with a result.
#[derive(Debug, PartialEq)]
struct Timed<'a> {
    /// Without `Benchmark` and the number of threads.
    name: &'a str,
    /// `GOMAXPROCS`, which is not written if it is 1.
    threads: u32,
    seconds: f64,
}

/// Reads wall times. Repetitions by `-count` follow one another and are values of one round; where a benchmark comes again after others,
/// as in the joined output of several runs, it is the next round. Bytes and allocations are left out: they are means that depend on the
/// number of iterations, and no counts that repeat.
///
/// # Errors
/// A line that begins as a result and is none, a benchmark that failed, or a name without a size.
pub fn go_bench(paths: &[PathBuf], axis: Option<&Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    let mut provenance = Provenance::imported();
    let mut of_all = Order::Consecutive;
    for path in paths {
        collector.next_file();
        let text = read(path)?;
        let mut package = None;
        // Results in the order of the file: a name that comes again later was measured again later.
        let (mut last, mut earlier) = (String::new(), HashSet::new());
        for (i, line) in text.lines().enumerate() {
            let fail = |cause: String| Error::new(format!("{}:{}", place(path), i + 1), cause, REMEDY);
            match line.split_once(": ") {
                Some(("pkg", name)) => package = Some(name.trim().to_owned()),
                Some(("cpu", name)) => provenance.on_processor(Some(name.trim().to_owned())).map_err(fail)?,
                _ => {}
            }
            if line.starts_with("--- FAIL: ") || line.starts_with("FAIL\t") {
                return Err(fail(format!("a benchmark failed: `{line}`")));
            }
            let Some(timed) = parse(line).map_err(fail)? else { continue };
            let id = format!("{package:?} {} {}", timed.name, timed.threads);
            let order = if id == last || earlier.insert(id.clone()) { Order::Consecutive } else { Order::Interleaved };
            if order == Order::Interleaved {
                of_all = order;
            }
            last = id;
            add(&mut collector, &timed, package.as_deref(), axis, order)
                .map_err(|cause| fail(format!("{}: {cause}", timed.name)))?;
        }
    }
    collector.imported(paths, provenance, of_all, REMEDY)
}

fn add(
    collector: &mut Collector,
    timed: &Timed,
    package: Option<&str>,
    axis: Option<&Axis>,
    order: Order,
) -> Result<(), String> {
    let name = sized(timed.name.split('/'), axis)?;
    let axis = axis.cloned().or(name.axis).ok_or("what its size counts is unknown")?;
    let directory = package.and_then(|package| package.rsplit('/').next());
    let workload =
        directory.map_or_else(|| name.workload.clone(), |directory| format!("{directory}/{}", name.workload));
    let mut protocol = BTreeMap::from([("GOMAXPROCS".to_owned(), timed.threads.to_string())]);
    protocol.extend(package.map(|package| ("package".to_owned(), package.to_owned())));
    collector.add(Measured { protocol, ..Measured::wall_time(&workload, &axis, name.size, timed.seconds) }, order)
}

/// The result in a line; `None` for what is none, as a name alone or what a benchmark printed.
///
/// # Errors
/// A name and a number of iterations without a time after them.
fn parse(line: &str) -> Result<Option<Timed<'_>>, String> {
    let mut fields = line.split_whitespace();
    let name = fields.next().and_then(|name| name.strip_prefix("Benchmark"));
    let Some(name) = name.filter(|name| !name.starts_with(char::is_lowercase)) else { return Ok(None) };
    let Some(Ok(_)) = fields.next().map(str::parse::<u64>) else { return Ok(None) };
    let values: Vec<&str> = fields.collect();
    let per_call = values.chunks(2).find_map(|pair| if let [value, "ns/op"] = pair { Some(*value) } else { None });
    let per_call = per_call.ok_or("the line has no time in ns/op")?;
    let seconds = per_call.parse::<f64>().map_err(|error| format!("{error}: `{per_call}`"))? / 1e9;
    // GOMAXPROCS ends the name after a dash, but for 1.
    let with_threads = name.rsplit_once('-').and_then(|(name, threads)| Some((name, threads.parse().ok()?)));
    let (name, threads) = with_threads.unwrap_or((name, 1));
    Ok(Some(Timed { name, threads, seconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_a_name_iterations_and_pairs_of_value_and_unit() {
        let line = "BenchmarkSort/n=256-2  2499  18418 ns/op  111.20 MB/s  2074 B/op";
        assert_eq!(parse(line), Ok(Some(Timed { name: "Sort/n=256", threads: 2, seconds: 18_418e-9 })));
        assert_eq!(parse("BenchmarkX 1 0.5 ns/op").unwrap().unwrap().threads, 1);
        assert_eq!(parse("BenchmarkSort/n=256-2").unwrap(), None);
        assert_eq!(parse("Benchmarking is fun").unwrap(), None);
        assert_eq!(parse("Benchmark results 5").unwrap(), None);
        insta::assert_snapshot!(parse("BenchmarkX-2  2499  18418").unwrap_err(), @"the line has no time in ns/op");
        insta::assert_snapshot!(parse("BenchmarkX-2  2499  fast ns/op").unwrap_err(), @"invalid float literal: `fast`");
    }
}
