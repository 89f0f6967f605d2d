//! Rounds and sizes laid out as a two-way table of log costs: round effects, outliers, pooling, pure error.

use super::interval::serial_correlation;
use super::{FitError, Observations};

/// Cells further from their place than this many robust standard deviations are winsorized: brought back to that distance.
/// Huber's proposal (*Robust Statistics*, 1981, §1.7) with a wide fence: of normal noise it touches 6 cells in 100,000, so
/// that intervals keep their coverage, while a cell that was hit by another process no longer moves a fit.
const FENCE: f64 = 4.0;

/// Median absolute deviation to standard deviation for normal noise.
const MAD_TO_SD: f64 = 1.482_602_218_505_602;

const POLISH_STEPS: usize = 10;
const ALIGN_STEPS: usize = 20;

/// Log costs, centred so that their mean is about 0, with outliers winsorized; only sizes that enough rounds have.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    pub(crate) sizes: Vec<f64>,
    /// The geometric mean cost that everything is relative to.
    pub(crate) scale: f64,
    /// `cells[round][size]`.
    cells: Vec<Vec<Option<f64>>>,
    round_effects: Vec<f64>,
}

/// The pure error of the pooled costs: a sum of squares and its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PureError {
    pub(crate) sum_of_squares: f64,
    pub(crate) degrees_of_freedom: usize,
}

impl Panel {
    /// Lays out `observations`. With several rounds, a size seen in one of them only is left out: nothing is known
    /// about its noise.
    pub(crate) fn new(observations: &Observations) -> Result<Self, FitError> {
        let n_rounds = observations.n_rounds();
        let rows: Vec<&[Option<f64>]> = (0..n_rounds).map(|r| observations.round(r)).collect();
        let needed = n_rounds.min(2);
        let kept: Vec<usize> = (0..observations.sizes().len())
            .filter(|&s| rows.iter().filter(|row| row[s].is_some()).count() >= needed)
            .collect();
        let sizes: Vec<f64> = kept.iter().map(|&s| observations.sizes()[s]).collect();
        if let Some((size, ..)) = observations.points().find(|&(size, _, cost)| cost == 0.0 && sizes.contains(&size)) {
            return Err(FitError::ZeroCost { size });
        }
        if sizes.len() < super::MIN_SIZES {
            return Err(FitError::TooFewSizes { found: sizes.len() });
        }
        let mut cells: Vec<Vec<Option<f64>>> =
            rows.iter().map(|row| kept.iter().map(|&s| row[s].map(f64::ln)).collect::<Vec<_>>()).collect();
        cells.retain(|row: &Vec<Option<f64>>| row.iter().any(Option::is_some));
        let filled: Vec<f64> = cells.iter().flatten().flatten().copied().collect();
        let mean = filled.iter().sum::<f64>() / filled.len() as f64;
        cells.iter_mut().flatten().flatten().for_each(|v| *v -= mean);
        let mut panel = Self { sizes, scale: mean.exp(), round_effects: vec![0.0; cells.len()], cells };
        panel.winsorize();
        panel.align_rounds();
        Ok(panel)
    }

    /// The panels of two sides that were measured in pairs of rounds: the first's own, and for the second that plus the
    /// difference of each pair.
    ///
    /// What both sides of a pair met is in both panels and cancels in any comparison that leaves rounds out of both at once. What is
    /// winsorized on the second side is the difference: a spike on one side stands out there, and not among costs that drift.
    /// Every round has to have every size on both sides.
    pub(crate) fn paired(first: &Observations, second: &Observations) -> Result<(Self, Self), FitError> {
        let ratios = first.points().zip(second.points()).map(|((size, round, before), (.., after))| {
            // A ratio of two costs is a cost like any other to what lays them out.
            (size, round, if before > 0.0 { after / before } else { f64::NAN })
        });
        let differences = Observations::new(ratios).map_err(|_| FitError::Range)?;
        let (before, differences) = (Self::new(first)?, Self::new(&differences)?);
        let add = |(row, differences): (&Vec<Option<f64>>, &Vec<Option<f64>>)| -> Vec<Option<f64>> {
            row.iter().zip(differences).map(|(a, b)| Some((*a)? + (*b)?)).collect()
        };
        let mut after = Self {
            sizes: before.sizes.clone(),
            scale: before.scale * differences.scale,
            cells: before.cells.iter().zip(&differences.cells).map(add).collect(),
            round_effects: vec![0.0; before.cells.len()],
        };
        after.align_rounds();
        Ok((before, after))
    }

    /// The correlation of successive pairs of rounds with `other`, from the differences at all sizes.
    pub(crate) fn serial_correlation(&self, other: &Self) -> f64 {
        let difference = |size: usize| -> Vec<f64> {
            let rows = self.cells.iter().zip(&other.cells);
            rows.filter_map(|(before, after)| Some(after[size]? - before[size]?)).collect()
        };
        let all: Vec<Vec<f64>> = (0..self.sizes.len()).map(difference).collect();
        serial_correlation(all.iter().map(Vec::as_slice))
    }

    pub(crate) fn n_rounds(&self) -> usize {
        self.cells.len()
    }

    /// The pooled cost of each size relative to `scale`: the geometric mean over the rounds, leaving one of them out on
    /// request. Round effects are shared out evenly when cells are missing.
    pub(crate) fn pooled(&self, without: Option<usize>) -> Vec<f64> {
        let rounds: Vec<usize> = (0..self.n_rounds()).filter(|r| Some(*r) != without).collect();
        let level = rounds.iter().map(|&r| self.round_effects[r]).sum::<f64>() / rounds.len() as f64;
        (0..self.sizes.len())
            .map(|s| {
                let (mut sum, mut n) = (0.0, 0.0_f64);
                for &r in &rounds {
                    if let Some(v) = self.cells[r][s] {
                        sum += v - self.round_effects[r];
                        n += 1.0;
                    }
                }
                (sum / n + level).exp()
            })
            .collect()
    }

    /// What is left of the cells after size and round effects, in units of a pooled relative cost. A size's place among
    /// the others varies by this much; the level that all share varies more when rounds differ.
    pub(crate) fn pure_error(&self) -> PureError {
        let n_cells = self.cells.iter().flatten().flatten().count();
        let degrees_of_freedom = (n_cells + 1).saturating_sub(self.sizes.len() + self.n_rounds());
        let centres = self.size_means();
        let per_size = n_cells as f64 / self.sizes.len() as f64;
        let sum: f64 = self.residuals(&centres).iter().flatten().flatten().map(|e| e * e).sum();
        PureError { sum_of_squares: sum / per_size, degrees_of_freedom }
    }

    /// The variances of one cell around its size and round, and of rounds around their mean; `None` with one round. Both are relative.
    pub(crate) fn variances(&self) -> Option<(f64, f64)> {
        let (rounds, error) = (self.n_rounds() as f64, self.pure_error());
        if rounds < 2.0 || error.degrees_of_freedom == 0 {
            return None;
        }
        let per_size = self.cells.iter().flatten().flatten().count() as f64 / self.sizes.len() as f64;
        let cell = per_size * error.sum_of_squares / error.degrees_of_freedom as f64;
        let effects: f64 = self.round_effects.iter().map(|effect| effect * effect).sum();
        // Effects are centred, and hold the mean of the errors of their cells.
        let round = (effects / (rounds - 1.0) - cell / self.sizes.len() as f64).max(0.0);
        Some((cell, round))
    }

    /// The variance of the cells of each size around their mean, without the effects of rounds, and its degrees of freedom.
    pub(crate) fn size_variances(&self) -> Vec<(f64, f64)> {
        let residuals = self.residuals(&self.size_means());
        let n_sizes = self.sizes.len() as f64;
        let of_size = |size: usize| {
            let errors: Vec<f64> = residuals.iter().filter_map(|row| row[size]).collect();
            let spare = errors.len().saturating_sub(1) as f64;
            let sum: f64 = errors.iter().map(|error| error * error).sum();
            // Effects of rounds take one degree of freedom each, shared by all sizes.
            (sum / spare.max(1.0), spare * (1.0 - 1.0 / n_sizes))
        };
        (0..self.sizes.len()).map(of_size).collect()
    }

    fn size_means(&self) -> Vec<f64> {
        (0..self.sizes.len())
            .map(|s| mean(self.cells.iter().zip(&self.round_effects).filter_map(|(row, e)| row[s].map(|v| v - e))))
            .collect()
    }

    fn residuals(&self, centres: &[f64]) -> Vec<Vec<Option<f64>>> {
        self.cells
            .iter()
            .zip(&self.round_effects)
            .map(|(row, effect)| row.iter().zip(centres).map(|(v, c)| v.map(|v| v - c - effect)).collect())
            .collect()
    }

    /// Tukey's median polish finds the places, then cells and whole rounds beyond the fence are winsorized.
    fn winsorize(&mut self) {
        if self.n_rounds() < 3 {
            return;
        }
        let n_sizes = self.sizes.len();
        let mut centres = vec![0.0; n_sizes];
        for _ in 0..POLISH_STEPS {
            for (s, centre) in centres.iter_mut().enumerate() {
                *centre = median_or_zero(
                    self.cells.iter().zip(&self.round_effects).filter_map(|(row, e)| row[s].map(|v| v - e)),
                );
            }
            for (row, effect) in self.cells.iter().zip(&mut self.round_effects) {
                *effect = median_or_zero(row.iter().zip(&centres).filter_map(|(v, c)| v.map(|v| v - c)));
            }
        }
        let residuals = self.residuals(&centres);
        let pooled_sd = MAD_TO_SD * median_or_zero(residuals.iter().flatten().flatten().map(|e| e.abs()));
        for s in 0..n_sizes {
            // A size that is noisier than the rest has a fence of its own.
            let own_sd = MAD_TO_SD * median_or_zero(residuals.iter().filter_map(|row| row[s]).map(f64::abs));
            let fence = FENCE * pooled_sd.max(own_sd);
            for (row, (errors, effect)) in self.cells.iter_mut().zip(residuals.iter().zip(&self.round_effects)) {
                if let Some(e) = errors[s] {
                    row[s] = Some(centres[s] + effect + e.clamp(-fence, fence));
                }
            }
        }
        let centre = median_or_zero(self.round_effects.iter().copied());
        let rounds_sd = MAD_TO_SD * median_or_zero(self.round_effects.iter().map(|e| (e - centre).abs()));
        let fence = FENCE * rounds_sd.max(pooled_sd);
        for (row, effect) in self.cells.iter_mut().zip(&self.round_effects) {
            let fenced = (effect - centre).clamp(-fence, fence) + centre;
            row.iter_mut().flatten().for_each(|v| *v += fenced - effect);
        }
    }

    /// Least squares round effects: alternating means, exact after one step when no cell is missing.
    fn align_rounds(&mut self) {
        self.round_effects.iter_mut().for_each(|e| *e = 0.0);
        for _ in 0..ALIGN_STEPS {
            let centres = self.size_means();
            for (row, effect) in self.cells.iter().zip(&mut self.round_effects) {
                *effect = mean(row.iter().zip(&centres).filter_map(|(v, c)| v.map(|v| v - c)));
            }
            let level = mean(self.round_effects.iter().copied());
            self.round_effects.iter_mut().for_each(|e| *e -= level);
        }
    }
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0_f64);
    for v in values {
        sum += v;
        n += 1.0;
    }
    if n > 0.0 { sum / n } else { 0.0 }
}

/// The middle value, or the mean of the two; `None` of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some(f64::midpoint(sorted[last / 2], sorted[sorted.len() / 2]))
}

/// The same of values of which there is one where it matters.
fn median_or_zero(values: impl Iterator<Item = f64>) -> f64 {
    median(values).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_value_or_between_the_two() {
        assert_eq!(median([2.0, 90.0, 1.0]), Some(2.0), "a disturbed run");
        assert_eq!(median([2.0, -90.0, 1.0, 3.0]), Some(1.5));
        assert_eq!(median([]), None);
    }
}
