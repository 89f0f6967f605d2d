//! What a host tells of itself at one moment.

use std::path::{Path, PathBuf};

use super::parse;
use crate::measure::vcgencmd::Vcgencmd;

/// What was reported; `None` is what this host does not report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions {
    /// Frequencies of the processors, in MHz.
    pub frequencies_mhz: Vec<f64>,
    /// Largest temperature of all zones, in °C.
    pub temperature_c: Option<f64>,
    /// How often the processors were throttled since the start.
    pub throttle_events: Option<u64>,
    /// The flags of the Raspberry Pi's firmware.
    pub firmware_flags: Option<u32>,
    /// Seconds that the processors were not idle, since the start.
    pub busy_s: Option<f64>,
    /// The governors of the processors' frequencies.
    pub governors: Vec<String>,
}

/// Where conditions are read.
#[derive(Debug, Clone)]
pub struct Sensors {
    root: PathBuf,
    firmware: Option<Vcgencmd>,
}

impl Sensors {
    /// Those of this host.
    pub fn here() -> Self {
        Self::new("/", Vcgencmd::default())
    }

    /// Those below another root directory. Firmware that does not answer now is not asked again.
    pub fn new(root: impl Into<PathBuf>, firmware: Vcgencmd) -> Self {
        let answers = firmware.ask("get_throttled").is_ok();
        Self { root: root.into(), firmware: answers.then_some(firmware) }
    }

    /// The conditions of this moment.
    pub fn read(&self) -> Conditions {
        let processors = self.numbered("sys/devices/system/cpu", "cpu");
        let number = |path: PathBuf| text(&path)?.parse::<f64>().ok();
        let of_all = |file: &str| -> Vec<PathBuf> { processors.iter().map(|path| path.join(file)).collect() };
        let events: Vec<f64> = ["core_throttle_count", "package_throttle_count"]
            .iter()
            .flat_map(|name| of_all(&format!("thermal_throttle/{name}")))
            .filter_map(number)
            .collect();
        let mut governors: Vec<String> =
            of_all("cpufreq/scaling_governor").iter().filter_map(|path| text(path)).collect();
        governors.sort();
        governors.dedup();
        Conditions {
            frequencies_mhz: of_all("cpufreq/scaling_cur_freq")
                .into_iter()
                .filter_map(number)
                .map(|kilohertz| kilohertz / 1e3)
                .collect(),
            temperature_c: self
                .numbered("sys/class/thermal", "thermal_zone")
                .into_iter()
                .filter_map(|zone| number(zone.join("temp")))
                .map(|thousandths| thousandths / 1e3)
                .reduce(f64::max),
            throttle_events: (!events.is_empty()).then(|| events.iter().sum::<f64>() as u64),
            firmware_flags: self
                .firmware
                .as_ref()
                .and_then(|firmware| parse::throttled(&firmware.ask("get_throttled").ok()?)),
            busy_s: text(&self.root.join("proc/stat")).and_then(|stat| parse::busy_s(&stat)),
            governors,
        }
    }

    /// Directories of a name followed by a number.
    fn numbered(&self, parent: &str, name: &str) -> Vec<PathBuf> {
        let is_numbered = |path: &PathBuf| {
            let rest = path.file_name().and_then(|file| file.to_str()).and_then(|file| file.strip_prefix(name));
            rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let entries = std::fs::read_dir(self.root.join(parent)).into_iter().flatten();
        let mut found: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_numbered).collect();
        found.sort();
        found
    }
}

/// A file's text without the line's end; `None` is a host that does not tell.
fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_host_that_tells_everything_is_read() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        for (cpu, megahertz) in [(0, 2400), (1, 1500)] {
            let folder = format!("sys/devices/system/cpu/cpu{cpu}");
            write(root, &format!("{folder}/cpufreq/scaling_cur_freq"), &format!("{megahertz}000\n"));
            write(root, &format!("{folder}/cpufreq/scaling_governor"), "ondemand\n");
            write(root, &format!("{folder}/thermal_throttle/core_throttle_count"), "3\n");
        }
        write(root, "sys/devices/system/cpu/cpufreq/boost", "1\n");
        write(root, "sys/class/thermal/thermal_zone0/temp", "48312\n");
        write(root, "sys/class/thermal/thermal_zone1/temp", "51900\n");
        write(root, "proc/stat", "cpu  100 0 50 900 0 0 0 0 0 0\n");
        let conditions = Sensors::new(root, Vcgencmd::new(root.join("no such tool"))).read();
        assert_eq!(
            conditions,
            Conditions {
                frequencies_mhz: vec![2400.0, 1500.0],
                temperature_c: Some(51.9),
                throttle_events: Some(6),
                firmware_flags: None,
                busy_s: Some(1.5),
                governors: vec!["ondemand".to_owned()],
            }
        );
    }

    #[test]
    fn a_host_that_tells_nothing_is_not_an_idle_one() {
        let place = tempfile::tempdir().unwrap();
        let conditions = Sensors::new(place.path(), Vcgencmd::new(place.path().join("none"))).read();
        assert_eq!(conditions, Conditions::default());
        assert_eq!(conditions.busy_s, None);
    }

    #[cfg(unix)]
    #[test]
    fn the_firmware_of_a_raspberry_pi_is_asked() {
        let place = tempfile::tempdir().unwrap();
        let tool = place.path().join("vcgencmd");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vcgencmd/vcgencmd");
        std::os::unix::fs::symlink(script, &tool).unwrap();
        std::fs::write(place.path().join("get_throttled"), "throttled=0x50004\n").unwrap();
        assert_eq!(Sensors::new(place.path(), Vcgencmd::new(&tool)).read().firmware_flags, Some(0x50004));
    }
}
