//! What models cost against how well they predict.

use std::collections::BTreeSet;

use super::laws::{Unfitted, fit_series};
use crate::Axis;
use crate::metric::{Kind, Metric};
use crate::record::{Difference, Run, Series};
use crate::workload::WorkloadName;

/// The costs that are held against accuracy.
const COSTS: [Metric; 5] = [Metric::WallTime, Metric::CpuAuc, Metric::Energy, Metric::Instructions, Metric::PeakRss];

/// Cost against accuracy of the models that some runs measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tradeoffs {
    /// One for each workload and cost that two models or more have.
    pub plots: Vec<Tradeoff>,
    /// How many models have a perplexity that compares.
    pub models: usize,
    /// Models that have none, with the reason.
    pub absent: Vec<Absent>,
}

/// A model that is not in a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Absent {
    /// The model.
    pub name: String,
    /// Why.
    pub reason: Absence,
}

/// Why a model is not in a plot.
#[derive(Debug, Clone, PartialEq)]
pub enum Absence {
    /// No perplexity was measured of it.
    NoPerplexity,
    /// Its perplexity is not above zero.
    NotPositive(f64),
    /// Its perplexity can't be read, with what is wrong with it.
    Unusable(String),
    /// Its perplexity is of another text, or of another tokenizer's tokens, as these settings say.
    OtherText(Vec<Difference>),
    /// This workload and metric were not measured of it.
    NotMeasured(String, Metric),
    /// The record says why this workload and metric have no samples.
    Unavailable(String, Metric, String),
    /// It was measured on another host, or by another build, than this model.
    OtherHost(String, Difference),
    /// This workload was measured in other settings than that of this model.
    OtherSettings(String, String, Vec<Difference>),
    /// This workload was measured at none of the sizes of the others.
    NoCommonSize(String),
    /// This workload and metric were zero in a round.
    Zero(String, Metric),
}

/// One cost of several models against their perplexity.
#[derive(Debug, Clone, PartialEq)]
pub struct Tradeoff {
    /// The workload without the name of the model, as `llm/prefill`.
    pub workload: String,
    /// What the costs are.
    pub metric: Metric,
    /// What the size counts.
    pub axis: Axis,
    /// The largest size that all of the models were measured at.
    pub size: u64,
    /// The models by cost, the cheapest first.
    pub points: Vec<Point>,
    /// Models with a perplexity and without this cost.
    pub absent: Vec<Absent>,
}

/// A model's cost and perplexity.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The model.
    pub name: String,
    /// The median of the costs of all rounds.
    pub cost: f64,
    /// The least and the largest cost of a round.
    pub range: (f64, f64),
    /// How it predicts.
    pub perplexity: f64,
    /// The cheapest of the models that cost no more and predict no worse, and are better in one of both; none on the front.
    pub dominated_by: Option<String>,
}

/// A model in a run.
struct Model<'a> {
    name: String,
    owner: String,
    run: &'a Run,
}

/// A model whose perplexity compares.
type Scored<'a> = (&'a Model<'a>, f64);

/// Costs against perplexities of all models in `runs`, each of which has a name; an empty one is left out of those of its models.
///
/// Models are compared on the host, by the text and in the settings of the first that has what is compared.
pub fn tradeoffs(runs: &[(&str, &Run)]) -> Tradeoffs {
    let models: Vec<Model> = runs.iter().flat_map(|(label, run)| models(label, run)).collect();
    let mut found = Tradeoffs::default();
    let mut scored: Vec<Scored> = Vec::new();
    let mut text: Option<&Series> = None;
    for model in &models {
        match perplexity(model, text) {
            Ok((value, series)) => {
                text.get_or_insert(series);
                scored.push((model, value));
            }
            Err(reason) => found.absent.push(Absent { name: model.name.clone(), reason }),
        }
    }
    found.models = scored.len();
    for metric in COSTS {
        let workloads: BTreeSet<&str> = models.iter().flat_map(|model| model.workloads(metric)).collect();
        found.plots.extend(workloads.into_iter().filter_map(|workload| tradeoff(&scored, workload, metric)));
    }
    found
}

/// The models of a run that are language models, by name.
fn models<'a>(label: &str, run: &'a Run) -> Vec<Model<'a>> {
    let language = run.series.iter().filter(|series| series.workload.family() == Some("llm"));
    let owners: BTreeSet<&str> = language.filter_map(|series| series.workload.model()).collect();
    let name = |owner: &str| if label.is_empty() { owner.to_owned() } else { format!("{owner} ({label})") };
    owners.into_iter().map(|owner| Model { name: name(owner), owner: owner.to_owned(), run }).collect()
}

impl<'a> Model<'a> {
    /// What of `metric` was measured of it, without its name.
    fn workloads(&self, metric: Metric) -> impl Iterator<Item = &'a str> {
        let series = self.run.series.iter().filter(move |series| series.metric == metric);
        let own = series.filter(|series| series.workload.model() == Some(&self.owner));
        own.map(|series| series.workload.without_model())
    }

    fn series(&self, workload: &str, metric: Metric) -> Option<&'a Series> {
        self.run.series(&WorkloadName::from(workload).of_model(&self.owner), metric)
    }
}

/// The name under which a model's reading of a text is recorded.
pub fn text_workload(model: &str) -> WorkloadName {
    WorkloadName::from("llm/text").of_model(model)
}

/// The perplexity of a model over the same `text` as that of the first one.
fn perplexity<'a>(model: &Model<'a>, text: Option<&Series>) -> Result<(f64, &'a Series), Absence> {
    let series = model.run.series(&text_workload(&model.owner), Metric::Perplexity).ok_or(Absence::NoPerplexity)?;
    let value = match fit_series(series) {
        Err(Unfitted::Value(value)) if value > 0.0 => value,
        Err(Unfitted::Value(value)) => return Err(Absence::NotPositive(value)),
        Err(Unfitted::Fault(fault)) => return Err(Absence::Unusable(fault)),
        // A perplexity follows no law.
        Ok(_) => return Err(Absence::NoPerplexity),
    };
    match text.map(|text| settings(text, series)).filter(|list| !list.is_empty()) {
        None => Ok((value, series)),
        Some(list) => Err(Absence::OtherText(list)),
    }
}

/// The settings in which a series differs from the first.
fn settings(first: &Series, series: &Series) -> Vec<Difference> {
    let changes = series.protocol_changes(first).into_iter();
    changes.map(|(field, before, after)| Difference { field, before, after }).collect()
}

/// One cost of the models that have it and that compare with the first of them.
fn tradeoff(models: &[Scored], workload: &str, metric: Metric) -> Option<Tradeoff> {
    let mut absent = Vec::new();
    let mut kept: Vec<(&Scored, &Series)> = Vec::new();
    let mut sizes = BTreeSet::new();
    for scored in models {
        let first = kept.first().map(|((model, _), series)| (*model, *series));
        match comparable(scored.0, workload, metric, first, &sizes) {
            Ok((series, common)) => {
                sizes = common;
                kept.push((scored, series));
            }
            Err(reason) => absent.push(Absent { name: scored.0.name.clone(), reason }),
        }
    }
    let size = *sizes.last()?;
    let points = kept.iter().map(|((model, perplexity), series)| point(model, *perplexity, series, size));
    let (mut points, free): (Vec<Point>, Vec<Point>) = points.partition(|point| point.range.0 > 0.0);
    absent.extend(
        free.into_iter().map(|point| Absent { name: point.name, reason: Absence::Zero(workload.to_owned(), metric) }),
    );
    if points.len() < 2 {
        return None;
    }
    points.sort_by(|a, b| a.cost.total_cmp(&b.cost).then_with(|| a.perplexity.total_cmp(&b.perplexity)));
    let dominators: Vec<Option<String>> = points.iter().map(|point| dominator(&points, point)).collect();
    points.iter_mut().zip(dominators).for_each(|(point, by)| point.dominated_by = by);
    Some(Tradeoff { workload: workload.to_owned(), metric, axis: kept[0].1.axis.clone(), size, points, absent })
}

/// The series of a model, if it compares with the `first`, and the sizes in common with all before it.
fn comparable<'a>(
    model: &Model<'a>,
    workload: &str,
    metric: Metric,
    first: Option<(&Model, &Series)>,
    sizes: &BTreeSet<u64>,
) -> Result<(&'a Series, BTreeSet<u64>), Absence> {
    let series = model.series(workload, metric).ok_or_else(|| Absence::NotMeasured(workload.to_owned(), metric))?;
    if let Some(reason) = &series.unavailable {
        return Err(Absence::Unavailable(workload.to_owned(), metric, reason.clone()));
    }
    let Some((first_model, first)) = first else { return Ok((series, series.sizes())) };
    // Counts belong to their tools, which are settings, and not to a host.
    let is_of_host = metric.kind() == Kind::Cost;
    let fingerprint = first_model.run.provenance.incomparable(&model.run.provenance);
    if let Some(difference) = fingerprint.first().filter(|_| is_of_host) {
        return Err(Absence::OtherHost(first_model.name.clone(), difference.clone()));
    }
    let settings = settings(first, series);
    if !settings.is_empty() {
        return Err(Absence::OtherSettings(workload.to_owned(), first_model.name.clone(), settings));
    }
    let common: BTreeSet<u64> = series.sizes().intersection(sizes).copied().collect();
    if common.is_empty() {
        return Err(Absence::NoCommonSize(workload.to_owned()));
    }
    Ok((series, common))
}

fn point(model: &Model, perplexity: f64, series: &Series, size: u64) -> Point {
    let mut costs: Vec<f64> = series.costs().filter(|(at, ..)| *at == size as f64).map(|(.., cost)| cost).collect();
    costs.sort_by(f64::total_cmp);
    // A size of the series has a round at least.
    let (low, high) = (costs[(costs.len() - 1) / 2], costs[costs.len() / 2]);
    Point {
        name: model.name.clone(),
        cost: f64::midpoint(low, high),
        range: (costs[0], costs[costs.len() - 1]),
        perplexity,
        dominated_by: None,
    }
}

/// The cheapest of `points`, which are sorted by cost, that is as good as `point` in both and better in one.
fn dominator(points: &[Point], point: &Point) -> Option<String> {
    let is_better = |other: &&Point| {
        other.cost <= point.cost
            && other.perplexity <= point.perplexity
            && (other.cost < point.cost || other.perplexity < point.perplexity)
    };
    points.iter().find(is_better).map(|other| other.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Provenance, Sample};

    fn series(workload: String, metric: Metric, values: &[f64]) -> Series {
        let sample = |(round, &value): (usize, &f64)| Sample { size: 256, round: round as u32, values: vec![value] };
        let samples = values.iter().enumerate().map(sample).collect();
        Series { samples, ..Series::new(workload, Axis::TOKENS, metric) }
    }

    /// Models by name, wall time and perplexity.
    fn run(models: &[(&str, f64, f64)]) -> Run {
        let mut run = Run::new(Provenance::imported());
        for (name, cost, perplexity) in models {
            let costs = [0.9 * cost, *cost, 1.2 * cost];
            run.series.push(series(format!("{name}/llm/prefill"), Metric::WallTime, &costs));
            run.series.push(series(format!("{name}/llm/text"), Metric::Perplexity, &[*perplexity]));
        }
        run
    }

    fn dominators(tradeoff: &Tradeoff) -> Vec<(&str, Option<&str>)> {
        tradeoff.points.iter().map(|point| (&*point.name, point.dominated_by.as_deref())).collect()
    }

    #[test]
    fn what_another_model_beats_in_both_is_not_on_the_front() {
        let found = tradeoffs(&[("", &run(&[("a", 4.0, 20.0), ("b", 2.0, 30.0), ("c", 3.0, 31.0), ("d", 4.0, 20.0)]))]);
        assert_eq!((found.plots.len(), found.models, found.absent.len()), (1, 4, 0));
        let plot = &found.plots[0];
        assert_eq!((&*plot.workload, plot.metric, plot.size), ("llm/prefill", Metric::WallTime, 256));
        // Two that are the same in both do not dominate each other.
        assert_eq!(dominators(plot), [("b", None), ("c", Some("b")), ("a", None), ("d", None)]);
        assert_eq!((plot.points[0].cost, plot.points[0].range), (2.0, (1.8, 2.4)));
    }

    #[test]
    fn what_has_no_perplexity_or_another_texts_is_absent_with_the_reason() {
        let mut all = run(&[("a", 1.0, 20.0), ("b", 2.0, 19.0), ("c", 3.0, 18.0), ("d", 4.0, 0.0)]);
        all.series.retain(|series| series.workload != "b/llm/text");
        let other = all.series.iter_mut().find(|series| series.workload == "c/llm/text").unwrap();
        other.protocol.insert("text".to_owned(), "other".to_owned());
        let found = tradeoffs(&[("", &all)]);
        assert_eq!((found.models, found.plots.len()), (1, 0), "one point is no front");
        let text = Difference { field: "text".to_owned(), before: "absent".to_owned(), after: "other".to_owned() };
        let absent = |name: &str, reason| Absent { name: name.to_owned(), reason };
        assert_eq!(
            found.absent,
            [
                absent("b", Absence::NoPerplexity),
                absent("c", Absence::OtherText(vec![text])),
                absent("d", Absence::NotPositive(0.0)),
            ]
        );
    }

    #[test]
    fn runs_have_names_and_only_what_compares_is_in_one_plot() {
        let (one, mut two) = (run(&[("mine", 1.0, 20.0)]), run(&[("mine", 0.5, 22.0)]));
        let found = tradeoffs(&[("one", &one), ("two", &two)]);
        assert_eq!(dominators(&found.plots[0]), [("mine (two)", None), ("mine (one)", None)]);
        two.provenance.host.kernel = "7.0".to_owned();
        let three = run(&[("mine", 0.4, 25.0)]);
        let found = tradeoffs(&[("one", &one), ("two", &two), ("three", &three)]);
        assert_eq!(dominators(&found.plots[0]), [("mine (three)", None), ("mine (one)", None)]);
        let absent = &found.plots[0].absent[0];
        assert_eq!(absent.name, "mine (two)");
        assert!(
            matches!(&absent.reason, Absence::OtherHost(first, difference)
                if first == "mine (one)" && difference.field == "host.kernel"),
            "{absent:?}"
        );
    }

    #[test]
    fn the_size_is_the_largest_that_all_were_measured_at() {
        let mut all = run(&[("a", 1.0, 20.0), ("b", 2.0, 19.0), ("c", 3.0, 18.0)]);
        for (at, size) in [(0, 512), (2, 512), (4, 7)] {
            let sample = Sample { size, ..all.series[at].samples[0].clone() };
            all.series[at].samples.push(sample);
        }
        all.series[4].samples.retain(|sample| sample.size == 7);
        let plot = &tradeoffs(&[("", &all)]).plots[0];
        assert_eq!((plot.size, plot.points.len()), (512, 2));
        assert_eq!(plot.absent[0].reason, Absence::NoCommonSize("llm/prefill".to_owned()));
    }
}
