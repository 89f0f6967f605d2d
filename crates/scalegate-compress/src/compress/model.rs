//! From a directory to a smaller one.

use std::path::Path;

use crate::lowrank::{Cut, Factor, Mat};
use tract_onnx::pb::{GraphProto, ModelProto};

use super::budget::{self, Budget, Candidates, Choice};
use super::calibration::Calibration;
use super::graph::{self, Weight};
use super::rewrite::Rewrite;
use super::summary::{Method, Options, Product, Row, Summary};
use super::{directory, tensor};
use scalegate::{Error, Result};
use scalegate_suite::inference::{Passages, language_model_file, read_onnx};

/// The splits that are tried. More parts make more multiplications for each parameter, so that finer ones would hardly ever
/// be faster than the weight.
pub(super) const SPLITS: [Cut; 5] = [
    Cut { input_parts: 1, output_parts: 2 },
    Cut { input_parts: 2, output_parts: 1 },
    Cut { input_parts: 2, output_parts: 2 },
    Cut { input_parts: 1, output_parts: 4 },
    Cut { input_parts: 4, output_parts: 1 },
];

/// Compresses the language model in `dir` to a new directory `out`. `progress` hears how many steps are done, of how many, and
/// what comes next.
///
/// # Errors
/// `dir` holds no model, or one without a weight that could be compressed; the budget is out of its range; `out` exists or
/// cannot be written.
pub fn compress(
    dir: &Path,
    out: &Path,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Summary> {
    compress_with(dir, out, options, &SPLITS, progress)
}

/// [`compress`] with the splits to choose from.
pub(super) fn compress_with(
    dir: &Path,
    out: &Path,
    options: &Options,
    splits: &[Cut],
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Summary> {
    check(options.budget)?;
    directory::check_free(out)?;
    let path = language_model_file(dir)?;
    let mut model = read_onnx(&path)?;
    let unusable = |cause: String| {
        Error::new(
            path.display(),
            cause,
            "compress a 32-bit or 16-bit float export, and quantise the result if need be",
        )
    };
    let mut empty = GraphProto::default();
    let graph = model.graph.as_mut().unwrap_or(&mut empty);
    let weights = graph::weights(graph, options.all).map_err(unusable)?;
    if weights.iter().all(|weight| weight.kept.is_some()) {
        let cause = "every weight is in the first or the last layer, outside of layers, or shared";
        return Err(Error::new(path.display(), cause, "give --all to compress these layers too"));
    }
    let external = directory::inline(graph, path.parent().unwrap_or(dir))?;
    let parameters_before = parameters(graph);
    let mut job = Job { path: &path, weights: &weights, options, splits, progress, done: 0 };
    let (ranks, calibration) = job.look_inside(graph)?;
    let candidates = job.candidates(graph, &ranks, &calibration)?;
    let chosen = budget::share(&candidates, options.budget);
    job.replace(graph, &ranks, &calibration, &chosen)?;

    let rows = weights.iter().zip(&candidates).zip(&chosen).map(|((weight, candidates), choice)| Row {
        name: weight.name.clone(),
        shape: weight.shape,
        compressible: weight.kept.is_none(),
        outcome: outcome(weight, candidates, *choice),
    });
    let (rows, parameters_after) = (rows.collect(), parameters(graph));
    let summary = Summary { rows, calibrated: !options.calibration.is_empty(), parameters_before, parameters_after };
    save(dir, &path, out, model, external)?;
    Ok(summary)
}

fn check(budget: Budget) -> Result<()> {
    let (option, range, right) = match budget {
        Budget::Keep(share) => ("--keep", "a share above 0 and up to 1", share > 0.0 && share <= 1.0),
        Budget::Error(error) => ("--error", "a relative error above 0 and below 1", error > 0.0 && error < 1.0),
        Budget::Rank(rank) => ("--rank", "a rank of 1 or more", rank > 0),
    };
    if right { Ok(()) } else { Err(Error::new(option, "out of its range", format!("give {range}"))) }
}

fn outcome(
    weight: &Weight,
    candidates: &Candidates,
    choice: Option<Choice>,
) -> std::result::Result<Product, &'static str> {
    match (weight.kept, choice) {
        (Some(reason), _) => Err(reason),
        (None, Some(Choice { cut, rank, parameters, loss })) => {
            Ok(Product { cut, rank, error: loss.sqrt(), parameters })
        }
        (None, None) if candidates.choices.is_empty() => Err("no product is smaller and faster"),
        (None, None) => Err("other weights lose less"),
    }
}

fn parameters(graph: &GraphProto) -> usize {
    let entries = |dims: &[i64]| dims.iter().product::<i64>() as usize;
    graph.initializer.iter().map(|tensor| entries(&tensor.dims)).sum()
}

fn save(dir: &Path, path: &Path, out: &Path, model: ModelProto, external: Vec<std::path::PathBuf>) -> Result<()> {
    directory::staged(out, |stage| {
        let target = stage.join(path.strip_prefix(dir).unwrap_or(path));
        let keeps_data_outside = !external.is_empty();
        let left_out: Vec<_> = external.into_iter().chain([path.to_owned()]).collect();
        directory::copy_others(dir, stage, &left_out)?;
        directory::save(model, &target, keeps_data_outside)
    })
}

/// One run over the weights.
struct Job<'a> {
    path: &'a Path,
    weights: &'a [Weight],
    options: &'a Options,
    splits: &'a [Cut],
    progress: &'a mut dyn FnMut(usize, usize, &str),
    done: usize,
}

impl Job<'_> {
    /// The numbers of dimensions of the weights' inputs, and how these vary over the calibration text.
    fn look_inside(&mut self, graph: &GraphProto) -> Result<(Vec<usize>, Calibration)> {
        let inputs: Vec<&String> = self.weights.iter().map(|weight| &graph.node[weight.node].input[0]).collect();
        let mut names: Vec<String> = Vec::new();
        for (input, weight) in inputs.iter().zip(self.weights) {
            if weight.kept.is_none() && !names.contains(input) {
                names.push((*input).clone());
            }
        }
        let model = Passages::with_values(self.path, &names)?;
        let rank = |input: &&String| names.iter().position(|name| name == *input).map_or(0, |at| model.ranks()[at]);
        let ranks = inputs.iter().map(rank).collect();
        let calibration = if self.options.calibration.is_empty() {
            Calibration::default()
        } else {
            self.step("reading the calibration text");
            Calibration::capture(&model, &names, &self.options.calibration)?
        };
        Ok((ranks, calibration))
    }

    /// All the ways to replace each weight; none for those that stay.
    fn candidates(
        &mut self,
        graph: &GraphProto,
        ranks: &[usize],
        calibration: &Calibration,
    ) -> Result<Vec<Candidates>> {
        let mut all = Vec::new();
        for (weight, &rank) in self.weights.iter().zip(ranks) {
            if weight.kept.is_some() {
                // It takes no part in the budget.
                all.push(Candidates { parameters: 0, choices: Vec::new() });
                continue;
            }
            self.step(&weight.name);
            let (matrix, factor) = self.matrix(graph, weight, calibration)?;
            let mut spectra = Vec::new();
            for cut in self.cuts(graph, weight, rank, factor.is_some()) {
                let spectrum = cut.spectrum(matrix.as_ref());
                spectra.push((cut, spectrum.map_err(|cause| self.unusable(weight, cause))?));
            }
            all.push(Candidates::new(weight.shape, &spectra));
        }
        Ok(all)
    }

    /// The splits that the method, the node and the calibration allow.
    fn cuts(&self, graph: &GraphProto, weight: &Weight, rank: usize, calibrated: bool) -> Vec<Cut> {
        let is_matmul = graph.node[weight.node].op_type == "MatMul" && rank > 0;
        let possible = |cut: &&Cut| {
            // The calibration mixes all inputs, so that it can be taken back out of a core only if that has them all.
            cut.fits(weight.shape) && is_matmul && (!calibrated || cut.input_parts == 1)
        };
        let splits = self.splits.iter().filter(possible).copied();
        match self.options.method {
            Method::Svd => vec![Cut::NONE],
            Method::Mpo => splits.collect(),
            Method::Auto => std::iter::once(Cut::NONE).chain(splits).collect(),
        }
    }

    fn replace(
        &mut self,
        graph: &mut GraphProto,
        ranks: &[usize],
        calibration: &Calibration,
        chosen: &[Option<Choice>],
    ) -> Result<()> {
        let mut rewrite = Rewrite::new(graph);
        for ((weight, &rank), choice) in self.weights.iter().zip(ranks).zip(chosen) {
            if weight.kept.is_none() {
                self.step(&weight.name);
            }
            let Some(Choice { cut, rank: bond, .. }) = *choice else { continue };
            let (matrix, factor) = self.matrix(rewrite.graph(), weight, calibration)?;
            let cores = cut.cores(matrix.as_ref(), bond).map_err(|cause| self.unusable(weight, cause))?;
            let cores = match factor {
                Some(factor) => factor.unweighted(cores),
                None => cores,
            };
            rewrite.replace(weight, cut, &cores, rank);
        }
        rewrite.finish();
        Ok(())
    }

    /// The matrix to truncate, and the factor that it was multiplied with if it is calibrated.
    fn matrix<'c>(
        &self,
        graph: &GraphProto,
        weight: &Weight,
        calibration: &'c Calibration,
    ) -> Result<(Mat<f64>, Option<&'c Factor>)> {
        let tensor = &graph.initializer[weight.initializer];
        let matrix = tensor::matrix(tensor, weight.transposed).map_err(|cause| self.unusable(weight, cause))?;
        let factor = calibration.factor(&graph.node[weight.node].input[0]);
        Ok(match factor {
            Some(calibrated) => (calibrated.weighted(&matrix), factor),
            None => (matrix, None),
        })
    }

    fn step(&mut self, next: &str) {
        let compressible = self.weights.iter().filter(|weight| weight.kept.is_none()).count();
        let steps = 2 * compressible + usize::from(!self.options.calibration.is_empty());
        (self.progress)(self.done, steps, next);
        self.done += 1;
    }

    fn unusable(&self, weight: &Weight, cause: String) -> Error {
        let cause = format!("the weight of {}: {cause}", weight.name);
        Error::new(self.path.display(), cause, "export the model again")
    }
}
