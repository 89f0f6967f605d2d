//! Which meter a host has.

use std::path::Path;

use super::{Apple, Log, Pi, Rapl, Readings};
use crate::config::EnergyLog;
use crate::measure::vcgencmd::Vcgencmd;

/// A meter.
pub trait EnergySource {
    /// What it is and what it covers, for the protocol of a series: figures of other meters are not comparable.
    fn describe(&self) -> String;

    /// Takes a reading, of the machine or of the process `pid`, at a time in seconds since 1970. A reading that fails
    /// shows in [`EnergySource::readings`].
    fn sample(&mut self, pid: u32, unix_s: f64);

    /// Waits for the readings up to a time in seconds since 1970, where they come later than what they are of.
    fn settle(&self, until_s: f64) {
        let _ = until_s;
    }

    /// All readings, when everything has been measured.
    ///
    /// # Errors
    /// Why there are none that can be trusted.
    fn readings(&self) -> Result<Readings, String>;
}

/// The most trusted meter of this host, or the log that the user names.
///
/// # Errors
/// Why there is none: one reason for each kind.
pub fn choose(log: Option<&EnergyLog>) -> Result<Box<dyn EnergySource>, String> {
    choose_from(Path::new("/"), &Vcgencmd::default(), log)
}

/// The same with another root directory and another tool.
///
/// # Errors
/// As [`choose`].
pub fn choose_from(root: &Path, firmware: &Vcgencmd, log: Option<&EnergyLog>) -> Result<Box<dyn EnergySource>, String> {
    if let Some(log) = log {
        return Ok(Box::new(Log::new(log.clone())));
    }
    let rapl = match Rapl::find(root) {
        Ok(rapl) => return Ok(Box::new(rapl)),
        Err(reason) => reason,
    };
    let apple = match Apple::find() {
        Ok(apple) => return Ok(Box::new(apple)),
        Err(reason) => reason,
    };
    match Pi::find(firmware.clone()) {
        Ok(pi) => Ok(Box::new(pi)),
        Err(pi) => Err(format!(
            "no meter: {rapl}; {apple}; {pi}; no log of an external meter is named under [resources.energy_log]"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_host_without_a_meter_has_a_reason_for_each_kind() {
        let place = tempfile::tempdir().unwrap();
        let none = Vcgencmd::new(place.path().join("vcgencmd"));
        let reason = choose_from(place.path(), &none, None).map(|source| source.describe()).unwrap_err();
        insta::assert_snapshot!(reason.replace(place.path().to_str().unwrap(), ""), @"no meter: /sys/class/powercap: No such file or directory (os error 2), so that there is no RAPL; this is no Mac with a counter per process; /vcgencmd pmic_read_adc: this is no Raspberry Pi, or its tool is not on PATH; no log of an external meter is named under [resources.energy_log]");
    }

    #[test]
    fn a_log_that_is_named_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let log = EnergyLog { path: "meter.csv".into(), offset_s: 0.0, align: false };
        let source = choose_from(place.path(), &Vcgencmd::new("none"), Some(&log)).unwrap();
        insta::assert_snapshot!(source.describe(), @"external meter (meter.csv)");
    }
}
