//! What looks at a report as its readers do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use scalegate::baseline::{Baseline, Store};
use scalegate::metric::Metric;
use scalegate::record::{self, Run, Sample, Series, SeriesKey};
use scalegate::{Error, Result};

use crate::process::{self, command};
use crate::sources::Sources;

const REMEDY: &str = "install it, for instance with `ci/install.sh chromium nodejs`, or name the browser in CHROMIUM";

/// Render a report and look at it in headless Chromium: light, dark, 400 pixels wide and printed
///
/// The record is what the baselines of this repository hold, and models made up from it, so that nothing is measured. Needs
/// Chromium or Chrome, and node.
#[derive(Debug, Args)]
pub(crate) struct BrowserArguments {
    /// Directory for screenshots
    #[arg(default_value = "target/scalegate/browser")]
    screenshots: PathBuf,
}

/// Make the picture of the README: the laws of llm/prefill and vlm/encode side by side, as a report shows them
#[derive(Debug, Args)]
pub(crate) struct PictureArguments {
    /// Report with these two workloads
    report: PathBuf,
    /// Picture to write
    out: PathBuf,
}

/// How much slower a made-up model is than the accepted prefill, and its perplexity.
const MODELS: [(&str, f64, f64); 5] = [
    ("whole", 1.0, 21.0),
    ("svd-0.8", 0.9, 21.2),
    ("svd-0.6", 0.8, 23.6),
    ("mpo-0.6", 0.85, 33.2),
    ("svd-0.4", 0.7, 32.2),
];

pub(crate) fn look(arguments: &BrowserArguments) -> Result<()> {
    let sources = Sources::here()?;
    let browser = browser()?;
    process::need("node", REMEDY)?;
    let work = process::temporary_directory()?;
    let (run, report) = (work.path().join("run.json"), work.path().join("report.html"));
    record::write_json(&run, &accepted(&sources.root().join("baselines"))?)?;
    sources.build_all()?;
    process::run_quietly(sources.scalegate(["report"]).arg(&run).arg("--out").arg(&report))?;
    let test = sources.root().join("xtask/browser/report.mjs");
    process::run(command("node", [&test, &report, &arguments.screenshots]).env("CHROMIUM", browser))
}

/// The accepted series of one class of hosts and its counts, as one record, with made-up models.
fn accepted(baselines: &Path) -> Result<Run> {
    let store = Store::new(baselines);
    let fail = |cause: &str| Error::new(baselines.display(), cause, "restore it from version control");
    let class = store.host_classes()?.into_iter().next().ok_or_else(|| fail("no host has baselines"))?;
    let mut accepted = store.host(&class)?;
    for key in store.count_keys()? {
        accepted.extend(store.counts(&key)?);
    }
    let provenance =
        accepted.first().map(|baseline| baseline.run.provenance.clone()).ok_or_else(|| fail("they are empty"))?;
    let mut run = Run::new(provenance);
    let mut series: BTreeMap<SeriesKey, Series> = BTreeMap::new();
    for its in accepted.iter().map(Baseline::series) {
        series.entry(its.key()).or_insert_with(|| its.clone());
    }
    let prefill = series.get(&SeriesKey::new("llm/prefill", Metric::WallTime)).cloned();
    let prefill = prefill.ok_or_else(|| fail("no wall time of llm/prefill"))?;
    run.series.extend(series.into_values());
    run.series.extend(MODELS.iter().flat_map(|model| made_up(*model, &prefill)));
    Ok(run)
}

fn made_up((name, slower, perplexity): (&str, f64, f64), prefill: &Series) -> [Series; 2] {
    let scaled =
        |sample: &Sample| Sample { values: sample.values.iter().map(|v| slower * v).collect(), ..sample.clone() };
    let costs = Series {
        workload: format!("{name}/llm/prefill").into(),
        samples: prefill.samples.iter().map(scaled).collect(),
        ..prefill.clone()
    };
    let text = Series {
        workload: format!("{name}/llm/text").into(),
        metric: Metric::Perplexity,
        unit: Metric::Perplexity.unit().to_owned(),
        samples: vec![Sample { size: 256, round: 0, values: vec![perplexity] }],
        looks: Vec::new(),
        ..prefill.clone()
    };
    [costs, text]
}

/// The browser's program.
fn browser() -> Result<PathBuf> {
    let named = std::env::var_os("CHROMIUM").filter(|name| !name.is_empty()).map(PathBuf::from);
    let known = ["chromium", "google-chrome"].into_iter().find(|name| process::is_on_path(name)).map(PathBuf::from);
    named.or(known).ok_or_else(|| Error::new("chromium", "it is not on PATH, nor is google-chrome", REMEDY))
}

pub(crate) fn draw(arguments: &PictureArguments) -> Result<()> {
    let work = process::temporary_directory()?;
    let page = work.path().join("picture.html");
    process::write(&page, page_of(&process::read(&arguments.report)?, &arguments.report)?)?;
    let out = process::absolute(&arguments.out)?;
    process::remove(&out)?;
    let mut chromium = command(browser()?, ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    chromium.args([
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ]);
    chromium.args(["--force-device-scale-factor=2", "--window-size=1016,446"]);
    // It has no sandbox for root, and refuses to start for root with one.
    if process::text(&mut command("id", ["-u"]))? == "0" {
        chromium.arg("--no-sandbox");
    }
    chromium.arg(format!("--user-data-dir={}", work.path().join("profile").display()));
    chromium.arg(format!("--screenshot={}", out.display())).arg(format!("file://{}", page.display()));
    let output = process::output(&mut chromium)?;
    if std::fs::metadata(&out).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(Error::new(out.display(), "chromium wrote no picture", "see what it printed above"))
}

/// The two figures of a report on a page of their own, whose widths are those of the drawing, so that the picture's size is known.
fn page_of(report: &str, path: &Path) -> Result<String> {
    let missing = |what: &str| {
        Error::new(
            path.display(),
            format!("no {what} in it"),
            "write it with scalegate report, from a run that has both workloads",
        )
    };
    let between = |begin: &str, end: &str| {
        let start = report.find(begin)?;
        let length = report[start..].find(end)?;
        Some(&report[start..start + length + end.len()])
    };
    let figure = |id: &str| {
        between(&format!("<figure id=\"{id}\">"), "</figure>").ok_or_else(|| missing(&format!("figure {id}")))
    };
    let style = between("<style>", "</style>").ok_or_else(|| missing("style"))?;
    Ok(format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">{style}\n\
         <style>:root {{ color-scheme: light }} body {{ padding: 16px; max-width: none; width: 1016px }}\n\
         .plots {{ grid-template-columns: 480px 480px; gap: 24px }} h3 {{ font: 600 16px/24px system-ui, sans-serif }}\n\
         figcaption {{ display: none }}</style><body><div class=\"plots\">{}\n{}</div>\n",
        figure("llm/prefill:wall_time")?,
        figure("vlm/encode:wall_time")?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_both_figures_and_the_style_and_nothing_else() {
        let report = "<style>\nbody { }\n</style><p>text</p><figure id=\"vlm/encode:wall_time\">knee</figure>\
                      <figure id=\"llm/prefill:wall_time\">line</figure>";
        let page = page_of(report, Path::new("report.html")).unwrap();
        assert!(
            page.contains("body { }") && page.contains(">line</figure>\n") && page.contains(">knee</figure>"),
            "{page}"
        );
        assert!(!page.contains("text</p>"));
        assert!(page_of("<style></style>", Path::new("report.html")).is_err());
    }
}
