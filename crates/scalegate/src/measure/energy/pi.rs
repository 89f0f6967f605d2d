//! The power management chip of a Raspberry Pi 5, through `vcgencmd pmic_read_adc`. Not yet run on hardware.

use std::collections::BTreeMap;

use super::readings::Collected;
use super::{EnergySource, Readings};
use crate::measure::vcgencmd::Vcgencmd;

const QUESTION: &str = "pmic_read_adc";

/// Voltages of which the chip measures no current: what comes in, and the clock's battery.
const WITHOUT_CURRENT: [&str; 2] = ["EXT5V", "BATT"];

/// Watts by rail, from lines as `VDD_CORE_A current(7)=2.20000000A` and `VDD_CORE_V volt(15)=0.87000000V`.
///
/// # Errors
/// A line that is none of these, or a rail of which half is missing: a sum without it would be too small.
pub fn parse(answer: &str) -> Result<BTreeMap<String, f64>, String> {
    let (mut volts, mut amperes) = (BTreeMap::new(), BTreeMap::new());
    for line in answer.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let malformed = || format!("{QUESTION}: `{line}` is no reading");
        let (name, value) = line.split_once(char::is_whitespace).ok_or_else(malformed)?;
        let (_, value) = value.split_once('=').ok_or_else(malformed)?;
        let (rail, unit) = name.rsplit_once('_').ok_or_else(malformed)?;
        let number: f64 = value.strip_suffix(unit).ok_or_else(malformed)?.parse().map_err(|_| malformed())?;
        let map = match unit {
            "A" => &mut amperes,
            "V" => &mut volts,
            _ => return Err(malformed()),
        };
        if !number.is_finite() || map.insert(rail.to_owned(), number).is_some() {
            return Err(malformed());
        }
    }
    if let Some(rail) =
        volts.keys().find(|rail| !amperes.contains_key(*rail) && !WITHOUT_CURRENT.contains(&rail.as_str()))
    {
        return Err(format!("{QUESTION}: rail {rail} has a voltage and no current"));
    }
    let watts: BTreeMap<String, f64> = amperes
        .into_iter()
        .map(|(rail, current)| match volts.get(&rail) {
            Some(voltage) => Ok((rail, voltage * current)),
            None => Err(format!("{QUESTION}: rail {rail} has a current and no voltage")),
        })
        .collect::<Result<_, _>>()?;
    if watts.is_empty() { Err(format!("{QUESTION}: no rails")) } else { Ok(watts) }
}

/// Power readings of the whole board, without what leaves through USB and the losses of the chip itself.
#[derive(Debug)]
pub struct Pi {
    firmware: Vcgencmd,
    rails: Vec<String>,
    readings: Collected,
}

impl Pi {
    /// The chip, if it answers.
    ///
    /// # Errors
    /// Why it does not.
    pub fn find(firmware: Vcgencmd) -> Result<Self, String> {
        let rails = parse(&firmware.ask(QUESTION)?)?.into_keys().collect();
        Ok(Self { firmware, rails, readings: Collected::new() })
    }

    /// Watts of all rails.
    fn watts(&self) -> Result<f64, String> {
        let watts = parse(&self.firmware.ask(QUESTION)?)?;
        match self.rails.iter().find(|rail| !watts.contains_key(*rail)) {
            Some(rail) => Err(format!("{QUESTION}: rail {rail} was there at first and is missing now")),
            None => Ok(watts.values().sum()),
        }
    }
}

impl EnergySource for Pi {
    fn describe(&self) -> String {
        format!("power of {} rails of the board ({QUESTION})", self.rails.len())
    }

    fn sample(&mut self, _: u32, unix_s: f64) {
        let reading = self.watts();
        self.readings.push(unix_s, reading);
    }

    fn readings(&self) -> Result<Readings, String> {
        self.readings.all().map(Readings::Power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form that the firmware gives; the numbers are made up.
    const ANSWER: &str = "   3V7_WL_SW_A current(0)=0.09000000A\n   3V3_SYS_A current(1)=0.10000000A\n  \
         VDD_CORE_A current(7)=2.00000000A\n   3V7_WL_SW_V volt(8)=3.70000000V\n   3V3_SYS_V volt(9)=3.30000000V\n  \
         VDD_CORE_V volt(15)=0.90000000V\n   EXT5V_V volt(24)=5.10000000V\n   BATT_V volt(25)=0.00600000V\n";

    #[test]
    fn volts_and_amperes_are_multiplied_rail_by_rail() {
        let watts = parse(ANSWER).unwrap();
        assert_eq!(watts.keys().collect::<Vec<_>>(), ["3V3_SYS", "3V7_WL_SW", "VDD_CORE"]);
        assert!((watts.values().sum::<f64>() - (0.333 + 0.33 + 1.8)).abs() < 1e-9, "{watts:?}");
    }

    #[test]
    fn a_rail_of_which_half_is_missing_is_no_sum() {
        let without =
            |line: &str| -> String { ANSWER.lines().filter(|l| !l.contains(line)).map(|l| format!("{l}\n")).collect() };
        insta::assert_snapshot!(parse(&without("VDD_CORE_V")).unwrap_err(), @"pmic_read_adc: rail VDD_CORE has a current and no voltage");
        insta::assert_snapshot!(parse(&without("VDD_CORE_A")).unwrap_err(), @"pmic_read_adc: rail VDD_CORE has a voltage and no current");
    }

    #[test]
    fn what_is_no_reading_is_refused() {
        for text in ["", "error=1 error_msg=\"Command not registered\"\n", "VDD_CORE_A current(7)=lotsA\n"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_rail_that_goes_missing_on_the_way_leaves_no_figure() {
        let place = tempfile::tempdir().unwrap();
        let (tool, answer) = (place.path().join("vcgencmd"), place.path().join(QUESTION));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vcgencmd/vcgencmd");
        std::os::unix::fs::symlink(script, &tool).unwrap();
        std::fs::write(&answer, ANSWER).unwrap();
        let mut pi = Pi::find(Vcgencmd::new(&tool)).unwrap();
        pi.sample(0, 1.0);
        assert!(pi.readings().is_ok());
        let rest: Vec<&str> = ANSWER.lines().filter(|line| !line.contains("VDD_CORE")).collect();
        std::fs::write(&answer, rest.join("\n")).unwrap();
        pi.sample(0, 2.0);
        insta::assert_snapshot!(pi.readings().unwrap_err(), @"pmic_read_adc: rail VDD_CORE was there at first and is missing now");
    }
}
