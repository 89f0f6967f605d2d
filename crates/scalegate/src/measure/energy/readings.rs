//! Readings of a meter, and the energy between two times; pure.

/// A power reading is one moment; fewer of them than this in a window are no mean.
pub const LEAST_READINGS: usize = 20;

/// Readings further apart than this many times their usual distance have a gap between them.
const GAP: f64 = 3.0;

/// Readings that are further from a window than this are those of another clock, or of another day.
const OTHER_CLOCK_S: f64 = 3600.0;

/// What a meter reported, in the order of time; times are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub enum Readings {
    /// Joules since some beginning.
    Counter(Vec<(f64, f64)>),
    /// Watts at that moment.
    Power(Vec<(f64, f64)>),
}

/// Readings of a meter as they come in. The first one that fails makes all of them worthless, since an area cannot have a
/// hole in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Collected(Result<Vec<(f64, f64)>, String>);

impl Collected {
    pub(super) fn new() -> Self {
        Self(Ok(Vec::new()))
    }

    pub(super) fn push(&mut self, unix_s: f64, reading: Result<f64, String>) {
        match (&mut self.0, reading) {
            (Ok(readings), Ok(value)) => readings.push((unix_s, value)),
            (readings @ Ok(_), Err(reason)) => *readings = Err(reason),
            (Err(_), _) => {}
        }
    }

    pub(super) fn all(&self) -> Result<Vec<(f64, f64)>, String> {
        self.0.clone()
    }
}

/// Why the energy of a window is unknown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EnergyError {
    /// The meter had not told all when its readings were taken.
    #[error("the readings end {by_s:.3} s before the window does")]
    EndsEarly {
        /// By how many seconds.
        by_s: f64,
    },
    /// The readings say nothing of the window, or not enough.
    #[error("{0}")]
    Unknown(String),
}

impl Readings {
    /// The same at times that are so many seconds later.
    #[must_use]
    pub fn shifted(&self, by_s: f64) -> Self {
        let shifted = |readings: &[(f64, f64)]| readings.iter().map(|(time, value)| (time + by_s, *value)).collect();
        match self {
            Self::Counter(readings) => Self::Counter(shifted(readings)),
            Self::Power(readings) => Self::Power(shifted(readings)),
        }
    }

    /// The time of the last reading, in seconds since 1970.
    pub fn last_s(&self) -> Option<f64> {
        let (Self::Counter(readings) | Self::Power(readings)) = self;
        readings.last().map(|(time, _)| *time)
    }

    /// Joules between two times.
    ///
    /// # Errors
    /// The readings do not cover that time, or are too few or too far apart for a figure that can be trusted.
    pub fn energy_j(&self, from_s: f64, to_s: f64) -> Result<f64, EnergyError> {
        match self {
            Self::Counter(readings) => {
                covers(readings, from_s, to_s)?;
                Ok(at(readings, to_s) - at(readings, from_s))
            }
            Self::Power(readings) => {
                covers(readings, from_s, to_s)?;
                let within: Vec<(f64, f64)> =
                    readings.iter().copied().filter(|(time, _)| (from_s..=to_s).contains(time)).collect();
                if within.len() < LEAST_READINGS {
                    return Err(EnergyError::Unknown(format!(
                        "{} readings of power in {:.2} s, and {LEAST_READINGS} are needed; sample faster, or take longer windows",
                        within.len(),
                        to_s - from_s
                    )));
                }
                let ends = |time| (time, at(readings, time));
                let all: Vec<(f64, f64)> = std::iter::once(ends(from_s)).chain(within).chain([ends(to_s)]).collect();
                gaps(&all)?;
                Ok(all.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum())
            }
        }
    }
}

fn covers(readings: &[(f64, f64)], from_s: f64, to_s: f64) -> Result<(), EnergyError> {
    let (Some(&(first, _)), Some(&(last, _))) = (readings.first(), readings.last()) else {
        return Err(EnergyError::Unknown("there are no readings".to_owned()));
    };
    if first <= from_s && to_s <= last {
        return Ok(());
    }
    if last + OTHER_CLOCK_S < from_s || to_s + OTHER_CLOCK_S < first {
        return Err(EnergyError::Unknown(format!(
            "the readings cover {first:.3} s to {last:.3} s, and the window is {from_s:.3} s to {to_s:.3} s (since 1970); \
             if it is another clock, give its offset as energy_log.offset_s, or set energy_log.align"
        )));
    }
    Err(if last < to_s {
        EnergyError::EndsEarly { by_s: to_s - last }
    } else {
        EnergyError::Unknown(format!("the readings begin {:.3} s after the window does", first - from_s))
    })
}

/// The value at a time between the first and the last reading, on the line between its neighbours.
fn at(readings: &[(f64, f64)], time: f64) -> f64 {
    let after = readings.partition_point(|(t, _)| *t < time);
    let Some(&(t1, v1)) = readings.get(after) else { return readings.last().map_or(0.0, |(_, v)| *v) };
    match after.checked_sub(1).map(|before| readings[before]) {
        Some((t0, v0)) if t1 > t0 => v0 + (v1 - v0) * (time - t0) / (t1 - t0),
        _ => v1,
    }
}

fn gaps(readings: &[(f64, f64)]) -> Result<(), EnergyError> {
    let mut distances: Vec<f64> = readings.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let (usual, largest) = (distances[distances.len() / 2], distances[distances.len() - 1]);
    if largest > GAP * usual {
        return Err(EnergyError::Unknown(format!(
            "the readings have a gap of {largest:.2} s, where they usually come every {usual:.3} s"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: f64 = 1.7e9;

    fn power(n: usize, watts: impl Fn(f64) -> f64) -> Readings {
        Readings::Power((0..n).map(|i| f64::from(i as u32) * 0.05).map(|t| (START + t, watts(t))).collect())
    }

    #[test]
    fn a_counter_gives_the_difference_between_its_ends() {
        let counter = Readings::Counter(vec![(START, 100.0), (START + 1.0, 105.0), (START + 3.0, 125.0)]);
        let energy = counter.energy_j(START + 0.5, START + 2.0).unwrap();
        assert!((energy - 12.5).abs() < 1e-6, "{energy}");
    }

    #[test]
    fn power_is_integrated_by_the_trapezoidal_rule_between_the_ends_of_the_window() {
        let energy = power(61, |t| 4.0 + t).energy_j(START + 0.51, START + 2.53).unwrap();
        let exact = 4.0 * 2.02 + (2.53f64.powi(2) - 0.51f64.powi(2)) / 2.0;
        assert!((energy / exact - 1.0).abs() < 1e-6, "{energy} {exact}");
    }

    #[test]
    fn fewer_than_twenty_readings_of_power_are_no_number() {
        let words = power(61, |_| 4.0).energy_j(START + 0.01, START + 0.96).unwrap_err();
        insta::assert_snapshot!(words, @"19 readings of power in 0.95 s, and 20 are needed; sample faster, or take longer windows");
    }

    #[test]
    fn a_gap_in_the_readings_is_no_number() {
        let Readings::Power(mut readings) = power(61, |_| 4.0) else { unreachable!() };
        readings.drain(30..36);
        let words = Readings::Power(readings).energy_j(START, START + 3.0).unwrap_err();
        insta::assert_snapshot!(words, @"the readings have a gap of 0.35 s, where they usually come every 0.050 s");
    }

    #[test]
    fn a_window_that_is_not_covered_is_no_number() {
        let words = |from, to| power(61, |_| 4.0).energy_j(START + from, START + to).unwrap_err();
        insta::assert_snapshot!(words(2.0, 3.01), @"the readings end 0.010 s before the window does");
        insta::assert_snapshot!(words(-0.5, 2.0), @"the readings begin 0.500 s after the window does");
        insta::assert_snapshot!(words(7200.0, 7202.0), @"the readings cover 1700000000.000 s to 1700000003.000 s, and the window is 1700007200.000 s to 1700007202.000 s (since 1970); if it is another clock, give its offset as energy_log.offset_s, or set energy_log.align");
        insta::assert_snapshot!(Readings::Counter(Vec::new()).energy_j(0.0, 1.0).unwrap_err(), @"there are no readings");
    }
}
