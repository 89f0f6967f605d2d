//! Which weights become products, and of which rank: the one place that decides.

use super::Cut;

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// The share of the parameters of all compressible weights that may remain, in (0, 1]. It is shared over the weights
    /// by where a parameter saved costs the least.
    Keep(f64),
    /// The largest relative error of any weight, in (0, 1).
    Error(f64),
    /// One rank (bond dimension) for all weights.
    Rank(usize),
}

/// One way to replace a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub(super) cut: Cut,
    pub(super) rank: usize,
    pub(super) parameters: usize,
    /// Relative squared error: of the weight, or of its output if it was calibrated.
    pub(super) loss: f64,
}

/// All the ways to replace a weight that are smaller and faster than itself.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// Of the weight itself.
    pub(super) parameters: usize,
    pub(super) choices: Vec<Choice>,
}

impl Candidates {
    /// The choices for a weight of shape `[m, n]`, by the singular values of each cut.
    pub(super) fn new(shape: [usize; 2], spectra: &[(Cut, Vec<f64>)]) -> Self {
        let parameters = shape[0] * shape[1];
        let mut choices = Vec::new();
        for (cut, values) in spectra {
            let total: f64 = values.iter().map(|value| value * value).sum();
            let mut tail = total;
            for (index, value) in values.iter().enumerate() {
                let rank = index + 1;
                tail -= value * value;
                if rank * cut.parameters(shape) >= parameters || rank * cut.multiplications(shape) >= parameters {
                    break;
                }
                // A weight of zeros loses nothing.
                let loss = if total > 0.0 { tail.max(0.0) / total } else { 0.0 };
                choices.push(Choice { cut: *cut, rank, parameters: rank * cut.parameters(shape), loss });
            }
        }
        Self { parameters, choices }
    }

    /// Parameters and loss of a choice, or of the weight itself.
    fn cost(&self, choice: Option<Choice>) -> (usize, f64) {
        choice.map_or((self.parameters, 0.0), |choice| (choice.parameters, choice.loss))
    }

    /// The choices on the lower convex hull of loss over parameters, by falling size, the weight itself first.
    fn hull(&self) -> Vec<Option<Choice>> {
        let mut sorted = self.choices.clone();
        sorted.sort_by(|a, b| b.parameters.cmp(&a.parameters).then(b.loss.total_cmp(&a.loss)));
        let mut hull: Vec<Option<Choice>> = vec![None];
        for choice in sorted {
            let next = self.cost(Some(choice));
            while let [.., before, last] = hull[..] {
                if slope(self.cost(before), self.cost(last)) < slope(self.cost(last), next) {
                    break;
                }
                hull.pop();
            }
            hull.push(Some(choice));
        }
        hull
    }
}

/// Loss for each parameter saved on the way from one choice to a smaller one.
fn slope(from: (usize, f64), to: (usize, f64)) -> f64 {
    (to.1 - from.1) / (from.0 - to.0).max(1) as f64
}

/// A choice for each weight; none where the weight is left as it is.
pub(super) fn share(weights: &[Candidates], budget: Budget) -> Vec<Option<Choice>> {
    let smallest = |candidates: &Candidates, keep: &dyn Fn(&Choice) -> bool| {
        let kept = candidates.choices.iter().copied().filter(keep);
        kept.min_by(|a, b| a.parameters.cmp(&b.parameters).then(a.loss.total_cmp(&b.loss)))
    };
    match budget {
        Budget::Keep(share) => {
            let total: usize = weights.iter().map(|candidates| candidates.parameters).sum();
            keep(weights, (share * total as f64) as usize)
        }
        Budget::Error(error) => {
            weights.iter().map(|candidates| smallest(candidates, &|choice| choice.loss <= error * error)).collect()
        }
        Budget::Rank(rank) => {
            let of_rank = |candidates: &Candidates| {
                let choices = candidates.choices.iter().copied().filter(|choice| choice.rank == rank);
                choices.min_by(|a, b| a.loss.total_cmp(&b.loss))
            };
            weights.iter().map(of_rank).collect()
        }
    }
}

/// Goes down all hulls at once, the flattest step first, until `limit` parameters are left at most. Along convex hulls this
/// is the smallest sum of losses for the parameters that each step ends with; what the last step leaves over is
/// spent where it helps most.
fn keep(weights: &[Candidates], limit: usize) -> Vec<Option<Choice>> {
    let hulls: Vec<_> = weights.iter().map(Candidates::hull).collect();
    let mut at = vec![0; weights.len()];
    let mut left: usize = weights.iter().map(|candidates| candidates.parameters).sum();
    while left > limit {
        let steps = hulls.iter().zip(weights).zip(&at).enumerate().filter_map(|(index, ((hull, candidates), &at))| {
            let (from, to) = (candidates.cost(hull[at]), candidates.cost(*hull.get(at + 1)?));
            Some((slope(from, to), index, from.0 - to.0))
        });
        let Some((_, index, saved)) = steps.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))) else { break };
        at[index] += 1;
        left -= saved;
    }
    let mut chosen: Vec<_> = hulls.iter().zip(&at).map(|(hull, &at)| hull[at]).collect();
    while let Some((index, choice)) = best_addition(weights, &chosen, limit.saturating_sub(left)) {
        left += choice.parameters - weights[index].cost(chosen[index]).0;
        chosen[index] = Some(choice);
    }
    chosen
}

/// The larger choice that lowers the loss most for each of its parameters, of those that fit into `spare` parameters.
fn best_addition(weights: &[Candidates], chosen: &[Option<Choice>], spare: usize) -> Option<(usize, Choice)> {
    let mut best: Option<(f64, usize, Choice)> = None;
    for (index, (candidates, chosen)) in weights.iter().zip(chosen).enumerate() {
        let Some(now) = chosen else { continue };
        for choice in &candidates.choices {
            let more = choice.parameters.saturating_sub(now.parameters);
            if more == 0 || more > spare || choice.loss >= now.loss {
                continue;
            }
            let gain = (now.loss - choice.loss) / more as f64;
            if best.is_none_or(|(best, ..)| gain > best) {
                best = Some((gain, index, *choice));
            }
        }
    }
    best.map(|(_, index, choice)| (index, choice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometric(length: usize, ratio: f64) -> Vec<f64> {
        (0..length).map(|index| ratio.powi(index as i32)).collect()
    }

    fn square(ratio: f64) -> Candidates {
        Candidates::new([64, 64], &[(Cut::NONE, geometric(64, ratio))])
    }

    fn left(weights: &[Candidates], chosen: &[Option<Choice>]) -> usize {
        weights.iter().zip(chosen).map(|(candidates, choice)| candidates.cost(*choice).0).sum()
    }

    #[test]
    fn all_choices_are_smaller_than_the_weight() {
        assert_eq!(square(0.9).choices.len(), 31);
        assert!(Candidates::new([2, 2], &[(Cut::NONE, vec![1.0, 0.5])]).choices.is_empty());
    }

    #[test]
    fn the_budget_is_kept_and_used() {
        let weights = [square(0.9), square(0.8), square(0.99)];
        for share in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let chosen = super::share(&weights, Budget::Keep(share));
            let share_left = left(&weights, &chosen) as f64 / (3.0 * 4096.0);
            assert!(share_left <= share, "{share_left} of {share}");
        }
        assert_eq!(super::share(&weights, Budget::Keep(1.0)), [None; 3]);
    }

    #[test]
    fn weights_that_lose_little_give_most() {
        let weights = [square(0.6), square(0.98)];
        let chosen = share(&weights, Budget::Keep(0.6));
        // All that is left for the other weight are 819 parameters, 6 ranks of 128.
        assert_eq!((chosen[0].map(|choice| choice.rank), chosen[1]), (Some(6), None));
    }

    #[test]
    fn no_exchange_of_single_ranks_is_better() {
        let weights = [square(0.9), square(0.85), square(0.8)];
        let chosen: Vec<Choice> = share(&weights, Budget::Keep(0.3)).into_iter().flatten().collect();
        assert_eq!(chosen.len(), 3);
        let loss = |index: usize, rank: usize| weights[index].choices[rank - 1].loss;
        for (i, j) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            let now = chosen[i].loss + chosen[j].loss;
            assert!(loss(i, chosen[i].rank + 1) + loss(j, chosen[j].rank - 1) >= now);
        }
    }

    #[test]
    fn an_error_is_kept_by_every_weight() {
        let weights = [square(0.9), square(0.8), square(0.999)];
        let chosen = share(&weights, Budget::Error(0.1));
        assert_eq!(chosen[2], None, "half of its ranks lose more than that");
        for (candidates, choice) in weights.iter().zip(&chosen).take(2) {
            let choice = choice.unwrap();
            assert!(choice.loss <= 0.01 && candidates.choices[choice.rank - 2].loss > 0.01);
        }
    }

    #[test]
    fn one_rank_for_all() {
        let chosen = share(&[square(0.9), square(0.8)], Budget::Rank(5));
        assert!(chosen.iter().all(|choice| choice.is_some_and(|choice| choice.rank == 5)));
        assert_eq!(share(&[square(0.9)], Budget::Rank(32)), [None], "it would be no smaller");
    }
}
