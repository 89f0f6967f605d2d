//! What changes between two runs of one program, which the rounds of neither show: a neighbour, the placement of its memory, the weather.
//!
//! In: a quantity of runs that were accepted, and of one more. Out: its change with a variance in which each run has an error of its own,
//! by a one-way model with random effects: the value of a run is the program's, plus what this run met, plus the error of its rounds.
//! The variance between runs is estimated by moments (DerSimonian and Laird, *Meta-analysis in clinical trials*, Controlled Clinical
//! Trials 7, 1986), and moderated by a prior, since a few runs say little about a variance: a weighted mean with [`PRIOR_VARIANCE`] that
//! counts as [`PRIOR_DF`] degrees of freedom (Smyth, *Linear models and empirical Bayes methods*, Stat. Appl. Genet. Mol. Biol. 3, 2004,
//! §4). With one accepted run the prior is all that is known.

use crate::law::Spread;

/// The prior standard deviation of the logarithm of a cost between runs.
///
/// Published spreads of one program on one type of machine go from 0.03 % to more than 100 % (Laaber, Scheuner and Leitner, *Software
/// microbenchmarking in the cloud*, Empirical Software Engineering 24, 2019; Maricq et al., *Taming performance variability*, OSDI 2018,
/// for 835 servers), so that no one value is right. Those that this project measured on shared machines with two cores are in
/// `docs/evidence/rounds.md`: 2 % to 14 % between runs that met the same load. This value is above their middle, because the next run may meet
/// another load.
const PRIOR_SD: f64 = 0.08;
const PRIOR_VARIANCE: f64 = PRIOR_SD * PRIOR_SD;

/// How many degrees of freedom the prior is worth. With 4, nine in ten hosts and programs have a spread between 5 % and 19 %: their
/// variance is [`PRIOR_VARIANCE`] over a χ² of 4 degrees of freedom divided by 4. More would be believed against what accepted runs
/// show; with 2 or fewer, one accepted run could not even see a cost that is ten times higher.
const PRIOR_DF: f64 = 4.0;

/// The change from the mean of `accepted` to `run`, whose errors between runs are `factor` times those of the accepted: 1 for
/// logarithms, the ratio for what is relative to the accepted mean.
///
/// The degrees of freedom are Satterthwaite's (*An approximate distribution of estimates of variance components*, Biometrics Bulletin 2,
/// 1946). Of a run with one round the error of its rounds is unknown: an accepted one has it in how far it lies from the others, and a
/// new one has that of one round of the accepted ones, if these have several.
pub(super) fn change(accepted: &[Spread], run: Spread, factor: f64) -> Spread {
    let runs = accepted.len() as f64;
    let centre = mean(accepted.iter().map(|it| it.estimate));
    let within = mean(accepted.iter().map(square));
    let (between, df_between) = between(accepted);
    let (own, df_own) = own(accepted, run, factor);
    let df_within: f64 = with_rounds(accepted).map(|it| it.degrees_of_freedom).sum();
    let parts = [
        (factor.powi(2) * between * (1.0 + 1.0 / runs), df_between),
        (own, df_own),
        (factor.powi(2) * within / runs, df_within),
    ];
    joined(run.estimate - centre, &parts)
}

/// The value of the program, from one `run` of it, with what `accepted` runs say of how runs differ; there may be none.
pub(super) fn of_one(accepted: &[Spread], run: Spread) -> Spread {
    joined(run.estimate, &[between(accepted), own(accepted, run, 1.0)])
}

fn joined(estimate: f64, parts: &[(f64, f64)]) -> Spread {
    let variance: f64 = parts.iter().map(|(variance, _)| variance).sum();
    let weighted = parts.iter().filter(|(variance, _)| *variance > 0.0).map(|(variance, df)| variance * variance / df);
    Spread {
        estimate,
        standard_error: variance.sqrt(),
        degrees_of_freedom: variance * variance / weighted.sum::<f64>(),
    }
}

fn square(spread: &Spread) -> f64 {
    spread.standard_error.powi(2)
}

fn with_rounds(accepted: &[Spread]) -> impl Iterator<Item = &Spread> {
    accepted.iter().filter(|it| it.degrees_of_freedom > 0.0)
}

/// The variance between runs, moderated by the prior, with its degrees of freedom.
fn between(accepted: &[Spread]) -> (f64, f64) {
    let runs = accepted.len() as f64;
    if accepted.is_empty() {
        return (PRIOR_VARIANCE, PRIOR_DF);
    }
    let centre = mean(accepted.iter().map(|it| it.estimate));
    let within = mean(accepted.iter().map(square));
    let squares: f64 = accepted.iter().map(|it| (it.estimate - centre).powi(2)).sum();
    // Of the squares of runs − 1 degrees of freedom, what rounds explain.
    let observed = (squares - (runs - 1.0) * within).max(0.0);
    let df_between = PRIOR_DF + runs - 1.0;
    ((PRIOR_DF * PRIOR_VARIANCE + observed) / df_between, df_between)
}

/// The variance of the rounds of a run, with its degrees of freedom.
fn own(accepted: &[Spread], run: Spread, factor: f64) -> (f64, f64) {
    let df_within: f64 = with_rounds(accepted).map(|it| it.degrees_of_freedom).sum();
    if run.degrees_of_freedom > 0.0 {
        (square(&run), run.degrees_of_freedom)
    } else if df_within > 0.0 {
        let of_one_round = mean(with_rounds(accepted).map(|it| square(it) * (it.degrees_of_freedom + 1.0)));
        (factor.powi(2) * of_one_round, df_within)
    } else {
        (0.0, 1.0)
    }
}

/// The mean of what is not empty.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0_f64), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(estimate: f64, standard_error: f64) -> Spread {
        Spread { estimate, standard_error, degrees_of_freedom: 9.0 }
    }

    #[test]
    fn one_accepted_run_has_the_prior_alone() {
        let change = change(&[Spread::of_one(1.0)], Spread::of_one(1.5), 1.0);
        assert_eq!((change.estimate, change.degrees_of_freedom), (0.5, PRIOR_DF));
        assert!((change.standard_error - PRIOR_SD * 2.0_f64.sqrt()).abs() < 1e-12, "both runs have an error");
    }

    #[test]
    fn runs_that_agree_count_against_the_prior_and_runs_that_do_not_for_more() {
        let of = |spread: f64| {
            let accepted: Vec<Spread> = [-1.0, -0.5, 0.0, 0.5, 1.0].iter().map(|z| run(spread * z, 0.001)).collect();
            change(&accepted, run(0.0, 0.001), 1.0)
        };
        let prior = change(&[run(0.0, 0.001)], run(0.0, 0.001), 1.0);
        assert!(of(0.01).standard_error < 0.75 * prior.standard_error);
        assert!(of(0.30).standard_error > 1.2 * prior.standard_error);
        assert!(of(0.01).degrees_of_freedom >= PRIOR_DF + 4.0);
    }

    #[test]
    fn what_rounds_explain_is_no_spread_between_runs() {
        let accepted = |error: f64| [-0.1, 0.0, 0.1].map(|it| run(it, error));
        let noisy = change(&accepted(0.1), run(0.0, 0.0), 1.0);
        let between = (PRIOR_DF * PRIOR_VARIANCE / (PRIOR_DF + 2.0)) * (4.0 / 3.0);
        assert!((noisy.standard_error.powi(2) - between - 0.01 / 3.0).abs() < 1e-12, "{noisy:?}");
        assert!(change(&accepted(0.0), run(0.0, 0.0), 1.0).standard_error.powi(2) > between + 0.003);
    }

    #[test]
    fn a_run_of_one_round_has_the_error_of_one_round() {
        let one = change(&[run(0.0, 0.1)], Spread::of_one(0.0), 1.0);
        let variance = 2.0 * PRIOR_VARIANCE + 10.0 * 0.01 + 0.01;
        assert!((one.standard_error.powi(2) - variance).abs() < 1e-12, "{one:?}");
    }
}
