//! Whether a window was disturbed; pure.

use std::collections::BTreeMap;

use super::Conditions;
use super::parse::flags_now;

/// What is tolerated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// What other processes may use of the machine, in cores.
    pub others_cores: f64,
}

/// The conditions around a window, and what the measured process did in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// When it began.
    pub before: Conditions,
    /// When it had ended.
    pub after: Conditions,
    /// Its length in seconds.
    pub duration_s: f64,
    /// CPU time of the measured process within it, in seconds.
    pub own_cpu_s: f64,
}

impl Surroundings {
    /// What other processes used, in cores, if the host tells.
    pub fn others_cores(&self) -> Option<f64> {
        let busy_s = self.after.busy_s? - self.before.busy_s?;
        Some(((busy_s - self.own_cpu_s) / self.duration_s).max(0.0))
    }

    /// Names of the firmware's flags that were up at an end of the window, or that went up and down within it.
    fn flags(&self) -> Vec<&'static str> {
        let (before, after) = (self.before.firmware_flags.unwrap_or(0), self.after.firmware_flags.unwrap_or(0));
        let happened = (after & !before) >> 16;
        flags_now(before | after | happened)
    }

    fn throttle_events(&self) -> Option<u64> {
        Some(self.after.throttle_events?.saturating_sub(self.before.throttle_events?))
    }
}

/// Whether a window can be used.
///
/// # Errors
/// What disturbed it.
pub fn judge(surroundings: &Surroundings, limits: Limits) -> Result<(), String> {
    throttling(surroundings)?;
    match surroundings.others_cores() {
        Some(cores) if cores > limits.others_cores => Err(format!(
            "other processes used {cores:.2} cores, and {} are tolerated; end them, or raise others_cores",
            limits.others_cores
        )),
        _ => Ok(()),
    }
}

/// Whether the processor had its speed.
///
/// # Errors
/// What slowed it down.
pub fn throttling(surroundings: &Surroundings) -> Result<(), String> {
    let flags = surroundings.flags();
    if !flags.is_empty() {
        return Err(format!("the firmware reports {}; fix power supply and cooling", flags.join(", ")));
    }
    if let Some(events) = surroundings.throttle_events().filter(|events| *events > 0) {
        return Err(format!("the CPU was throttled {events} times; fix its cooling"));
    }
    Ok(())
}

/// The conditions of several windows in a few words by name: ranges, and what is unknown.
pub fn summary(windows: &[Surroundings]) -> BTreeMap<String, String> {
    let ends = || windows.iter().flat_map(|window| [&window.before, &window.after]);
    let mut governors: Vec<&str> = ends().flat_map(|end| end.governors.iter().map(String::as_str)).collect();
    governors.sort_unstable();
    governors.dedup();
    let mut flags: Vec<&str> = windows.iter().flat_map(Surroundings::flags).collect();
    flags.sort_unstable();
    flags.dedup();
    let events: Vec<f64> =
        windows.iter().filter_map(Surroundings::throttle_events).map(|events| events as f64).collect();
    let has_firmware = ends().any(|end| end.firmware_flags.is_some());
    let throttled = match (events.iter().sum::<f64>(), flags.as_slice()) {
        (_, [_, ..]) => flags.join(", "),
        (0.0, []) if events.is_empty() && !has_firmware => UNKNOWN.to_owned(),
        (0.0, []) => "never".to_owned(),
        (times, []) => format!("{times} times"),
    };
    let entries = [
        ("frequency_mhz", range(ends().flat_map(|end| end.frequencies_mhz.iter().copied()), 0)),
        ("temperature_c", range(ends().filter_map(|end| end.temperature_c), 0)),
        ("others_cores", range(windows.iter().filter_map(Surroundings::others_cores), 2)),
        ("governor", if governors.is_empty() { UNKNOWN.to_owned() } else { governors.join(", ") }),
        ("throttled", throttled),
    ];
    entries.map(|(name, words)| (name.to_owned(), words)).into()
}

const UNKNOWN: &str = "unknown";

fn range(values: impl Iterator<Item = f64>, decimals: usize) -> String {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { UNKNOWN.to_owned() } else { format!("{low:.decimals$} to {high:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { others_cores: 0.5 };

    fn around(before: Conditions, after: Conditions) -> Surroundings {
        Surroundings { before, after, duration_s: 2.0, own_cpu_s: 2.0 }
    }

    fn busy(busy_s: f64) -> Conditions {
        Conditions { busy_s: Some(busy_s), ..Conditions::default() }
    }

    fn firmware(flags: u32) -> Conditions {
        Conditions { firmware_flags: Some(flags), ..Conditions::default() }
    }

    #[test]
    fn the_load_of_others_is_what_the_own_process_did_not_use() {
        assert_eq!(around(busy(10.0), busy(12.5)).others_cores(), Some(0.25));
        assert_eq!(judge(&around(busy(10.0), busy(12.5)), LIMITS), Ok(()));
        let words = judge(&around(busy(10.0), busy(13.6)), LIMITS).unwrap_err();
        insta::assert_snapshot!(words, @"other processes used 0.80 cores, and 0.5 are tolerated; end them, or raise others_cores");
    }

    #[test]
    fn a_throttled_window_cannot_be_used() {
        let events = |events| Conditions { throttle_events: Some(events), ..Conditions::default() };
        assert_eq!(judge(&around(events(3), events(3)), LIMITS), Ok(()), "that was before");
        insta::assert_snapshot!(judge(&around(events(3), events(5)), LIMITS).unwrap_err(), @"the CPU was throttled 2 times; fix its cooling");
    }

    #[test]
    fn firmware_flags_count_when_they_are_up_or_were_up_within_the_window() {
        assert_eq!(judge(&around(firmware(0x50000), firmware(0x50000)), LIMITS), Ok(()), "since the start, not now");
        let now = judge(&around(firmware(0x4), firmware(0x40000)), LIMITS).unwrap_err();
        insta::assert_snapshot!(now, @"the firmware reports throttled; fix power supply and cooling");
        let between = judge(&around(firmware(0), firmware(0x10000)), LIMITS).unwrap_err();
        insta::assert_snapshot!(between, @"the firmware reports under-voltage; fix power supply and cooling");
    }

    #[test]
    fn a_summary_has_ranges_and_says_what_was_not_told() {
        let warm = |celsius| Conditions { temperature_c: Some(celsius), busy_s: Some(0.0), ..Conditions::default() };
        let summary = summary(&[around(warm(48.0), warm(52.4)), around(warm(51.0), warm(60.6))]);
        let words: Vec<(&str, &str)> = summary.iter().map(|(name, words)| (name.as_str(), words.as_str())).collect();
        assert_eq!(
            words,
            [
                ("frequency_mhz", "unknown"),
                ("governor", "unknown"),
                ("others_cores", "0.00 to 0.00"),
                ("temperature_c", "48 to 61"),
                ("throttled", "unknown")
            ]
        );
    }
}
