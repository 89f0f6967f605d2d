//! Processor time of prefill and decode of several models, relative to the first.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use scalegate::inference::Llm;

use super::Outcome;

/// Costs of a model divided by those of the first, medians over rounds.
pub(super) struct Cost {
    /// Of the line through the times of all sizes.
    pub(super) prefill_slope: f64,
    pub(super) prefill_largest: f64,
    pub(super) decode_largest: f64,
}

/// Times of one model in one round.
#[derive(Clone, Copy)]
struct Times {
    prefill_slope: f64,
    prefill_largest: f64,
    decode_largest: f64,
}

const ROUNDS: usize = 9;
/// A decode step takes a fraction of a millisecond, which is too short for one reading of the clock.
const STEPS: usize = 16;

/// Measures the models in `dirs` on the same tokens. All of them take their turn in every round and size, in an order that
/// shifts, so that a slow second hits all.
pub(super) fn measure(dirs: &[&Path], tokens: &[i64]) -> Outcome<Vec<Cost>> {
    let models = dirs.iter().map(|dir| Ok(Llm::load(dir)?)).collect::<Outcome<Vec<_>>>()?;
    let sizes: Vec<usize> = (1..=4).map(|quarter| tokens.len() * quarter / 4).collect();
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let mut prefill = vec![Vec::new(); models.len()];
        let mut decode = vec![0.0; models.len()];
        for &size in &sizes {
            for turn in 0..models.len() {
                let index = (turn + round) % models.len();
                prefill[index].push(prefill_s(&models[index], &tokens[..size])?);
            }
        }
        for turn in 0..models.len() {
            let index = (turn + round) % models.len();
            decode[index] = decode_s(&models[index], tokens)?;
        }
        let times = |(prefill, decode): (&Vec<f64>, f64)| Times {
            prefill_slope: slope(&sizes, prefill),
            prefill_largest: prefill[sizes.len() - 1],
            decode_largest: decode,
        };
        rounds.push(prefill.iter().zip(decode).map(times).collect::<Vec<_>>());
    }
    // In the first round everything is cold.
    rounds.remove(0);
    let relative = |index: usize, of: fn(&Times) -> f64| {
        let mut ratios: Vec<f64> = rounds.iter().map(|round| of(&round[index]) / of(&round[0])).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    let cost = |index| Cost {
        prefill_slope: relative(index, |times| times.prefill_slope),
        prefill_largest: relative(index, |times| times.prefill_largest),
        decode_largest: relative(index, |times| times.decode_largest),
    };
    Ok((0..models.len()).map(cost).collect())
}

fn prefill_s(model: &Llm, tokens: &[i64]) -> Outcome<f64> {
    let mut session = model.session(true);
    let start = processor_time()?;
    black_box(session.prefill(tokens)?);
    Ok((processor_time()? - start).as_secs_f64())
}

/// A step behind all tokens but the last ones.
fn decode_s(model: &Llm, tokens: &[i64]) -> Outcome<f64> {
    let (context, next) = tokens.split_at(tokens.len() - STEPS);
    let mut session = model.session(true);
    session.resume(context)?;
    let start = processor_time()?;
    for &token in next {
        black_box(session.decode(token)?);
    }
    Ok((processor_time()? - start).as_secs_f64() / STEPS as f64)
}

/// Of this thread, so that other processes count as little as they can.
fn processor_time() -> Outcome<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

/// Of the line of least squares.
fn slope(sizes: &[usize], times: &[f64]) -> f64 {
    let count = sizes.len() as f64;
    let mean_size = sizes.iter().sum::<usize>() as f64 / count;
    let mean_time = times.iter().sum::<f64>() / count;
    let products = sizes.iter().zip(times).map(|(&size, time)| (size as f64 - mean_size) * (time - mean_time));
    let squares = sizes.iter().map(|&size| (size as f64 - mean_size).powi(2));
    products.sum::<f64>() / squares.sum::<f64>()
}
