//! From the windows of cases and the readings of a meter to energy per inference; pure.

use super::{Alignment, EnergyError, Load, Readings, align};
use crate::record::{Span, Window};

/// The idle power before and after a window may differ by this share of it.
const MAX_POWER_APART: f64 = 0.25;

/// By how much the error of the log's clock may change the energy of a case: a third of what the gate tolerates of a cost.
const MAX_CLOCK_SHARE: f64 = 0.05;

/// What a meter reported, by this machine's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Metered {
    /// The meter, as the protocol of a series has it.
    pub description: String,
    readings: Readings,
    /// How the clock of its log was found, where it was.
    pub alignment: Option<Alignment>,
}

impl Metered {
    /// Readings whose times are this machine's.
    pub fn new(description: String, readings: Readings) -> Self {
        Self { description, readings, alignment: None }
    }

    /// Readings whose times are another clock's, which is found by the CPU use of all cases.
    ///
    /// # Errors
    /// Those of [`align()`].
    pub fn aligned(description: String, readings: &Readings, loads: &[Load]) -> Result<Self, String> {
        let alignment = align(loads, readings)?;
        Ok(Self { description, readings: readings.shifted(alignment.offset_s), alignment: Some(alignment) })
    }

    /// The energy of each window above the idle power around it.
    ///
    /// A live meter may not have told all yet when its log is read: one window that its readings end in is left out. Two are a meter that
    /// was switched off.
    ///
    /// # Errors
    /// The first window of which nothing is known, or of which too little is by the error of the clock, with the reason.
    pub fn energies(&self, windows: &[Window]) -> Result<Energies, (Window, EnergyError)> {
        let all = energies(windows, &self.readings)?;
        let Some(alignment) = self.alignment else { return Ok(all) };
        let mut clock_share: f64 = 0.0;
        for shift_s in [-alignment.error_s, alignment.error_s] {
            let shifted = energies(windows, &self.readings.shifted(shift_s))?;
            for window in windows {
                let Some((here, there)) = case(&all, window).zip(case(&shifted, window)) else { continue };
                let share = (there.per_inference_j - here.per_inference_j).abs() / here.per_inference_j;
                if !share.is_finite() {
                    return Err((*window, EnergyError::Unknown(NOTHING_ABOVE_IDLE.to_owned())));
                }
                if share > MAX_CLOCK_SHARE {
                    return Err((*window, unclear(&alignment, share)));
                }
                clock_share = clock_share.max(share);
            }
        }
        Ok(Energies { clock_share, ..all })
    }
}

/// Of a window whose inferences took no more than idleness does.
const NOTHING_ABOVE_IDLE: &str =
    "no energy above idle is seen, so that nobody knows what the log's clock changes of it; take longer windows";

fn case(all: &Energies, window: &Window) -> Option<Energy> {
    all.cases.iter().find(|case| (case.size, case.round) == (window.size, window.round)).copied()
}

fn unclear(alignment: &Alignment, share: f64) -> EnergyError {
    EnergyError::Unknown(format!(
        "the log's clock is known to {:.2} s, which changes the energy by {:.0} %, and {:.0} % are allowed; take longer windows or a faster log",
        alignment.error_s,
        100.0 * share,
        100.0 * MAX_CLOCK_SHARE
    ))
}

/// What one case used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    /// Position on the axis.
    pub size: u64,
    /// Round, from 0.
    pub round: u32,
    /// Joules above idle for each inference.
    pub per_inference_j: f64,
    /// Mean power while inferences ran, in watts, idle power included.
    pub busy_w: f64,
}

/// What the cases of a workload used.
#[derive(Debug, Clone, PartialEq)]
pub struct Energies {
    /// In the order of the windows.
    pub cases: Vec<Energy>,
    /// The last window, with the reason, if the readings end within it.
    pub lost: Option<(Window, EnergyError)>,
    /// By how much the error of the log's clock changes the energy of a case at the most, as a share of it.
    pub clock_share: f64,
}

fn energies(windows: &[Window], readings: &Readings) -> Result<Energies, (Window, EnergyError)> {
    let mut all = Energies { cases: Vec::with_capacity(windows.len()), lost: None, clock_share: 0.0 };
    for window in windows {
        match energy(window, readings) {
            Ok(energy) => all.cases.push(energy),
            Err(error @ EnergyError::EndsEarly { .. }) if all.lost.is_none() && windows.len() > 1 => {
                all.lost = Some((*window, error));
            }
            Err(error) => return Err((*window, error)),
        }
    }
    Ok(all)
}

fn energy(window: &Window, readings: &Readings) -> Result<Energy, EnergyError> {
    let mean = |span: Span| Ok::<_, EnergyError>(readings.energy_j(span.from_s, span.to_s)? / span.duration_s());
    let (before, busy_w, after) = (mean(window.before)?, mean(window.busy)?, mean(window.after)?);
    let idle_w = f64::midpoint(before, after);
    if (before - after).abs() > MAX_POWER_APART * idle_w {
        let cause = format!("idle power was {before:.2} W before and {after:.2} W after, which is no level");
        return Err(EnergyError::Unknown(cause));
    }
    let per_inference_j = (busy_w - idle_w).max(0.0) * window.busy.duration_s() / window.inferences as f64;
    Ok(Energy { size: window.size, round: window.round, per_inference_j, busy_w })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of 1 s, each with the idle second before it and after it, one case every 4 s.
    fn windows(count: u32) -> Vec<Window> {
        let window = |round: u32| {
            let start = 4.0 * f64::from(round);
            let span = |from: f64| Span { from_s: start + from, to_s: start + from + 1.0 };
            Window { size: 16, round, inferences: 10, before: span(0.0), busy: span(1.0), after: span(2.0) }
        };
        (0..count).map(window).collect()
    }

    /// 3 W, and 8 W in every busy second; a hundred readings a second up to `end`.
    fn readings(end: f64) -> Readings {
        let count = (100.0 * end) as u32;
        let watts = |t: f64| if (1.0..2.0).contains(&(t % 4.0)) { 8.0 } else { 3.0 };
        Readings::Power((0..=count).map(|i| f64::from(i) / 100.0).map(|t| (t, watts(t))).collect())
    }

    #[test]
    fn energy_is_what_is_above_idle_for_each_inference() {
        let all = energies(&windows(3), &readings(12.0)).unwrap();
        assert!(all.lost.is_none());
        for case in all.cases {
            assert!((case.per_inference_j - 0.5).abs() < 0.02 && (case.busy_w - 8.0).abs() < 0.1, "{case:?}");
        }
    }

    #[test]
    fn a_log_that_ends_within_the_last_window_loses_that_one_alone() {
        let all = energies(&windows(3), &readings(10.99)).unwrap();
        assert_eq!(all.cases.len(), 2);
        let (window, error) = all.lost.unwrap();
        assert_eq!(window.round, 2);
        insta::assert_snapshot!(error, @"the readings end 0.010 s before the window does");
    }

    #[test]
    fn a_clock_that_is_hardly_known_gives_no_energy() {
        let metered = |error_s| {
            let alignment = Some(Alignment { offset_s: 0.0, error_s, correlation: 0.9 });
            Metered { description: "a log".to_owned(), readings: readings(16.0), alignment }.energies(&windows(3)[1..])
        };
        let share = metered(0.02).unwrap().clock_share;
        assert!(share > 0.0 && share < MAX_CLOCK_SHARE, "{share}");
        insta::assert_snapshot!(metered(0.1).unwrap_err().1, @"the log's clock is known to 0.10 s, which changes the energy by 15 %, and 5 % are allowed; take longer windows or a faster log");
    }

    #[test]
    fn a_log_that_ends_two_windows_early_gives_no_energy() {
        let (window, _) = energies(&windows(3), &readings(6.5)).unwrap_err();
        assert_eq!(window.round, 2, "the second is forgiven, the third is not");
        assert!(energies(&windows(1), &readings(2.5)).is_err(), "nothing would be left");
    }
}
